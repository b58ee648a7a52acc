package dev.postern.launcher;

import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The target of a log: a file, to which lines are appended, or an output of the process. Each write
 * is one piece, so lines never mix. Thread-safe.
 */
final class LogFile implements AutoCloseable {
  private final @Nullable Path path;
  private OutputStream out;
  private boolean failed;

  private LogFile(@Nullable Path path, OutputStream out) {
    this.path = path;
    this.out = out;
  }

  /**
   * Opens a log.
   *
   * @param option the option that names the log, for the message
   * @param text a file's name; {@code -} is standard output
   * @throws LauncherException when nothing can be written there
   */
  static LogFile open(String option, String text) {
    if (text.equals("-")) {
      return new LogFile(null, new FileOutputStream(FileDescriptor.out));
    }
    try {
      Path path = Path.of(text);
      return new LogFile(path, append(path));
    } catch (IOException | InvalidPathException e) {
      throw unwritable(option, text);
    }
  }

  private static LauncherException unwritable(String option, String text) {
    return LauncherException.badArgument(
        "FILE of " + option + " must be a file that can be written: \"" + text + "\"");
  }

  /**
   * Checks whether a log could be opened. Makes no file.
   *
   * @param text null for none
   * @throws LauncherException when the log could not be opened
   */
  static void check(String option, @Nullable String text) {
    if (text == null || text.equals("-")) {
      return;
    }
    Path path = Values.path(option, text).toAbsolutePath();
    Path place = Files.exists(path) ? path : path.getParent();
    if (place == null || Files.isDirectory(path) || !Files.isWritable(place)) {
      throw unwritable(option, text);
    }
  }

  static LogFile standardError() {
    return new LogFile(null, new FileOutputStream(FileDescriptor.err));
  }

  private static OutputStream append(Path path) throws IOException {
    return Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /**
   * Writes lines in UTF-8, whatever the locale is. A failure, such as a full disk, does not end a
   * request.
   */
  synchronized void write(String lines) {
    try {
      out.write(lines.getBytes(StandardCharsets.UTF_8));
      out.flush();
      failed = false;
    } catch (IOException e) {
      if (!failed && path != null) {
        System.err.println("postern: log cannot be written: " + path);
      }
      failed = true;
    }
  }

  /** Opens the file again after somebody moved it away. The next line begins a new file. */
  synchronized void reopen() {
    if (path == null) {
      return;
    }
    try {
      OutputStream next = append(path);
      out.close();
      out = next;
    } catch (IOException e) {
      System.err.println("postern: log cannot be opened again: " + path);
    }
  }

  @Override
  public synchronized void close() {
    if (path != null) {
      try {
        out.close();
      } catch (IOException e) {
        // Each line was flushed when it was written, so nothing is lost.
      }
    }
  }
}

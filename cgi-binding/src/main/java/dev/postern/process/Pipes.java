package dev.postern.process;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Our ends of the pipes of a program that is not our own child. They are opened by {@code
 * /proc/PID/fd}. Thread-safe.
 */
final class Pipes implements Closeable {
  private final FileChannel output;
  private final FileChannel errors;
  private final @Nullable FileChannel input;

  private Pipes(FileChannel output, FileChannel errors, @Nullable FileChannel input) {
    this.output = output;
    this.errors = errors;
    this.input = input;
  }

  /** An open file of a process. Opening an anonymous pipe by this path never blocks. */
  static Path file(long pid, int descriptor) {
    return Path.of("/proc", Long.toString(pid), "fd", Integer.toString(descriptor));
  }

  /**
   * Opens the pipes.
   *
   * @param input null for a program without a body
   * @throws IOException when the process that holds them is gone, or the system does not let us
   *     open its files
   */
  static Pipes open(Path output, Path errors, @Nullable Path input) throws IOException {
    FileChannel out = FileChannel.open(output, StandardOpenOption.READ);
    FileChannel err = null;
    try {
      err = FileChannel.open(errors, StandardOpenOption.READ);
      FileChannel in = input == null ? null : FileChannel.open(input, StandardOpenOption.WRITE);
      return new Pipes(out, err, in);
    } catch (Throwable e) {
      closeQuietly(out);
      closeQuietly(err);
      throw e;
    }
  }

  OutputStream input() {
    return input == null ? OutputStream.nullOutputStream() : Channels.newOutputStream(input);
  }

  InputStream output() {
    return Channels.newInputStream(output);
  }

  InputStream errors() {
    return Channels.newInputStream(errors);
  }

  /**
   * Closes the output. This wakes the thread that reads it, and a program that writes on gets
   * EPIPE.
   */
  void stopReading() {
    closeQuietly(output);
  }

  @Override
  public void close() {
    closeQuietly(input);
    closeQuietly(output);
    closeQuietly(errors);
  }

  private static void closeQuietly(@Nullable Closeable file) {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      // Nothing is left to close then.
    }
  }
}

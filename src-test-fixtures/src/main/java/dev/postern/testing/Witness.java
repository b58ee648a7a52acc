package dev.postern.testing;

import dev.postern.Environ;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an application under the contract saw, line by line in a file that the request names: the
 * application may be in another process, under a web server, so that there is no other way to ask
 * it. Thread-safe.
 */
final class Witness {
  static final String HEADER = "Postern-Witness";

  private static final String PREFIX = "postern-witness-";
  private static final Duration MOST = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 2;

  private final Path file;

  private Witness(Path file) {
    this.file = file;
  }

  // ---- the application's side ----

  /** The witness that the request names, or null. Only files of this class are written to. */
  static @Nullable Witness of(Environ environ) {
    String name = environ.header(HEADER);
    if (name == null) {
      return null;
    }
    Path file = Path.of(name);
    boolean ours = file.getFileName().toString().startsWith(PREFIX) && Files.isRegularFile(file);
    return ours ? new Witness(file) : null;
  }

  /** Adds a line. */
  void note(String text) {
    String line = text.replace("\r", "\\r").replace("\n", "\\n") + "\n";
    try {
      Files.writeString(file, line, StandardCharsets.UTF_8, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until the test says so, by {@link #go}. */
  void awaitGo() {
    await(() -> Files.exists(goFile()), MOST, "the test to let the application go on");
  }

  // ---- the test's side ----

  /** A new witness in the directory, which any user may write to. */
  static Witness in(Path directory) throws IOException {
    Path file = Files.createTempFile(directory, PREFIX, ".txt");
    setMode(file, "rw-rw-rw-");
    return new Witness(file);
  }

  /** Lets everybody read, or what else the mode says, where there are modes. */
  static void setMode(Path path, String mode) throws IOException {
    if (Files.getFileStore(path).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }
  }

  /** What goes into the request. */
  String name() {
    return file.toString();
  }

  /** Lets an application that waits in {@link #awaitGo} go on. */
  void go() throws IOException {
    Path go = Files.createFile(goFile());
    setMode(go, "rw-r--r--");
  }

  List<String> notes() {
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The lines once there is one that starts like this. */
  List<String> awaitNote(String start, Duration patience) {
    await(
        () -> notes().stream().anyMatch(line -> line.startsWith(start)),
        patience,
        "the application's note \"" + start + "\", after " + notes());
    return notes();
  }

  private Path goFile() {
    return file.resolveSibling(file.getFileName() + ".go");
  }

  private interface Condition {
    boolean holds();
  }

  /** Another process can only be asked again and again. */
  private static void await(Condition condition, Duration patience, String what) {
    long end = System.nanoTime() + patience.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("waited in vain for " + what);
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while waiting for " + what, e);
      }
    }
  }
}

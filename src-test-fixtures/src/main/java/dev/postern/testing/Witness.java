package dev.postern.testing;

import static java.util.Objects.requireNonNull;

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
 * What an application under the contract saw, line by line in a file that the request names. The
 * application may be in another process under a web server, and the test has no other way to ask
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

  /**
   * Returns the witness that the request names, or null. Only files of this class are written to.
   */
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

  /** Returns the directory of the contract's run on one gateway. */
  Path directory() {
    return requireNonNull(file.getParent(), "directory");
  }

  /** Waits until the test calls {@link #go}. */
  void awaitGo() {
    await(() -> Files.exists(goFile()), MOST, "the test to let the application go on");
  }

  // ---- the test's side ----

  /** Returns a new witness in the directory, which any user may write to. */
  static Witness in(Path directory) throws IOException {
    Path file = Files.createTempFile(directory, PREFIX, ".txt");
    setMode(file, "rw-rw-rw-");
    return new Witness(file);
  }

  /** Sets the mode of a file, on a file system that has modes. */
  static void setMode(Path path, String mode) throws IOException {
    if (Files.getFileStore(path).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }
  }

  /** Returns the text for the request. */
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

  /** Waits for a line that starts like this, and returns all lines. */
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

  interface Condition {
    boolean holds();
  }

  /** Waits for a condition. Another process cannot signal it, so this checks again and again. */
  static void await(Condition condition, Duration patience, String what) {
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

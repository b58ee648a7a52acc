package dev.postern.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Keeps {@link ProcessBuilder} from running out of descriptors half-way. When the last of its pipes
 * cannot be made, the JDK leaves two descriptors open for ever and closes number 0, whatever that
 * is by then: a stranger's connection, after the first time (seen on 17 and 25). So a start that
 * could come to that is refused before. Thread-safe.
 */
final class Headroom {
  /** Three pipes for the program's streams, one for its start and one for what failed in it. */
  private static final int NEEDED = 10;

  /** So many free ones last for a while, whoever else takes some. */
  private static final int PLENTY = 1024;

  private static final long WHILE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final File OPEN = new File("/proc/self/fd");
  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final String LIMIT = "Max open files";
  private static final long MAX = limit();

  private static int starting;
  private static long seenFree;
  private static long seen;

  private Headroom() {}

  /** What needs the descriptors. */
  interface Start {
    Process run() throws IOException;
  }

  /**
   * Runs a start.
   *
   * @throws IOException when there may be too few descriptors for it
   */
  static Process start(Start start) throws IOException {
    enter();
    try {
      return start.run();
    } finally {
      leave();
    }
  }

  private static synchronized void enter() throws IOException {
    long now = System.nanoTime();
    if (seenFree < PLENTY || now - seen > WHILE_NANOS) {
      seenFree = free();
      seen = now;
    }
    // Starts that have begun may have taken some of theirs already: that errs on the safe side.
    if (seenFree < NEEDED * (starting + 1L)) {
      throw new IOException("program must have descriptors for its pipes: only " + seenFree);
    }
    starting++;
  }

  private static synchronized void leave() {
    starting--;
  }

  private static long free() {
    if (MAX == Long.MAX_VALUE) {
      return MAX;
    }
    String[] open = OPEN.list();
    return open == null ? 0 : MAX - open.length;
  }

  /** {@code Max open files SOFT HARD files}; no limit where the system does not tell. */
  private static long limit() {
    try {
      for (String line : Files.readAllLines(LIMITS)) {
        if (line.startsWith(LIMIT)) {
          return Long.parseLong(line.substring(LIMIT.length()).trim().split(" ", 2)[0]);
        }
      }
    } catch (IOException | NumberFormatException e) {
      // Not Linux, or unlimited.
    }
    return Long.MAX_VALUE;
  }
}

package dev.postern.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Starts processes by {@link ProcessBuilder}, and keeps it from running out of descriptors
 * half-way. If the JDK cannot make the last of its pipes, it leaves two descriptors open for ever
 * and closes descriptor 0 (seen on 17 and 25). The second time, descriptor 0 is some other file or
 * connection of this JVM. So this class refuses a start for which there may be too few descriptors.
 * Thread-safe.
 */
public final class Headroom {
  /** Three pipes for the program's streams, one for its start and one for what failed in it. */
  private static final int NEEDED = 10;

  /** With so many free descriptors the next check can wait, even if other threads take some. */
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

  /** Thrown when a worker was not reached for want of descriptors. It waits on. */
  public static final class Exhausted extends IOException {
    private static final long serialVersionUID = 1L;

    Exhausted(IOException cause) {
      super("worker must be reached by descriptors, of which there are too few", cause);
    }
  }

  /** What needs the descriptors. */
  interface Start<T> {
    T run() throws IOException;
  }

  /**
   * Starts a process where there are descriptors for it, and without the context class loader: see
   * {@link #unowned}.
   *
   * @throws IOException also when there may be too few descriptors for it
   */
  public static Process start(ProcessBuilder builder) throws IOException {
    return start(() -> unowned(builder));
  }

  /** The same for one process, or for several that form a pipeline. */
  public static List<Process> start(List<ProcessBuilder> builders) throws IOException {
    return start(
        builders.size(),
        () ->
            unowned(
                () ->
                    builders.size() == 1
                        ? List.of(builders.get(0).start())
                        : ProcessBuilder.startPipeline(builders)));
  }

  /**
   * Starts a process without the context class loader. The JDK keeps a thread ("process reaper")
   * that has waited for one process, and uses it for the next ones. This thread has the context
   * class loader of the thread that started the first process, and would keep an undeployed web
   * application in memory.
   */
  static Process unowned(ProcessBuilder builder) throws IOException {
    return unowned((Start<Process>) builder::start);
  }

  private static <T> T unowned(Start<T> start) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader context = thread.getContextClassLoader();
    thread.setContextClassLoader(null);
    try {
      return start.run();
    } finally {
      thread.setContextClassLoader(context);
    }
  }

  /**
   * Runs a start.
   *
   * @throws IOException when there may be too few descriptors for it
   */
  static Process start(Start<Process> start) throws IOException {
    return start(1, start);
  }

  private static <T> T start(int processes, Start<T> start) throws IOException {
    enter(processes);
    try {
      return start.run();
    } finally {
      leave(processes);
    }
  }

  private static synchronized void enter(int processes) throws IOException {
    long now = System.nanoTime();
    if (seenFree < PLENTY || now - seen > WHILE_NANOS) {
      seenFree = free();
      seen = now;
    }
    // A start that is under way may have its descriptors already, and is counted all the same.
    if (seenFree < NEEDED * ((long) starting + processes)) {
      throw new IOException("program must have descriptors for its pipes: only " + seenFree);
    }
    starting += processes;
  }

  /** Whether there may be too few descriptors for one process now. */
  static boolean isExhausted() {
    return free() < NEEDED;
  }

  private static synchronized void leave(int processes) {
    starting -= processes;
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

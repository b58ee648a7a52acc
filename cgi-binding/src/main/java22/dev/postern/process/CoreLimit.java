package dev.postern.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Keeps a program that crashes from leaving a core file in its directory, where the next request
 * could find it. {@code posix_spawn} sets no limits, so we set the program's limit from outside,
 * just after its start. What the program starts itself has the limit too. The hard limit stays, so
 * a program may ask for core files.
 */
final class CoreLimit {
  private static final int RLIMIT_CORE = 4;

  private static final MethodHandle PRLIMIT =
      Libc.link("prlimit", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);

  /**
   * {@code struct rlimit { soft, hard }}: the soft limit is 0, the hard one is this JVM's. Only
   * read.
   */
  private static final MemorySegment NONE = none();

  private CoreLimit() {}

  private static MemorySegment none() {
    MemorySegment limit = Arena.global().allocate(2 * JAVA_LONG.byteSize(), 8);
    try {
      int errno = (int) PRLIMIT.invokeExact(0, RLIMIT_CORE, MemorySegment.NULL, limit);
      if (errno != 0) {
        limit.setAtIndex(JAVA_LONG, 1, 0);
      }
    } catch (Throwable e) {
      throw new IllegalStateException("limit of core files must be readable", e);
    }
    limit.setAtIndex(JAVA_LONG, 0, 0);
    return limit;
  }

  /**
   * Sets the limit of a program. A program that has ended, or has other rights than we, keeps its
   * own.
   */
  static void set(int process) {
    try {
      int ignored = (int) PRLIMIT.invokeExact(process, RLIMIT_CORE, NONE, MemorySegment.NULL);
    } catch (Throwable e) {
      throw Libc.unexpected(e);
    }
  }
}

package dev.postern.process;

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

  private static final MethodHandle PRLIMIT = Libc.link("prlimit");

  /**
   * {@code struct rlimit { soft, hard }}: the soft limit is 0, the hard one is this JVM's. Only
   * read.
   */
  private static final MemorySegment NONE = none();

  private CoreLimit() {}

  private static MemorySegment none() {
    MemorySegment limit = Arena.global().allocate(2 * JAVA_LONG.byteSize(), 8);
    if (Libc.call(PRLIMIT, 0, RLIMIT_CORE, 0, limit.address()) != 0) {
      limit.setAtIndex(JAVA_LONG, 1, 0);
    }
    limit.setAtIndex(JAVA_LONG, 0, 0);
    return limit;
  }

  /**
   * Sets the limit of a program. A program that has ended, or has other rights than we, keeps its
   * own.
   */
  static void set(int process) {
    Libc.call(PRLIMIT, process, RLIMIT_CORE, NONE.address(), 0);
  }
}

package dev.postern.hosting;

import dev.postern.process.Pumps;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Checks whether clients are slow to take what programs have written, four times a second while
 * there are clients. Uses one thread for a class loader, and none when no request is being
 * answered.
 */
final class SlowClients {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  private static final Set<ReadAhead> RUNS = ConcurrentHashMap.newKeySet();
  private static final AtomicBoolean LOOKING = new AtomicBoolean();

  private SlowClients() {}

  /** Checks a run from now on. */
  static void add(ReadAhead run) {
    RUNS.add(run);
    begin();
  }

  /** The response of that run is over. */
  static void remove(ReadAhead run) {
    RUNS.remove(run);
  }

  private static void begin() {
    if (LOOKING.get() || !LOOKING.compareAndSet(false, true)) {
      return;
    }
    try {
      Pumps.run(SlowClients::look);
    } catch (RuntimeException | Error e) {
      // For example, there is no thread. Programs then wait for their clients, and the next request
      // tries again.
      LOOKING.set(false);
    }
  }

  private static void look() {
    try {
      while (!RUNS.isEmpty()) {
        LockSupport.parkNanos(LOOK_NANOS);
        long now = System.nanoTime();
        for (ReadAhead run : RUNS) {
          look(run, now);
        }
      }
    } finally {
      LOOKING.set(false);
    }
    if (!RUNS.isEmpty()) {
      // A run was added in between.
      begin();
    }
  }

  private static void look(ReadAhead run, long now) {
    try {
      run.look(now);
    } catch (Throwable e) {
      // For example, there is no memory for another block. This program then waits for its client
      // until a later look, and the other runs are looked at all the same.
    }
  }
}

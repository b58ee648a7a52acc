package dev.postern.process;

import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The threads that read from and write to programs. Platform threads, as a blocked pipe read pins a
 * virtual one; daemons, kept for a few seconds for the next request. The permits of the callers
 * bound how many there are.
 */
public final class Pumps {
  private static final long KEEP_SECONDS = 5;
  private static final long END_MILLIS = 1_000;
  private static final long STACK_BYTES = 256 * 1024;

  private static final ThreadPoolExecutor THREADS =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          KEEP_SECONDS,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          new Factory());

  private Pumps() {}

  /**
   * Runs that on a thread of its own.
   *
   * @throws OutOfMemoryError when the system has no thread for it
   */
  public static void run(Runnable pump) {
    THREADS.execute(pump);
  }

  /**
   * Ends the threads that have nothing to do, and waits a moment for those that are about to: a web
   * application that is undeployed must leave none. The next request makes new ones.
   */
  public static synchronized void endIdle() {
    Spawner.endIdle();
    StartServer.endIdle();
    THREADS.setKeepAliveTime(1, TimeUnit.NANOSECONDS);
    try {
      long start = System.nanoTime();
      while (THREADS.getPoolSize() > 0
          && System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(END_MILLIS)) {
        Thread.sleep(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      THREADS.setKeepAliveTime(KEEP_SECONDS, TimeUnit.SECONDS);
    }
  }

  private static final class Factory implements ThreadFactory {
    private final AtomicLong count = new AtomicLong();

    @Override
    public Thread newThread(Runnable pump) {
      Thread thread =
          new Thread(null, pump, "postern-pump-" + count.incrementAndGet(), STACK_BYTES, false);
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      return thread;
    }
  }
}

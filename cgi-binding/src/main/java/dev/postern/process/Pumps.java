package dev.postern.process;

import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The threads that read from and write to programs. They are platform threads, because a virtual
 * thread that blocks in a pipe read pins its carrier. They are daemons, and an idle one stays for a
 * few seconds for the next request. This class does not limit their number; the permits of the
 * callers do.
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
   * Runs {@code pump} on a thread of its own.
   *
   * @throws OutOfMemoryError when the system has no thread for it
   */
  public static void run(Runnable pump) {
    THREADS.execute(pump);
  }

  /**
   * Ends the idle threads, and waits a moment for those that are about to be idle. An undeployed
   * web application must leave no thread behind. The next request makes new ones.
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
    private final ThreadGroup root = root();

    /** A Java program inside the server would take a thread in its own group for one of its own. */
    private static ThreadGroup root() {
      ThreadGroup group = Thread.currentThread().getThreadGroup();
      while (group.getParent() != null) {
        group = group.getParent();
      }
      return group;
    }

    @Override
    public Thread newThread(Runnable pump) {
      Thread thread =
          new Thread(root, pump, "postern-pump-" + count.incrementAndGet(), STACK_BYTES, false);
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      return thread;
    }
  }
}

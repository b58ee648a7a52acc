package dev.postern.process;

import java.util.concurrent.ExecutorService;
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
final class Pumps {
  private static final long KEEP_SECONDS = 5;
  private static final long STACK_BYTES = 256 * 1024;

  private static final ExecutorService THREADS =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          KEEP_SECONDS,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          new Factory());

  private Pumps() {}

  static void run(Runnable pump) {
    THREADS.execute(pump);
  }

  private static final class Factory implements ThreadFactory {
    private final AtomicLong count = new AtomicLong();

    @Override
    public Thread newThread(Runnable pump) {
      Thread thread =
          new Thread(null, pump, "postern-pump-" + count.incrementAndGet(), STACK_BYTES);
      thread.setDaemon(true);
      return thread;
    }
  }
}

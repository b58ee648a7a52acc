package dev.postern.process;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A thread that never ends, to start programs that are to end with their parent: to the kernel, a
 * program's parent is the thread that started it.
 */
final class Spawner {
  private static final LinkedBlockingQueue<Runnable> STARTS = new LinkedBlockingQueue<>();

  private static boolean begun;

  private Spawner() {}

  /** With the first start for which the system has a thread. */
  private static synchronized void begin() {
    if (!begun) {
      Thread thread = new Thread(Spawner::run, "postern-spawner");
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      thread.start();
      begun = true;
    }
  }

  private static void run() {
    while (true) {
      try {
        STARTS.take().run();
      } catch (InterruptedException | RuntimeException | Error e) {
        // Neither an interrupt nor a want of memory may end the thread, and its programs with it.
      }
    }
  }

  /** Runs a start there; what it throws is thrown here. A start that has begun is waited for. */
  static <T> T call(Callable<T> start) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted before the program was started");
    }
    begin();
    FutureTask<T> task = new FutureTask<>(start);
    STARTS.add(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IOException("program must be started", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

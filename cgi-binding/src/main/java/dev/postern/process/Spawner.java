package dev.postern.process;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A thread that starts programs which are to end with their parent. For the kernel, the parent of a
 * program is the thread that started it. So this thread lives as long as there are programs, and
 * only {@link #endIdle} ends it.
 */
final class Spawner {
  private static final long END_MILLIS = 1_000;

  /** The last entry: it ends the thread. */
  private static final Start END = new Start(null);

  /** Code to run on the thread, or null to end the thread. */
  private record Start(@Nullable Runnable code) {}

  private static @Nullable Spawner current;

  private final LinkedBlockingQueue<Start> starts = new LinkedBlockingQueue<>();
  private final Thread thread = new Thread(this::run, "postern-spawner");

  private Spawner() {
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
  }

  /**
   * Hands a start to the thread. Starts the thread first if there is none; the next call tries
   * again if the system has no thread.
   */
  private static synchronized void add(Runnable start) {
    if (current == null) {
      Spawner begun = new Spawner();
      begun.thread.start();
      current = begun;
    }
    current.starts.add(new Start(start));
  }

  /**
   * Ends the thread if no program of this JVM runs, because the thread would keep its class loader.
   */
  static void endIdle() {
    Thread ended = endNow();
    if (ended != null) {
      try {
        ended.join(END_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static synchronized @Nullable Thread endNow() {
    if (current == null || !LiveProcesses.areNone()) {
      return null;
    }
    Thread ended = current.thread;
    current.starts.add(END);
    current = null;
    return ended;
  }

  private void run() {
    while (true) {
      try {
        Runnable code = starts.take().code();
        if (code == null) {
          return;
        }
        code.run();
      } catch (InterruptedException | RuntimeException | Error e) {
        // The programs would end with this thread, so neither an interrupt nor a lack of memory may
        // end it.
      }
    }
  }

  /**
   * Runs a start on the thread, and throws what the start throws. Waits for the start even if
   * interrupted.
   */
  static <T> T call(Callable<T> start) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted before the program was started");
    }
    FutureTask<T> task = new FutureTask<>(start);
    add(task);
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

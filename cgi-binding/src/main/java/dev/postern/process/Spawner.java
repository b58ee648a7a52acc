package dev.postern.process;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A thread to start programs that are to end with their parent: to the kernel, a program's parent
 * is the thread that started it. So it lives as long as there are programs, and ends with {@link
 * #endIdle} or never.
 */
final class Spawner {
  private static final long END_MILLIS = 1_000;

  /** Nothing follows. */
  private static final Start END = new Start(null);

  /** A wish to run that code on the thread; without any, the wish is its end. */
  private record Start(@Nullable Runnable code) {}

  private static @Nullable Spawner current;

  private final LinkedBlockingQueue<Start> starts = new LinkedBlockingQueue<>();
  private final Thread thread = new Thread(this::run, "postern-spawner");

  private Spawner() {
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
  }

  /** Begins with the first start for which the system has a thread. */
  private static synchronized void add(Runnable start) {
    if (current == null) {
      Spawner begun = new Spawner();
      begun.thread.start();
      current = begun;
    }
    current.starts.add(new Start(start));
  }

  /** Ends the thread where no program of this JVM runs: it would keep its class loader. */
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
        // Neither an interrupt nor a want of memory may end the thread, and its programs with it.
      }
    }
  }

  /** Runs a start there; what it throws is thrown here. A start that has begun is waited for. */
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

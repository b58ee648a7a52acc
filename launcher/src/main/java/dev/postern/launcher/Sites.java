package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.StartResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The site that answers now. A new site can take its place between two requests. A request that
 * began in the old site ends in it. Thread-safe.
 */
final class Sites implements Application, AutoCloseable {
  /** How long requests that the server has interrupted may take to end when it stops. */
  private static final Duration LAST_MOMENT = Duration.ofSeconds(1);

  private volatile Site current;
  private volatile boolean stopped;

  /** Sites that may not be closed yet. Guarded by this. */
  private final List<Site> open = new ArrayList<>();

  /** Closes sites, as the thread of the signals must not wait for their workers. */
  private final ExecutorService retiring;

  Sites(Site first) {
    this(first, retiring());
  }

  /** With an executor that this object shuts down. */
  Sites(Site first, ExecutorService retiring) {
    this.current = first;
    this.retiring = retiring;
    open.add(first);
  }

  /** One thread is there from the start, for the time when no more can be made. */
  private static ExecutorService retiring() {
    ThreadPoolExecutor retiring =
        new ThreadPoolExecutor(
            1,
            Integer.MAX_VALUE,
            1,
            TimeUnit.MINUTES,
            new SynchronousQueue<>(),
            task -> {
              Thread thread = new Thread(task, "postern-retire");
              thread.setDaemon(true);
              return thread;
            });
    retiring.prestartCoreThread();
    return retiring;
  }

  /** Makes a site answer from now on. After {@link #close} it closes that site instead. */
  void replace(Site next) {
    Site old = swap(next);
    try {
      retiring.execute(old::retire);
    } catch (RuntimeException | OutOfMemoryError e) {
      // There is no free thread, and none can be made. So this one has to wait.
      old.retire();
    }
  }

  /** Returns the site that is to be retired. */
  private synchronized Site swap(Site next) {
    if (stopped) {
      return next;
    }
    Site old = current;
    current = next;
    open.removeIf(Site::isClosed);
    open.add(next);
    return old;
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    Site site = current;
    while (!site.retain()) {
      if (stopped) {
        throw new HttpException(503, "the server stops");
      }
      // The site was replaced just now.
      site = current;
    }
    Site answering = site;
    Thread.currentThread().setContextClassLoader(site.loader());
    try {
      return site.call(environ, startResponse);
    } finally {
      // Hooks run in the order in which they were added. The hooks of the application come first,
      // because they may use what the site closes.
      environ.onFinish(outcome -> answering.release());
    }
  }

  /**
   * Closes the site and those that it has replaced, and waits for that. As a rule their requests
   * have ended. A request that reacts to nothing has one more second.
   */
  @Override
  public void close() {
    List<Site> last;
    synchronized (this) {
      stopped = true;
      last = List.copyOf(open);
    }
    current.retire();
    retiring.shutdown();
    try {
      retiring.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    long end = System.nanoTime() + LAST_MOMENT.toNanos();
    for (Site site : last) {
      site.end(end - System.nanoTime());
    }
  }
}

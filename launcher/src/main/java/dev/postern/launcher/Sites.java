package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The site that answers now. A new site can take its place between two requests. A request that
 * began in the old site ends in it. Thread-safe.
 */
final class Sites implements Application, AutoCloseable {
  private volatile Site current;

  /** Closes sites, as the thread of the signals must not wait for their workers. */
  private final ExecutorService retiring =
      Executors.newCachedThreadPool(task -> new Thread(task, "postern-retire"));

  Sites(Site first) {
    this.current = first;
  }

  /** Makes a site answer from now on. Called by one thread. */
  void replace(Site next) {
    Site old = current;
    current = next;
    retiring.execute(old::retire);
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    Site site = current;
    while (!site.retain()) {
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

  /** Closes the site, and waits for sites that it has replaced. Requests have ended by then. */
  @Override
  public void close() {
    current.retire();
    retiring.shutdown();
    try {
      retiring.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

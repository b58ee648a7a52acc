package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;

/**
 * The site that answers now. A new one takes its place between two requests: those that began under
 * the old one end under it. Thread-safe.
 */
final class Sites implements Application, AutoCloseable {
  private volatile Site current;

  Sites(Site first) {
    this.current = first;
  }

  /** From now on that site answers. Called by one thread. */
  void replace(Site next) {
    Site old = current;
    current = next;
    old.retire();
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    Site site = current;
    while (!site.retain()) {
      // It was replaced just now.
      site = current;
    }
    Site answering = site;
    environ.onFinish(outcome -> answering.release());
    Thread.currentThread().setContextClassLoader(site.loader());
    return site.call(environ, startResponse);
  }

  /** Closes what is served; requests have ended by then. */
  @Override
  public void close() {
    current.retire();
  }
}

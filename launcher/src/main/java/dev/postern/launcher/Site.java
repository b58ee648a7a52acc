package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.launcher.status.Sources;
import dev.postern.web.UrlMap;
import java.net.URLClassLoader;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The applications from one reading of the configuration. When another site has taken the place of
 * this one, and the last request of this one has ended, the site closes its applications. When the
 * server stops, it does not wait for the last request for ever. Thread-safe.
 */
final class Site implements Application {
  private final Map<String, Application> applications;
  private final UrlMap routes;
  private final ClassLoader loader;
  private final List<ClassLoader> opened;
  private final AutoCloseable groups;
  private final Sources sources;

  /** Counts one for each request that runs, and one until the site is retired. */
  private int users = 1;

  /** Whether a thread closes the applications, or has closed them. Guarded by this. */
  private boolean closing;

  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * @param applications by prefix
   * @param loader the context class loader of their threads
   * @param opened loaders of class paths; they are closed after all else
   * @param groups what the applications share; it is closed before them
   * @param sources what the site reports about itself; it is closed first, and its counts stay
   */
  Site(
      Map<String, Application> applications,
      ClassLoader loader,
      List<ClassLoader> opened,
      AutoCloseable groups,
      Sources sources) {
    this.applications = Map.copyOf(applications);
    this.routes = UrlMap.of(applications);
    this.loader = loader;
    this.opened = List.copyOf(opened);
    this.groups = groups;
    this.sources = sources;
  }

  boolean isEmpty() {
    return applications.isEmpty();
  }

  ClassLoader loader() {
    return loader;
  }

  /**
   * Returns whether a request may begin here. Each request that does calls {@link #release} once.
   */
  synchronized boolean retain() {
    if (users == 0 || closing) {
      return false;
    }
    users++;
    return true;
  }

  void release() {
    synchronized (this) {
      users--;
      if (users > 0 || closing) {
        return;
      }
      closing = true;
    }
    closeAll();
  }

  /**
   * Closes the applications after the last request, or after that time although requests run.
   * Called once, after {@link #retire}, when the server stops. Returns when all is closed.
   */
  void end(long nanos) {
    if (awaitClosed(nanos)) {
      return;
    }
    int running;
    synchronized (this) {
      running = closing ? 0 : users;
      closing = true;
    }
    if (running == 0) {
      awaitClosed(Long.MAX_VALUE);
      return;
    }
    Logs.own("postern: applications are closed although requests still run: " + running);
    closeAll();
  }

  private boolean awaitClosed(long nanos) {
    try {
      return closed.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  boolean isClosed() {
    return closed.getCount() == 0;
  }

  private void closeAll() {
    try {
      sources.close();
      close(groups);
      for (Application application : applications.values()) {
        if (application instanceof AutoCloseable closeable) {
          close(closeable);
        }
      }
      for (ClassLoader classes : opened) {
        if (classes instanceof URLClassLoader files) {
          close(files);
        }
      }
    } finally {
      closed.countDown();
    }
  }

  /** Closes a part of an application. If that fails in any way, this logs the failure. */
  static void close(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Throwable e) {
      Logs.own("postern: an application failed when it was closed: " + e);
    }
  }

  /** Called once, when no new request should begin here. Requests that run go on to their end. */
  void retire() {
    release();
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return routes.call(environ, startResponse);
  }
}

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

/**
 * The applications from one reading of the configuration. When another site has taken the place of
 * this one, and the last request of this one has ended, the site closes its applications.
 * Thread-safe.
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
    if (users == 0) {
      return false;
    }
    users++;
    return true;
  }

  void release() {
    synchronized (this) {
      users--;
      if (users > 0) {
        return;
      }
    }
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
  }

  /** Closes a part of an application. If that fails, this logs the failure. */
  static void close(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
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

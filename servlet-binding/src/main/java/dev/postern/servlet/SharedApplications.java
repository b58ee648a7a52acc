package dev.postern.servlet;

import dev.postern.Application;
import java.util.IdentityHashMap;

/**
 * How many gateways serve each application that can be closed: it is closed with the last of them.
 * An application is in here no longer than one of its servlets is started. Thread-safe.
 */
final class SharedApplications {
  private static final IdentityHashMap<Application, Integer> HOLDERS = new IdentityHashMap<>();

  private SharedApplications() {}

  /** For a gateway that starts. */
  static void acquire(Application application) {
    if (application instanceof AutoCloseable) {
      synchronized (HOLDERS) {
        HOLDERS.merge(application, 1, Integer::sum);
      }
    }
  }

  /** For a gateway that has ended, once. Closes the application where that was the last one. */
  static void release(Application application) throws Exception {
    if (!(application instanceof AutoCloseable closeable)) {
      return;
    }
    synchronized (HOLDERS) {
      Integer left = HOLDERS.computeIfPresent(application, (key, n) -> n == 1 ? null : n - 1);
      if (left != null) {
        return;
      }
    }
    closeable.close();
  }
}

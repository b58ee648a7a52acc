package dev.postern.servlet;

import dev.postern.Application;
import java.util.IdentityHashMap;

/**
 * How many gateways serve each application that can be closed. The last of them closes it. An
 * application is in this table only while one of its gateways is started. Thread-safe.
 */
final class SharedApplications {
  private static final IdentityHashMap<Application, Integer> HOLDERS = new IdentityHashMap<>();

  private SharedApplications() {}

  /** Called by a gateway that starts. */
  static void acquire(Application application) {
    if (application instanceof AutoCloseable) {
      synchronized (HOLDERS) {
        HOLDERS.merge(application, 1, Integer::sum);
      }
    }
  }

  /**
   * Called once by a gateway that has ended. Closes the application if that gateway was the last
   * one.
   */
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

package dev.postern.cgi.servlet;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What the init parameters have made beside the programs: the group of workers, the application of
 * {@code localRedirects} and the listener of {@code onRun}. Confined to the threads that start and
 * stop the servlet.
 */
final class OwnedObjects implements AutoCloseable {
  private final Deque<AutoCloseable> objects = new ArrayDeque<>();

  /** Takes an object, to close it if it is {@link AutoCloseable}. */
  void add(Object made) {
    if (made instanceof AutoCloseable closeable) {
      objects.push(closeable);
    }
  }

  /** Closes all objects, the last one first, even if one of them throws. */
  @Override
  public void close() {
    IllegalStateException failure =
        new IllegalStateException("objects of init parameters must close");
    while (!objects.isEmpty()) {
      try {
        objects.pop().close();
      } catch (Exception e) {
        failure.addSuppressed(e);
      }
    }
    if (failure.getSuppressed().length > 0) {
      throw failure;
    }
  }
}

package dev.postern.system;

import java.io.IOException;

/**
 * Starts processes without the context class loader. The JDK keeps a thread that has waited for one
 * ("process reaper") for the next ones, with the context class loader of the thread that started
 * the first: it would keep a web application that was undeployed.
 */
public final class Unowned {
  private Unowned() {}

  /** As {@link ProcessBuilder#start}. */
  public static Process start(ProcessBuilder builder) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader context = thread.getContextClassLoader();
    thread.setContextClassLoader(null);
    try {
      return builder.start();
    } finally {
      thread.setContextClassLoader(context);
    }
  }
}

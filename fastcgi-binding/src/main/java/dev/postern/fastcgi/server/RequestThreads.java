package dev.postern.fastcgi.server;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The threads of connections: virtual threads if the JDK has them (21), otherwise platform threads.
 */
final class RequestThreads {
  private RequestThreads() {}

  static ExecutorService of(String name) {
    try {
      Object virtual = Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
      return (ExecutorService) virtual;
    } catch (ReflectiveOperationException e) {
      return Executors.newCachedThreadPool(named(name));
    }
  }

  private static ThreadFactory named(String name) {
    AtomicLong count = new AtomicLong();
    return task -> {
      Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}

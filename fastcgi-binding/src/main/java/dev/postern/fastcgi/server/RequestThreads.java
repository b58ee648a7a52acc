package dev.postern.fastcgi.server;

import java.lang.reflect.Method;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The threads of connections: virtual threads if the JDK has them (21), otherwise platform threads.
 */
final class RequestThreads {
  private static final @Nullable Method VIRTUAL = virtual();

  private RequestThreads() {}

  private static @Nullable Method virtual() {
    try {
      return Executors.class.getMethod("newVirtualThreadPerTaskExecutor");
    } catch (NoSuchMethodException e) {
      return null;
    }
  }

  static boolean areVirtual() {
    return VIRTUAL != null;
  }

  static ExecutorService of(String name) {
    if (VIRTUAL == null) {
      return Executors.newCachedThreadPool(named(name));
    }
    try {
      return (ExecutorService) VIRTUAL.invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("virtual threads must be there", e);
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

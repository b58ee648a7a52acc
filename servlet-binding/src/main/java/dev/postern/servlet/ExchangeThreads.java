package dev.postern.servlet;

import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.System.Logger.Level;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The threads that answer requests which give the container's thread back. Thread-safe. */
final class ExchangeThreads {
  static final String EXECUTOR = "executor";

  /** How many requests may wait for a thread, for each thread. */
  private static final int WAITING = 10;

  private final Executor executor;

  /** The same executor if this class has made it, else null. */
  private final @Nullable ExecutorService own;

  private final AtomicBoolean warned = new AtomicBoolean();

  private ExchangeThreads(Executor executor, @Nullable ExecutorService own) {
    this.executor = executor;
    this.own = own;
  }

  /**
   * The threads that the builder or the init parameter asks for. Null if requests keep the
   * container's threads.
   */
  static @Nullable ExchangeThreads of(@Nullable Executor given, InitParameters parameters)
      throws ServletException {
    if ("virtual".equals(parameters.peek(EXECUTOR))) {
      ExecutorService virtual = virtual(parameters.text(EXECUTOR));
      return new ExchangeThreads(virtual, virtual);
    }
    int count = parameters.number(EXECUTOR, 1);
    if (count > 0) {
      ExecutorService platform = platform(count);
      return new ExchangeThreads(platform, platform);
    }
    return given == null ? null : new ExchangeThreads(given, null);
  }

  /** Virtual threads, which Java 21 and newer have. */
  private static ExecutorService virtual(@Nullable String word) throws ServletException {
    try {
      return (ExecutorService)
          Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    } catch (ReflectiveOperationException e) {
      throw InitParameters.refused(
          EXECUTOR, "must be a number before Java 21, which has no virtual threads", word);
    }
  }

  private static ExecutorService platform(int count) {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            count,
            count,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(Math.max(count, count * WAITING)),
            task -> {
              Thread thread = new Thread(task, "postern-exchange-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /**
   * Whether the container lets this request go to another thread. A missing {@code asyncSupported}
   * is logged once. When the dispatch of an error returns, Tomcat ends the response.
   */
  boolean mayTake(HttpServletRequest request) {
    DispatcherType type = request.getDispatcherType();
    if (type == DispatcherType.INCLUDE || type == DispatcherType.ERROR) {
      return false;
    }
    if (request.isAsyncStarted()) {
      return false;
    }
    if (request.isAsyncSupported()) {
      return true;
    }
    if (!warned.getAndSet(true)) {
      System.getLogger("dev.postern")
          .log(
              Level.WARNING,
              "executor is not used: the servlet and the filters before it must be registered with"
                  + " asyncSupported");
    }
    return false;
  }

  void execute(AsideExchange exchange) {
    executor.execute(exchange);
  }

  /** Called at the stop. Requests that still wait for a thread get a 503. */
  void close() {
    if (own == null) {
      return;
    }
    for (Runnable waiting : own.shutdownNow()) {
      if (waiting instanceof AsideExchange exchange) {
        exchange.reject(new RejectedExecutionException("servlet stops"));
      }
    }
  }
}

package dev.postern.servlet;

import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.System.Logger.Level;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
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

  /** How long a stop waits for the requests that run. */
  private static final long GRACE = TimeUnit.SECONDS.toNanos(5);

  /** How long a stop waits for threads that were interrupted. */
  private static final long LAST_WAIT = TimeUnit.SECONDS.toNanos(2);

  private final Executor executor;

  /** The same executor if this class has made it, else null. */
  private final @Nullable ExecutorService own;

  /** The exchanges that wait for a thread or have one. */
  private final Set<AsideExchange> exchanges = ConcurrentHashMap.newKeySet();

  private volatile boolean stopping;

  private final AtomicBoolean warned = new AtomicBoolean();

  /** The platform threads of the own executor. One that has ended may be missing. */
  private final Set<Thread> made;

  private ExchangeThreads(Executor executor, @Nullable ExecutorService own, Set<Thread> made) {
    this.executor = executor;
    this.own = own;
    this.made = made;
  }

  /**
   * The threads that the builder or the init parameter asks for. Null if requests keep the
   * container's threads.
   */
  static @Nullable ExchangeThreads of(@Nullable Executor given, InitParameters parameters)
      throws ServletException {
    if ("virtual".equals(parameters.peek(EXECUTOR))) {
      ExecutorService virtual = virtual(parameters.text(EXECUTOR));
      return new ExchangeThreads(virtual, virtual, Set.of());
    }
    int count = parameters.number(EXECUTOR, 1);
    if (count > 0) {
      Set<Thread> made =
          Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
      ExecutorService platform = platform(count, made);
      return new ExchangeThreads(platform, platform, made);
    }
    return given == null ? null : new ExchangeThreads(given, null, Set.of());
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

  private static ExecutorService platform(int count, Set<Thread> made) {
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
              made.add(thread);
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

  /** Answers the request on another thread; with 503 on this one if there is none. */
  void answer(Serving serving, HttpServletRequest request, HttpServletResponse response) {
    AsideExchange exchange = new AsideExchange(serving, request, response, exchanges::remove);
    exchanges.add(exchange);
    try {
      if (stopping) {
        throw stopped();
      }
      executor.execute(exchange);
    } catch (RuntimeException | Error e) {
      // It is full, or the system has no thread for it, which is an OutOfMemoryError.
      exchange.reject(e);
    }
  }

  private static RejectedExecutionException stopped() {
    return new RejectedExecutionException("servlet stops");
  }

  /**
   * Called first at the stop. Requests that still wait for a thread get a 503. Waits for those that
   * run, for 5 s at most.
   */
  void stop() {
    stopping = true;
    if (own != null) {
      own.shutdown();
    }
    for (AsideExchange exchange : exchanges) {
      exchange.reject(stopped());
    }
    long start = System.nanoTime();
    try {
      for (AsideExchange exchange : exchanges) {
        if (!exchange.await(GRACE - (System.nanoTime() - start))) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Called last at the stop, when the application is closed. Interrupts the requests that still
   * run, unless the executor is the caller's. Waits for the threads, for 2 s at most.
   */
  void close() {
    if (own == null) {
      return;
    }
    own.shutdownNow();
    long end = System.nanoTime() + LAST_WAIT;
    try {
      own.awaitTermination(LAST_WAIT, TimeUnit.NANOSECONDS);
      // A thread leaves its executor a moment before it ends.
      for (Thread thread : made.toArray(new Thread[0])) {
        thread.join(Math.max(TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()), 1));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The container's thread that waits in onError goes on, however the exchange ends. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AsideExchangeTest {
  private final BlockingQueue<String> calls = new LinkedBlockingQueue<>();
  private final AtomicReference<AsideExchange> listener = new AtomicReference<>();
  private Logs logs;

  @BeforeEach
  void openLogs() {
    logs = new Logs();
  }

  @AfterEach
  void closeLogs() {
    logs.close();
  }

  private static <T> T fake(Class<T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(
            AsideExchangeTest.class.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private HttpServletRequest request() {
    AsyncContext context =
        fake(
            AsyncContext.class,
            (proxy, method, arguments) -> {
              if (method.getName().equals("addListener")) {
                listener.set((AsideExchange) arguments[0]);
              } else if (!method.getName().equals("setTimeout")) {
                calls.add(method.getName());
              }
              return null;
            });
    return new FakeRequest("", "", "/", "/")
        .with("startAsync", context)
        .with("isAsyncSupported", true)
        .request();
  }

  /** Its client has reset the connection, or takes all. */
  private HttpServletResponse response(boolean reset) {
    ServletOutputStream out =
        new ServletOutputStream() {
          @Override
          public void write(int b) throws IOException {
            if (reset) {
              throw new SocketException("Connection reset");
            }
          }

          @Override
          public boolean isReady() {
            return true;
          }

          @Override
          public void setWriteListener(WriteListener newListener) {}
        };
    return fake(
        HttpServletResponse.class,
        (proxy, method, arguments) -> {
          switch (method.getName()) {
            case "getOutputStream" -> {
              return out;
            }
            case "setStatus" -> calls.add("status " + arguments[0]);
            case "flushBuffer" -> out.write(0);
            default -> {
              // Nothing else is of interest.
            }
          }
          return method.getReturnType() == boolean.class
              ? (Object) false
              : method.getReturnType() == int.class ? (Object) 0 : null;
        });
  }

  private static ServletGateway started(ServletGateway servlet, Map<String, String> parameters)
      throws Exception {
    ServletContext context =
        fake(
            ServletContext.class,
            (proxy, method, arguments) ->
                method.getName().equals("getServerInfo") ? "fake/1" : null);
    servlet.init(
        fake(
            ServletConfig.class,
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "getInitParameterNames" -> Collections.enumeration(parameters.keySet());
                  case "getInitParameter" -> parameters.get(arguments[0]);
                  case "getServletContext" -> context;
                  default -> "fake";
                }));
    return servlet;
  }

  private static ServletGateway.Builder gateway(Application application) {
    return ServletGateway.builder(application).watch(false);
  }

  private static final Application UNUSED =
      (environ, startResponse) -> {
        startResponse.start(200, Headers.of());
        return Body.empty();
      };

  @Test
  void reject_ofAClientThatHasReset_letsTheContainerGo() throws Exception {
    ServletGateway servlet =
        started(
            gateway(UNUSED)
                .executor(
                    task -> {
                      throw new RejectedExecutionException("full");
                    })
                .build(),
            Map.of());
    servlet.service(request(), response(true));
    assertThat(calls).containsExactly("status 503", "dispatch");
    listener.get().onError(null);
  }

  @Test
  void executor_withoutThreads_isA503() throws Exception {
    ServletGateway servlet =
        started(
            gateway(UNUSED)
                .executor(
                    task -> {
                      throw new OutOfMemoryError("unable to create native thread");
                    })
                .build(),
            Map.of());
    servlet.service(request(), response(false));
    assertThat(calls).containsExactly("status 503", "complete");
    listener.get().onError(null);
  }

  @Test
  void executor_thatTakesTheRequestAndFails_answersOnce() throws Exception {
    ServletGateway servlet =
        started(
            gateway(UNUSED)
                .executor(
                    task -> {
                      task.run();
                      throw new RejectedExecutionException("too late");
                    })
                .build(),
            Map.of());
    servlet.service(request(), response(false));
    assertThat(calls).containsExactly("status 200", "complete");
  }

  @Test
  void destroy_answersRequestsThatWaitForAThread() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    Application waits =
        (environ, startResponse) -> {
          running.countDown();
          new CountDownLatch(1).await();
          return Body.empty();
        };
    ServletGateway servlet = started(gateway(waits).build(), Map.of("executor", "1"));
    servlet.service(request(), response(false));
    running.await();
    AsideExchange first = listener.get();
    servlet.service(request(), response(false));
    servlet.destroy();
    listener.get().onError(null);
    first.onError(null);
    assertThat(List.of(calls.take(), calls.take(), calls.take(), calls.take()))
        .contains("status 503", "complete")
        .hasSize(4);
    assertThat(calls.poll(0, TimeUnit.SECONDS)).isNull();
  }

  /** Says whether it was closed while a call ran. */
  private static final class Closing implements Application, AutoCloseable {
    final CountDownLatch running = new CountDownLatch(1);
    final CountDownLatch released = new CountDownLatch(1);
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      running.countDown();
      released.await();
      events.add("answered");
      startResponse.start(200, Headers.of());
      return Body.empty();
    }

    @Override
    public void close() {
      events.add("closed");
    }
  }

  @Test
  void destroy_waitsForRunningRequests_beforeItClosesTheApplication() throws Exception {
    ExecutorService given = Executors.newCachedThreadPool();
    try {
      for (Executor executor : Arrays.asList(null, given)) {
        Closing application = new Closing();
        ServletGateway.Builder builder = gateway(application);
        ServletGateway servlet =
            executor == null
                ? started(builder.build(), Map.of("executor", "1"))
                : started(builder.executor(executor).build(), Map.of());
        servlet.service(request(), response(false));
        application.running.await();
        Thread stopper = new Thread(servlet::destroy);
        stopper.start();
        while (stopper.getState() != Thread.State.TIMED_WAITING) {
          assertThat(stopper.isAlive()).isTrue();
        }
        servlet.service(request(), response(false));
        assertThat(calls).containsExactly("status 503", "complete");
        assertThat(application.events).isEmpty();
        calls.clear();
        application.released.countDown();
        stopper.join();
        assertThat(application.events).containsExactly("answered", "closed");
        assertThat(calls).containsExactly("status 200", "complete");
        calls.clear();
      }
    } finally {
      given.shutdownNow();
    }
  }

  /** The threads would hold the class loader of the web application. */
  @Test
  void destroy_leavesNoThreadOfItsOwn() throws Exception {
    ServletGateway servlet = started(gateway(UNUSED).build(), Map.of("executor", "2"));
    servlet.service(request(), response(false));
    assertThat(List.of(calls.take(), calls.take())).containsExactly("status 200", "complete");
    servlet.destroy();
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("postern-exchange-"));
  }

  @Test
  void deadline_thatEndsBeforeAThreadTakesTheRequest_isA503WithoutACall() throws Exception {
    Duration deadline = Duration.ofMillis(20);
    AtomicInteger called = new AtomicInteger();
    ServletGateway servlet =
        started(
            gateway(
                    (environ, startResponse) -> {
                      called.incrementAndGet();
                      return UNUSED.call(environ, startResponse);
                    })
                .deadline(deadline)
                .executor(
                    task -> {
                      long start = System.nanoTime();
                      while (System.nanoTime() - start < deadline.toNanos()) {
                        Thread.onSpinWait();
                      }
                      task.run();
                    })
                .build(),
            Map.of());
    servlet.service(request(), response(false));
    servlet.destroy();
    assertThat(calls).containsExactly("status 503", "complete");
    assertThat(called).hasValue(0);
  }

  @Test
  void onTimeout_waitsUntilTheExchangeIsOver() throws Exception {
    Closing application = new Closing();
    ServletGateway servlet = started(gateway(application).build(), Map.of("executor", "1"));
    servlet.service(request(), response(false));
    application.running.await();
    AsideExchange exchange = listener.get();
    Thread container = new Thread(() -> exchange.onTimeout(null));
    container.start();
    while (container.isAlive() && container.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertThat(application.events).isEmpty();
    assertThat(container.isAlive()).isTrue();
    application.released.countDown();
    container.join();
    assertThat(application.events).containsExactly("answered");
    servlet.destroy();
  }
}

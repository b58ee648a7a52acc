package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Options of servlets, by their builder and by init parameters; filters that pass on. */
abstract class OptionsContract extends ContainerContract {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  OptionsContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  private static final Application COUNT =
      (environ, startResponse) -> {
        long length = environ.input().readAllBytes().length;
        startResponse.start(200, TEXT);
        return Body.of("read " + length);
      };

  private static String post(String body) {
    return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  private static String chunked(String body) {
    return "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + Integer.toHexString(body.length())
        + "\r\n"
        + body
        + "\r\n0\r\n\r\n";
  }

  @Test
  void maxBody_refusesWhatIsLarger() throws Exception {
    ServletGateway servlet = ServletGateway.builder(COUNT).maxBody(10).build();
    int port = start(Deployment.at("").servlet(servlet, "/*"));

    assertThat(RawClient.exchange(port, post("0123456789")).text()).isEqualTo("read 10");
    assertThat(RawClient.exchange(port, post("0123456789x")).status()).isEqualTo(413);
    assertThat(RawClient.exchange(port, chunked("0123456789")).text()).isEqualTo("read 10");
    assertThat(RawClient.exchange(port, chunked("0123456789x")).status()).isEqualTo(413);
  }

  @Test
  void deadline_isTold_andEndsWhatWaitsLonger() throws Exception {
    CountDownLatch cancelled = new CountDownLatch(1);
    Application waits =
        (environ, startResponse) -> {
          assertThat(environ.remaining()).isBetween(Duration.ZERO, Duration.ofMillis(300));
          environ.onCancel(cancelled::countDown);
          assertThat(cancelled.await(30, TimeUnit.SECONDS)).isTrue();
          startResponse.start(200, TEXT);
          return Body.of("late");
        };
    ServletGateway servlet = ServletGateway.builder(waits).deadline(Duration.ofMillis(300)).build();
    int port = start(Deployment.at("").servlet(servlet, "/*"));

    assertThat(RawClient.get(port, "/").status()).isEqualTo(503);
  }

  @Test
  void variables_areThoseOfTheContainer() throws Exception {
    Application shows =
        (environ, startResponse) -> {
          startResponse.start(200, TEXT);
          String text =
              environ.variable("TENANT")
                  + " "
                  + environ.variable("LOCALE")
                  + " "
                  + environ.remoteUser()
                  + " "
                  + environ.containsKey("NOTHING")
                  + " "
                  + environ.keySet().contains("TENANT")
                  + " "
                  + environ.get("servlet.path");
          return Body.of(text.getBytes(StandardCharsets.ISO_8859_1));
        };
    ServletGateway servlet =
        ServletGateway.builder(shows)
            .variable("TENANT", request -> "Zo\u00eb")
            .variable("LOCALE", request -> request.getLocale().getLanguage())
            .variable("REMOTE_USER", request -> "alice")
            .variable("NOTHING", request -> null)
            .variable("servlet.path", HttpServletRequest::getServletPath)
            .build();
    int port = start(Deployment.at("").servlet(servlet, "/s/*"));

    assertThat(RawClient.get(port, "/s/x", "Accept-Language: fr").text())
        .isEqualTo("Zo\u00c3\u00ab fr alice false true /s");
  }

  @Test
  void variableThatThrows_failsTheRequestAndNotTheServlet() throws Exception {
    for (String name : List.of("TENANT", "app.tenant")) {
      Application shows =
          (environ, startResponse) -> {
            startResponse.start(200, TEXT);
            return Body.of("tenant " + environ.get(name));
          };
      ServletGateway servlet =
          ServletGateway.builder(shows)
              .variable(
                  name,
                  request -> {
                    throw new IllegalStateException(ResponseContract.SECRET);
                  })
              .build();
      logs.clear();
      int port = start(Deployment.at("").servlet(servlet, "/*"));

      RawResponse response = RawClient.get(port, "/");

      assertThat(response.status()).as(name).isEqualTo(500);
      assertThat(response.text()).as(name).isEqualTo("500 Internal Server Error\n");
      assertThat(logs.entries("dev.postern", 1)).as(name).hasSize(1);
      assertThat(logs.lines()).as(name).anyMatch(line -> line.contains(ResponseContract.SECRET));
    }
  }

  /** Shows what init parameters have added. */
  public static final class Shows implements Application {
    @Override
    public Body call(dev.postern.Environ environ, dev.postern.StartResponse startResponse) {
      startResponse.start(200, TEXT);
      return Body.of(
          environ.variable("LANGUAGE")
              + " "
              + environ.variable("SSL_CLIENT_S_DN")
              + " "
              + environ.containsKey("servlet.session")
              + " "
              + (environ.remaining() != null));
    }
  }

  @Test
  void initParameters_areTheSameOptions() throws Exception {
    int port =
        start(
            Deployment.at("")
                .servlet(
                    ServletGateway.class,
                    Map.of(
                        "application",
                        Shows.class.getName(),
                        "deadline",
                        "20",
                        "maxBody",
                        "1K",
                        "watch",
                        "false",
                        "variable.LANGUAGE",
                        "locale",
                        "variable.SSL_CLIENT_S_DN",
                        "certificate-subject",
                        "variable.servlet.session",
                        "session"),
                    "/*"));

    assertThat(RawClient.get(port, "/", "Accept-Language: de-AT").text())
        .isEqualTo("de-AT null false true");
    assertThat(RawClient.exchange(port, post("x".repeat(1025))).status()).isEqualTo(413);
  }

  @Test
  void initParameter_thatIsWrong_stopsTheStart_withItsName() {
    for (List<String> wrong :
        List.of(
            List.of("dedline", "3", "init parameter must be one that there is: \"dedline\""),
            List.of("deadline", "soon", "init parameter deadline must be a time above 0"),
            List.of("maxBody", "-1", "init parameter maxBody must be a number of bytes"),
            List.of("watch", "no", "init parameter watch must be true or false"),
            List.of("executor", "many", "init parameter executor must be a number"),
            List.of("variable.PATH_INFO", "locale", "variable.PATH_INFO must be allowed"),
            List.of("variable.postern.x", "locale", "variable.postern.x must be allowed"),
            List.of("variable.A", "header", "variable.A must be one of principal, session"))) {
      Map<String, String> parameters =
          Map.of("application", Shows.class.getName(), wrong.get(0), wrong.get(1));
      Throwable thrown =
          catchThrowable(
              () -> {
                int port = start(Deployment.at("").servlet(ServletGateway.class, parameters, "/*"));
                // Undertow starts all the same, and tells at the first request.
                assertThat(RawClient.get(port, "/").status()).isEqualTo(500);
              });
      assertThat(server == Server.UNDERTOW || thrown != null).as("%s", wrong).isTrue();
      assertThat(thrown + " " + logs.lines()).contains(wrong.get(2));
    }
  }

  /** Makes its application of what the container says. */
  public static final class Configured extends ServletGateway {
    private static final long serialVersionUID = 1;

    @Override
    protected Application application(ServletConfig config) {
      String greeting = config.getInitParameter("greeting");
      return (environ, startResponse) -> {
        startResponse.start(200, TEXT);
        return Body.of(greeting + " " + config.getServletContext().getContextPath());
      };
    }
  }

  @Test
  void subclass_makesItsApplication_ofTheConfig() throws Exception {
    int port =
        start(Deployment.at("/c").servlet(Configured.class, Map.of("greeting", "hello"), "/*"));
    assertThat(RawClient.get(port, "/c/x").text()).isEqualTo("hello /c");
  }

  @Test
  void applicationBehindTwoServlets_isClosedOnce() throws Exception {
    DeploymentContract.Named.CLOSED.set(0);
    Application application = new DeploymentContract.Named();
    int port =
        start(Deployment.at("").application(application, "/a/*").application(application, "/b/*"));
    assertThat(RawClient.get(port, "/a/").text()).isEqualTo("named");
    assertThat(RawClient.get(port, "/b/").text()).isEqualTo("named");
    stop();
    assertThat(DeploymentContract.Named.CLOSED).hasValue(1);
  }

  @Test
  void executor_answers_andTheContainersThreadIsFree() throws Exception {
    ExecutorService executor =
        Executors.newCachedThreadPool(task -> new Thread(task, "of-the-test"));
    try {
      Application names =
          (environ, startResponse) -> {
            startResponse.start(200, TEXT);
            return Body.of(Thread.currentThread().getName());
          };
      ServletGateway servlet = ServletGateway.builder(names).executor(executor).build();
      int port = start(Deployment.at("").servlet(servlet, "/*").withAsync());
      assertThat(RawClient.get(port, "/").text()).isEqualTo("of-the-test");
      stop();

      ServletGateway synchronous = ServletGateway.builder(names).executor(executor).build();
      port = start(Deployment.at("").servlet(synchronous, "/*"));
      assertThat(RawClient.get(port, "/").text()).isNotEqualTo("of-the-test");
      assertThat(logs.lines()).anyMatch(line -> line.contains("asyncSupported"));
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void executor_thatRejects_isA503() throws Exception {
    ServletGateway servlet =
        ServletGateway.builder(COUNT)
            .executor(
                task -> {
                  throw new RejectedExecutionException("full");
                })
            .build();
    int port = start(Deployment.at("").servlet(servlet, "/*").withAsync());
    assertThat(RawClient.get(port, "/").status()).isEqualTo(503);
    assertThat(RawClient.get(port, "/").status()).isEqualTo(503);
  }

  @Test
  void errorPage_ofAnExecutor_isWhole() throws Exception {
    ExecutorService executor = Executors.newCachedThreadPool();
    try {
      Application slow =
          (environ, startResponse) -> {
            TimeUnit.MILLISECONDS.sleep(50);
            startResponse.start(200, TEXT);
            return Body.of("page of " + environ.variable("REDIRECT_STATUS"));
          };
      HttpServlet gone =
          new HttpServlet() {
            private static final long serialVersionUID = 1;

            @Override
            protected void service(HttpServletRequest request, HttpServletResponse response)
                throws IOException {
              response.sendError(410);
            }
          };
      ServletGateway page = ServletGateway.builder(slow).executor(executor).build();
      int port =
          start(
              Deployment.at("")
                  .errorPage(410, "/page")
                  .servlet(gone, "/gone")
                  .servlet(page, "/page")
                  .withAsync());
      RawResponse response = RawClient.get(port, "/gone");
      assertThat(response.status()).isEqualTo(410);
      assertThat(response.text()).isEqualTo("page of 410");
      assertThat(RawClient.get(port, "/page").text()).isEqualTo("page of null");
    } finally {
      executor.shutdownNow();
    }
  }

  /** Its exchange is cancelled, as if a thread had taken it at once. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void clientThatGoesWhileItsRequestWaitsForAThread_isNotAnswered() throws Exception {
    BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    AtomicInteger called = new AtomicInteger();
    Application counts =
        (environ, startResponse) -> {
          called.incrementAndGet();
          startResponse.start(200, TEXT);
          return Body.empty();
        };
    ServletGateway servlet = ServletGateway.builder(counts).executor(tasks::add).build();
    int port = start(Deployment.at("").servlet(servlet, "/*").withAsync());
    ClientWatch watch = ClientWatch.acquire();
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/"));
      Runnable task = tasks.take();
      assertThat(watch.size()).isEqualTo(1);
      // The watch has to see the connection before it can miss it.
      await(watch::hasSeenAll);
      client.reset();
      await(() -> watch.size() == 0);
      // The request is cancelled just after it has left the watch.
      TimeUnit.MILLISECONDS.sleep(100);
      task.run();
      assertThat(called).hasValue(0);
    } finally {
      ClientWatch.release();
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(50));
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  @Test
  void executorOfAnInitParameter_hasThreadsOfItsOwn() throws Exception {
    int port =
        start(
            Deployment.at("")
                .servlet(
                    ServletGateway.class,
                    Map.of("application", Threads.class.getName(), "executor", "2"),
                    "/*")
                .withAsync());
    assertThat(RawClient.get(port, "/").text()).startsWith("postern-exchange-");
  }

  /** Shows its thread. */
  public static final class Threads implements Application {
    @Override
    public Body call(dev.postern.Environ environ, dev.postern.StartResponse startResponse) {
      startResponse.start(200, TEXT);
      return Body.of(Thread.currentThread().getName());
    }
  }

  // ---- filters ----

  private static final Application SHOP =
      (environ, startResponse) -> {
        if (environ.pathInfo().startsWith("/other")) {
          startResponse.start(404, FilterGateway.PASS_ON);
          return Body.of("not this");
        }
        startResponse.start(environ.pathInfo().equals("/none") ? 404 : 200, TEXT);
        return Body.of("shop " + environ.scriptName() + " " + environ.pathInfo());
      };

  private static final Application BEHIND =
      (environ, startResponse) -> {
        startResponse.start(200, TEXT);
        return Body.of("behind " + environ.scriptName() + " " + environ.pathInfo());
      };

  @Test
  void filter_answers_orPassesOn() throws Exception {
    int port =
        start(
            Deployment.at("/c")
                .filter(FilterGateway.builder(SHOP).prefix("/shop").build())
                .application(BEHIND, "/*"));

    assertThat(RawClient.get(port, "/c/shop/a%20b").text()).isEqualTo("shop /c/shop /a b");
    assertThat(RawClient.get(port, "/c/shop").text()).isEqualTo("shop /c/shop ");
    assertThat(RawClient.get(port, "/c/shop/none").status()).isEqualTo(404);
    RawResponse passed = RawClient.get(port, "/c/shop/other");
    assertThat(passed.status()).isEqualTo(200);
    assertThat(passed.text()).isEqualTo("behind /c /shop/other");
    assertThat(passed.header("X-Cascade")).isNull();
    assertThat(RawClient.get(port, "/c/shopping").text()).isEqualTo("behind /c /shopping");
  }

  @Test
  void filter_passesOnWhatIsNotFound() throws Exception {
    int port =
        start(
            Deployment.at("")
                .filter(FilterGateway.builder(SHOP).passNotFound().build())
                .application(BEHIND, "/*"));

    assertThat(RawClient.get(port, "/none").text()).isEqualTo("behind  /none");
    assertThat(RawClient.get(port, "/some").text()).isEqualTo("shop  /some");
    assertThat(logs.lines()).noneMatch(line -> line.contains("404 for"));
  }

  /** As a {@code CgiDirectory} does it that has no such program. */
  @Test
  void filter_passesOnAnExceptionThatSaysNotFound() throws Exception {
    Application throwing =
        (environ, startResponse) -> {
          switch (environ.pathInfo()) {
            case "/none" -> throw new GatewayException(404, "no such program");
            case "/page" -> throw new HttpException(404, "no such page");
            default -> throw new HttpException(403, "not allowed");
          }
        };
    int port =
        start(
            Deployment.at("")
                .filter(FilterGateway.builder(throwing).passNotFound().build())
                .application(BEHIND, "/*"));

    assertThat(RawClient.get(port, "/none").text()).isEqualTo("behind  /none");
    assertThat(RawClient.get(port, "/page").text()).isEqualTo("behind  /page");
    assertThat(RawClient.get(port, "/no").status()).isEqualTo(403);
    assertThat(logs.entries("dev.postern", 1)).hasSize(1);
    assertThat(logs.lines())
        .anyMatch(line -> line.contains("403 for"))
        .noneMatch(line -> line.contains("404 for"));
  }

  /** Cut responses, on a thread that is not the container's, are cut all the same. */
  @Test
  void cutOnAnExecutor_isSeen() throws Exception {
    ExecutorService executor = Executors.newCachedThreadPool();
    try {
      Application fails =
          (environ, startResponse) -> {
            startResponse.start(200, TEXT);
            return Body.writing(
                out -> {
                  out.write("half".getBytes());
                  out.flush();
                  throw new IOException("broken on purpose");
                });
          };
      ServletGateway servlet = ServletGateway.builder(fails).executor(executor).build();
      int port = start(Deployment.at("").servlet(servlet, "/*").withAsync());
      RawResponse response = RawClient.get(port, "/");
      assertThat(response.status()).isEqualTo(200);
      assertThat(response.end()).isNotEqualTo(RawResponse.End.WHOLE);
    } finally {
      executor.shutdownNow();
    }
  }
}

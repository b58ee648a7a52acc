package dev.postern.cgi.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A web application with its own copy of Postern is deployed again and again in one Tomcat. */
@EnabledOnOs(OS.LINUX)
class RedeployTest {
  private static final int ROUNDS = 20;

  @TempDir Path base;

  private final Tomcat tomcat = new Tomcat();
  private final Queue<String> warnings = new ConcurrentLinkedQueue<>();

  /** Held, as the logging library forgets loggers that nobody holds. */
  private final Logger logger = Logger.getLogger("org.apache.catalina.loader");

  private final Handler counter =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          if (entry.getLevel().intValue() >= Level.WARNING.intValue()) {
            warnings.add(entry.getMessage());
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void start() throws Exception {
    logger.addHandler(counter);
    Path application = base.resolve("application");
    Files.createDirectories(application.resolve("WEB-INF/cgi"));
    Files.writeString(
        application.resolve("WEB-INF/cgi/hello.sh"), "printf 'Content-Type: text/x\\n\\nhello'\n");
    Files.writeString(
        application.resolve("WEB-INF/cgi/slow.sh"),
        "printf 'Content-Type: text/x\\n\\nhello'\n: >$1\nsleep $2\nprintf ' slow'\n"
            .replace("$1", started().toString())
            .replace("$2", "${QUERY_STRING}"));
    WarFiles.copyLibraries(application);
    tomcat.setBaseDir(base.toString());
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    // As behind a proxy with TLS. The gateway then asks more about a request.
    tomcat.getConnector().setSecure(true);
    tomcat.getConnector().setScheme("https");
    // Tomcat takes its own thread for one of an application's while that looks after the
    // application.
    tomcat.getEngine().setBackgroundProcessorDelay(-1);
    tomcat.start();
  }

  @AfterEach
  void stop() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    logger.removeHandler(counter);
  }

  @Test
  void fault27_redeployed20Times_leavesNothing() throws Exception {
    List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      loaders.add(deployOnce());
    }
    awaitNone(loaders);
    assertThat(warnings).isEmpty();
  }

  private static void awaitNone(List<WeakReference<ClassLoader>> loaders)
      throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (left(loaders) > 0 && System.nanoTime() - end < 0) {
      System.gc();
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(left(loaders)).as("class loaders of %s", loaders.size()).isZero();
  }

  private Path started() {
    return base.resolve("started");
  }

  /** Tomcat itself waits for 2 s. */
  @Test
  void undeployedWhileARequestRuns_letsItEnd() throws Exception {
    List<WeakReference<ClassLoader>> loaders =
        List.of(
            undeployedUnderARequest("", 1),
            undeployedUnderARequest("2", 1),
            undeployedUnderARequest("2", 3));
    awaitNone(loaders);
    // Tomcat's own thread may not have put its request away yet.
    assertThat(warnings).noneMatch(warning -> warning.contains("postern"));
  }

  private WeakReference<ClassLoader> undeployedUnderARequest(String executor, int seconds)
      throws Exception {
    Context context = deploy(executor);
    ClassLoader loader = context.getLoader().getClassLoader();
    CompletableFuture<HttpResponse<String>> response =
        HttpClient.newHttpClient()
            .sendAsync(
                HttpRequest.newBuilder(uri("slow.sh?" + seconds)).build(),
                HttpResponse.BodyHandlers.ofString());
    while (!Files.exists(started())) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    tomcat.getHost().removeChild(context);
    assertThat(response.get().body()).as(executor + " " + seconds).isEqualTo("hello slow");
    Files.delete(started());
    return new WeakReference<>(loader);
  }

  private static long left(List<WeakReference<ClassLoader>> loaders) {
    return loaders.stream().filter(loader -> loader.get() != null).count();
  }

  private Context deploy(String executor) {
    Context context = tomcat.addContext("/app", base.resolve("application").toString());
    assertThat(context.getState().isAvailable()).isTrue();
    Wrapper servlet = Tomcat.addServlet(context, "cgi", CgiServlet.class.getName());
    servlet.addInitParameter("executable", "/bin/sh");
    servlet.addInitParameter("deadline", "60s");
    if (!executor.isEmpty()) {
      servlet.addInitParameter("executor", executor);
      servlet.setAsyncSupported(true);
    }
    context.addServletMapping("/cgi-bin/*", "cgi");
    return context;
  }

  private WeakReference<ClassLoader> deployOnce() throws Exception {
    Context context = deploy("");
    ClassLoader loader = context.getLoader().getClassLoader();
    Class<?> served = loader.loadClass(CgiServlet.class.getName());
    assertThat(served.getClassLoader()).isSameAs(loader);
    assertThat(get()).isEqualTo("hello");
    awaitRequestEnd(loader);
    tomcat.getHost().removeChild(context);
    return new WeakReference<>(loader);
  }

  /** The client has its response before Tomcat's own thread has left the web application. */
  private static void awaitRequestEnd(ClassLoader loader) throws InterruptedException {
    while (Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("http-nio"))
        .anyMatch(thread -> thread.getContextClassLoader() == loader)) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  private URI uri(String program) {
    return URI.create(
        "http://127.0.0.1:" + tomcat.getConnector().getLocalPort() + "/app/cgi-bin/" + program);
  }

  private String get() throws Exception {
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(uri("hello.sh")).build(),
                HttpResponse.BodyHandlers.ofString());
    return response.body();
  }
}

package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.cgi.install.CgiExecutable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * lighttpd sends SIGTERM as soon as it has as many bytes as the Content-Length says. What was
 * handed on whole is whole, and the application is told so.
 */
@Timeout(120)
class LighttpdOutcomeTest {
  private static final int LENGTH = 20_000;
  private static final int CLIENTS = 4;
  private static final int REQUESTS = 6;

  /** Writes how its response went into the file of that name. */
  public static final class Told implements Application {
    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      Path file = Path.of(environ.queryString());
      environ.onFinish(
          outcome -> {
            try {
              Files.writeString(file, outcome.complete() + " " + outcome.failure());
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      startResponse.start(
          200, Headers.of("Content-Type", "text/plain", "Content-Length", "" + LENGTH));
      return Body.of(new byte[LENGTH]);
    }
  }

  @Test
  void c01_wholeResponses_areToldAsWhole() throws Exception {
    try (Site site = Site.create()) {
      Path name = Path.of(Told.class.getName().replace('.', '/') + ".class");
      Path classes = site.root().resolve("classes");
      Files.createDirectories(classes.resolve(name).getParent());
      Files.copy(JavaProgram.source(Told.class).resolve(name), classes.resolve(name));
      CgiExecutable.builder(Told.class.getName())
          .classPath(List.of(classes))
          .library(site.lib())
          .build()
          .install(site.cgiBin().resolve("app"));
      try (WebServer server = WebServerKind.LIGHTTPD.start(site)) {
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        List<Future<Path>> asked = new ArrayList<>();
        for (int i = 0; i < CLIENTS * REQUESTS; i++) {
          Path file = site.run().resolve("told" + i);
          asked.add(clients.submit(() -> ask(server, file)));
        }
        for (Future<Path> each : asked) {
          assertThat(told(each.get())).isEqualTo("true null");
        }
        clients.shutdown();
      }
    }
  }

  private static Path ask(WebServer server, Path file) throws IOException {
    RawHttp.Answer answer =
        RawHttp.request(server.port(), "GET", "/cgi-bin/app?" + file, List.of(), new byte[0]);
    assertThat(answer.status()).as(server.logTail()).isEqualTo(200);
    assertThat(answer.body()).hasSize(LENGTH);
    return file;
  }

  /** It may end after its client has the answer. */
  private static String told(Path file) throws IOException {
    long start = System.nanoTime();
    while (!Files.exists(file) || Files.size(file) == 0) {
      assertThat(System.nanoTime() - start).as("%s", file).isLessThan(TimeUnit.SECONDS.toNanos(30));
      LockSupport.parkNanos(5_000_000);
    }
    return Files.readString(file);
  }
}

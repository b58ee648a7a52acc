package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.launcher.http.ServerLimits;
import dev.postern.launcher.status.Board;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The limits of heads hold in HTTP/2 as in HTTP/1, with many requests in one connection. */
@Timeout(60)
class Http2HeadsTest {
  private static final String IN_ONE_FRAME = "x".repeat(15_000);
  private static final String LONG = "x".repeat(100_000);

  @TempDir Path directory;
  private X509Certificate certificate;
  private Tls tls;

  /** Answers when the test lets it. */
  private final CountDownLatch answer = new CountDownLatch(1);

  private final Semaphore running = new Semaphore(0);

  private final Application waiting =
      (environ, startResponse) -> {
        running.release();
        answer.await();
        startResponse.start(200, Headers.of("Content-Type", "text/plain"));
        return Body.of("whole");
      };

  @BeforeAll
  static void quiet() {
    Logs.quiet();
  }

  @BeforeEach
  void makeCertificate() throws Exception {
    Path pem = directory.resolve("certificate.pem");
    Path key = directory.resolve("key.pem");
    certificate = Certificates.write("localhost", pem, key);
    tls = Tls.of(pem.toString(), key.toString());
  }

  private WebServer open(Application application, ServerLimits limits) throws IOException {
    Listener listener = Listener.of(new Address(InetAddress.getByName("127.0.0.1"), 0));
    return WebServer.open(
        List.of(listener), tls, false, application, getClass().getClassLoader(), limits);
  }

  private static CompletableFuture<HttpResponse<String>> get(
      HttpClient client, WebServer server, String... fields) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://localhost:" + server.port() + "/"));
    for (int i = 0; i < fields.length; i += 2) {
      request.header(fields[i], fields[i + 1]);
    }
    return client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void fieldsAboveTheLimit_are431() throws Exception {
    Application count =
        Application.of(environ -> Response.of(200, Headers.of(), Body.of("" + environ.size())));
    try (WebServer server = open(count, ServerLimits.standard())) {
      HttpClient client = Certificates.client(certificate);
      assertThat(get(client, server, names(200)).get().statusCode()).isEqualTo(200);
      HttpResponse<String> refused = get(client, server, names(300)).get();
      assertThat(refused.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(refused.statusCode()).isEqualTo(431);
      assertThat(get(client, server).get().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void refusedHeads_haveTheirLines() throws Exception {
    Path path = directory.resolve("access.log");
    Board board = new Board();
    try (LogFile file = LogFile.open("--access-log", path.toString());
        WebServer server =
            open(
                new AccessLog(waiting, file, AccessLog.Format.COMBINED, false, board, null),
                ServerLimits.standard().withConnections(64, 0))) {
      HttpClient client = Certificates.client(certificate);
      assertThat(get(client, server, names(300)).get().statusCode()).isEqualTo(431);
      List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
      do {
        all.add(get(client, server, "x", IN_ONE_FRAME));
      } while (begins(all.get(all.size() - 1)));
      assertThat(all.remove(all.size() - 1).get().statusCode()).isEqualTo(503);
      answer.countDown();
      for (CompletableFuture<HttpResponse<String>> one : all) {
        assertThat(one.get().statusCode()).isEqualTo(200);
      }
      // A line is written a moment after the client has the response.
      while (Files.readAllLines(path).size() < 2 + all.size()) {
        Thread.onSpinWait();
      }
      assertThat(Files.readAllLines(path))
          .allMatch(line -> line.startsWith("127.0.0.1 - - ["))
          .anyMatch(line -> line.contains("\"GET / HTTP/2.0\" 431 -"))
          .anyMatch(line -> line.contains("\"GET / HTTP/2.0\" 503 -"))
          .anyMatch(line -> line.contains("\"GET / HTTP/2.0\" 200 5"))
          .hasSize(2 + all.size());
    }
  }

  private static String[] names(int count) {
    return IntStream.range(0, 2 * count)
        .mapToObj(i -> i % 2 == 0 ? "x-" + i : "v")
        .toArray(String[]::new);
  }

  @Test
  void heads_shareThePlacesOfAllConnections() throws Exception {
    ServerLimits limits = ServerLimits.standard().withConnections(64, 3);
    try (WebServer server = open(waiting, limits)) {
      HttpClient client = Certificates.client(certificate);
      List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
      int begun = 0;
      while (all.size() == begun) {
        all.add(get(client, server, "x", IN_ONE_FRAME));
        begun += begins(all.get(begun)) ? 1 : 0;
      }
      HttpResponse<String> refused = all.remove(begun).get();
      assertThat(begun).isBetween(14, 20);
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("Retry-After")).contains("1");

      // One connection does not take all places.
      HttpClient other = Certificates.client(certificate);
      int ofOne = begun;
      while (all.size() == begun) {
        all.add(get(other, server, "x", IN_ONE_FRAME));
        begun += begins(all.get(begun)) ? 1 : 0;
      }
      assertThat(all.remove(begun).get().statusCode()).isEqualTo(503);
      assertThat(begun - ofOne).isBetween(8, 13);
      all.add(get(other, server, "x", "short"));

      answer.countDown();
      for (CompletableFuture<HttpResponse<String>> one : all) {
        assertThat(one.get().body()).isEqualTo("whole");
      }
      // A place is free a moment after the client has the response.
      int status = 503;
      while (status == 503) {
        status = get(other, server, "x", IN_ONE_FRAME).get().statusCode();
      }
      assertThat(status).isEqualTo(200);
      assertThat(get(other, server, "x", LONG).get().statusCode()).isEqualTo(200);
    }
  }

  /** Waits until the application has the request. Returns false if there was a response before. */
  private boolean begins(CompletableFuture<?> response) throws InterruptedException {
    while (!running.tryAcquire(10, TimeUnit.MILLISECONDS)) {
      if (response.isDone()) {
        return false;
      }
    }
    return true;
  }

  @Test
  void pageWithManyPartsAndLargeCookies_passesOnASmallHeap() throws Exception {
    try (WebServer server = open(waiting, ServerLimits.ofHeap(64 << 20))) {
      HttpClient browser = Certificates.client(certificate);
      List<CompletableFuture<HttpResponse<String>>> parts =
          IntStream.range(0, 30)
              .mapToObj(i -> get(browser, server, "cookie", "c=" + "x".repeat(16 * 1024)))
              .toList();
      assertThat(running.tryAcquire(parts.size(), 30, TimeUnit.SECONDS)).isTrue();
      answer.countDown();
      for (CompletableFuture<HttpResponse<String>> part : parts) {
        assertThat(part.get().statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void headInSeveralFrames_mustComeInTime() throws Exception {
    ServerLimits limits = ServerLimits.standard().withHead(Duration.ofMillis(300));
    byte[] head = Http2Wire.head(Map.of("x", LONG));
    try (WebServer server = open(waiting, limits);
        Http2Wire wire = Http2Wire.to(server.port(), Certificates.trusting(certificate))) {
      wire.frame(Http2Wire.HEADERS, 0, 1, head, 0, 16_000);
      wire.header(Http2Wire.CONTINUATION, 0, 1, 16_000);
      long begun = System.nanoTime();
      Thread dripping =
          new Thread(
              () -> {
                try {
                  for (int at = 16_000; at < 32_000; at++) {
                    wire.send(head, at, 1);
                    Thread.sleep(50);
                  }
                } catch (IOException | InterruptedException e) {
                  // The server has ended the connection.
                }
              });
      dripping.start();
      int type = 0;
      for (Http2Wire.Frame frame = wire.read(); frame != null; frame = wire.read()) {
        type = frame.type();
      }
      assertThat(type).isEqualTo(Http2Wire.GOAWAY);
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
      dripping.interrupt();
      dripping.join();
    }
  }
}

package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.launcher.http.ServerLimits;
import dev.postern.launcher.status.Board;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What heads may take: fields, memory, processor. */
@Timeout(60)
class HeadLimitsTest {
  private static WebServer server;

  @BeforeAll
  static void open() throws Exception {
    Logs.quiet();
    server = open(12, 12);
  }

  private static WebServer open(int connections, int longHeads) throws IOException {
    return WebServer.open(
        InetAddress.getByName("127.0.0.1"),
        0,
        Application.of(
            environ ->
                Response.of(
                    200,
                    Headers.of("Content-Type", "text/plain"),
                    Body.of(environ.keySet().size() + "\n"))),
        HeadLimitsTest.class.getClassLoader(),
        ServerLimits.standard().withConnections(connections, longHeads));
  }

  @AfterAll
  static void close() throws Exception {
    server.close();
  }

  @Test
  void requestsThatTheServerAnswersItself_haveTheirLines(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("access.log");
    Application hello =
        Application.of(
            environ -> Response.of(200, Headers.of("Content-Type", "a/b"), Body.of("x")));
    Board board = new Board();
    try (LogFile file = LogFile.open("--access-log", path.toString());
        WebServer logged =
            WebServer.open(
                InetAddress.getByName("127.0.0.1"),
                0,
                new AccessLog(hello, file, AccessLog.Format.COMBINED, false, board, null),
                HeadLimitsTest.class.getClassLoader())) {
      Wire.exchange(logged.port(), head(257));
      Wire.exchange(logged.port(), "GET /nohost?secret=1 HTTP/1.1\r\n\r\n");
      Wire.exchange(logged.port(), "nonsense\r\n\r\n");
      Wire.request(logged.port(), "OPTIONS * HTTP/1.1\nHost: h");
      Wire.request(logged.port(), "GET /served HTTP/1.1\nHost: h");
      // A line is written a moment after the client has the response.
      while (Files.readAllLines(path).size() < 5) {
        Thread.onSpinWait();
      }
      assertThat(Files.readAllLines(path))
          .allMatch(line -> line.startsWith("127.0.0.1 - - ["))
          .anyMatch(line -> line.contains("\"GET / HTTP/1.1\" 431 "))
          .anyMatch(line -> line.contains("\"GET /nohost HTTP/1.1\" 400 "))
          .anyMatch(line -> line.contains("\"BAD /badMessage HTTP/1.0\" 400 "))
          .anyMatch(line -> line.contains("\"OPTIONS * HTTP/1.1\" 200 -"))
          .anyMatch(line -> line.contains("\"GET /served HTTP/1.1\" 200 1 "))
          .hasSize(5);
    }
  }

  /** Fields {@code X00001: b} and so on. */
  private static String fields(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> String.format("X%05d: b\r\n", i))
        .collect(Collectors.joining());
  }

  private static String head(int fields) {
    return "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + fields(fields - 2) + "\r\n";
  }

  @Test
  void h27_fields_upTo256_areTaken() throws Exception {
    assertThat(Wire.exchange(server.port(), head(256))).startsWith("HTTP/1.1 200 ");
    assertThat(Wire.exchange(server.port(), head(257)))
        .startsWith("HTTP/1.1 431 Request Header Fields Too Large\r\n")
        .endsWith("\r\n\r\n431 Request Header Fields Too Large\n");
  }

  @Test
  void h27_manyFieldNames_costLittle() throws Exception {
    String head = head(12_000);
    assertThat(Wire.exchange(server.port(), head)).startsWith("HTTP/1.1 431 ");
    long before = processorTime();
    for (int i = 0; i < 10; i++) {
      assertThat(Wire.exchange(server.port(), head)).startsWith("HTTP/1.1 431 ");
    }
    // With work in the square of their number, one of them took seconds.
    assertThat(processorTime() - before).isLessThan(Duration.ofSeconds(5).toNanos());
  }

  @Test
  void manyQueryParametersAndCookies_costLittle() throws Exception {
    String parameters =
        IntStream.range(0, 12_000).mapToObj(i -> "p" + i + "=1").collect(Collectors.joining("&"));
    String head = "GET /?" + parameters + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCookie: ";
    String cookies = "a=b; ".repeat(5_000) + "c=d\r\n\r\n";
    Wire.exchange(server.port(), head + cookies);
    long before = processorTime();
    for (int i = 0; i < 10; i++) {
      assertThat(Wire.exchange(server.port(), head + cookies)).startsWith("HTTP/1.1 200 ");
    }
    assertThat(processorTime() - before).isLessThan(Duration.ofSeconds(5).toNanos());
  }

  private static long processorTime() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  @Test
  void longHeads_haveTheirPlaces_shortOnesAreServed() throws Exception {
    String half = "GET / HTTP/1.1\r\nHost: h\r\nX: " + "x".repeat(40_000);
    WebServer few = open(12, 2);
    ExecutorService readers = Executors.newCachedThreadPool();
    CompletionService<String> answers = new ExecutorCompletionService<>(readers);
    List<Wire> wires = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        Wire wire = Wire.to(few.port());
        wires.add(wire);
        wire.send(half);
        answers.submit(wire::readAll);
      }
      for (int i = 2; i < wires.size(); i++) {
        assertThat(answers.take().get())
            .startsWith("HTTP/1.1 503 Service Unavailable\r\n")
            .containsIgnoringCase("\r\nRetry-After: ");
      }
      assertThat(Wire.exchange(few.port(), head(3))).startsWith("HTTP/1.1 200 ");
      for (Wire wire : wires) {
        end(wire);
      }
      assertThat(answers.take().get()).startsWith("HTTP/1.1 200 ");
      assertThat(answers.take().get()).startsWith("HTTP/1.1 200 ");
    } finally {
      for (Wire wire : wires) {
        wire.close();
      }
      readers.shutdownNow();
    }
    // Each has given its place back, which may take a moment.
    String answer = "";
    while (!answer.startsWith("HTTP/1.1 200 ")) {
      answer = Wire.exchange(few.port(), half + "\r\nConnection: close\r\n\r\n");
    }
    few.close();
  }

  private static void end(Wire wire) {
    try {
      wire.send("x\r\nConnection: close\r\n\r\n");
    } catch (IOException e) {
      // One of those that were refused.
    }
  }

  @Test
  void connectionsAboveTheLimit_waitForTheirTurn() throws Exception {
    List<Wire> wires = new ArrayList<>();
    try {
      for (int i = 0; i < 40; i++) {
        Wire wire = Wire.to(server.port());
        wires.add(wire);
        wire.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      }
      for (Wire wire : wires) {
        assertThat(wire.readAll()).startsWith("HTTP/1.1 200 ");
        wire.close();
      }
    } finally {
      for (Wire wire : wires) {
        wire.close();
      }
    }
  }
}

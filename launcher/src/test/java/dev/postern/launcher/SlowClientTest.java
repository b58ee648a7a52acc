package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.StartResponse;
import dev.postern.launcher.http.ServerLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that take or send little, next to others that shall not notice. */
@Timeout(60)
class SlowClientTest {
  private static final Duration IDLE = Duration.ofMillis(1000);
  private static final Duration HEAD = Duration.ofMillis(1000);
  private static final int LARGE = 8 << 20;

  /** How the requests for the large body ended. */
  private static final BlockingQueue<Outcome> ENDED = new LinkedBlockingQueue<>();

  /** A permit for each body that is read. */
  private static final Semaphore READING = new Semaphore(0);

  private static WebServer server;

  @BeforeAll
  static void open() throws Exception {
    Logs.quiet();
    server = open(ServerLimits.standard().withIdle(IDLE).withHead(HEAD).withThreads(24, 8));
  }

  private static WebServer open(ServerLimits limits) throws Exception {
    return WebServer.open(
        InetAddress.getByName("127.0.0.1"),
        0,
        SlowClientTest::answer,
        SlowClientTest.class.getClassLoader(),
        limits);
  }

  @AfterAll
  static void close() throws Exception {
    server.close();
  }

  private static Body answer(Environ environ, StartResponse startResponse) throws Exception {
    Headers text = Headers.of("Content-Type", "text/plain; charset=utf-8");
    switch (environ.pathInfo()) {
      case "/large" -> {
        environ.onFinish(ENDED::add);
        startResponse.start(200, text);
        return Body.of(new byte[LARGE]);
      }
      case "/read" -> {
        return readBody(environ, startResponse, text);
      }
      default -> {
        startResponse.start(404, text);
        return Body.of("404 Not Found\n");
      }
    }
  }

  /** Tells of a late body by itself, as a test must not fill the log. */
  private static Body readBody(Environ environ, StartResponse startResponse, Headers text)
      throws IOException {
    READING.release();
    try {
      byte[] body = environ.input().readAllBytes();
      startResponse.start(200, text);
      return Body.of("read " + body.length + "\n");
    } catch (IOException e) {
      assertThat(e).hasMessage("request body must come in time");
      startResponse.start(408, text);
      return Body.of("late\n");
    }
  }

  private static void assertOthersAreServed() throws Exception {
    long start = System.nanoTime();
    assertThat(Wire.request(server.port(), "GET /other HTTP/1.1\nHost: h")).contains(" 404 ");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  /**
   * A client with a small receive buffer takes some kB, waits for a third of the idle time, and so
   * on, for several times the idle time: with the kernel's own send buffer of megabytes, no byte of
   * the server's would move meanwhile.
   */
  @Test
  void attackF09_slowSteadyReaders_getEverything() throws Exception {
    List<Thread> readers = new ArrayList<>();
    BlockingQueue<Object> results = new LinkedBlockingQueue<>();
    for (int i = 0; i < 4; i++) {
      Thread reader = new Thread(() -> results.add(readSlowly()), "reader");
      reader.start();
      readers.add(reader);
    }
    assertOthersAreServed();
    for (Thread reader : readers) {
      reader.join();
    }
    assertThat(results).hasSize(readers.size()).allMatch(result -> result.equals(LARGE));
  }

  /** The number of bytes of the body, or why it is not whole. */
  private static Object readSlowly() {
    try (Wire wire = Wire.to(server.port(), 8 * 1024)) {
      wire.send("GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      wire.readHead();
      int read = 0;
      CountDownLatch never = new CountDownLatch(1);
      long slow = System.nanoTime() + IDLE.multipliedBy(3).toNanos();
      while (System.nanoTime() - slow < 0) {
        read += wire.in().readNBytes(16 * 1024).length;
        never.await(100, TimeUnit.MILLISECONDS);
      }
      return read + wire.in().readAllBytes().length;
    } catch (IOException | InterruptedException e) {
      return e;
    }
  }

  @Test
  void attackF09_readerThatTakesNothing_isCut() throws Exception {
    ENDED.clear();
    try (Wire wire = Wire.to(server.port(), 8 * 1024)) {
      wire.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
      wire.readHead();
      Outcome outcome = ENDED.poll(30, TimeUnit.SECONDS);
      assertThat(outcome).isNotNull();
      assertThat(outcome.complete()).isFalse();
    }
  }

  @Test
  void attackF08_stalledBodiesOfRefusedRequests_holdNoThread() throws Exception {
    List<Wire> wires = new ArrayList<>();
    try {
      for (int i = 0; i < 40; i++) {
        Wire wire = Wire.to(server.port());
        wires.add(wire);
        wire.send("POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nxx");
      }
      assertOthersAreServed();
      for (Wire wire : wires) {
        assertThat(wire.readAll()).startsWith("HTTP/1.1 404 ").endsWith("\r\n\r\n404 Not Found\n");
      }
    } finally {
      closeAll(wires);
    }
  }

  @Test
  void attackG03_unreadBodyThatIsThere_leavesTheConnectionOpen() throws Exception {
    try (Wire wire = Wire.to(server.port())) {
      String body = "x".repeat(300_000);
      for (int i = 0; i < 3; i++) {
        wire.send(
            "POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n"
                + body
                + "POST /nothing HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nxxx\r\n0\r\n\r\n");
        assertThat(wire.readHead()).startsWith("HTTP/1.1 404 ");
        assertThat(wire.read(14)).isEqualTo("404 Not Found\n");
        assertThat(wire.readHead()).startsWith("HTTP/1.1 404 ");
        assertThat(wire.read(14)).isEqualTo("404 Not Found\n");
      }
    }
  }

  @Test
  void attackF08_drippingBodies_leaveThreadsToOthers_andAreRefused() throws Exception {
    List<Wire> wires = new ArrayList<>();
    try {
      for (int i = 0; i < 60; i++) {
        Wire wire = Wire.to(server.port());
        wires.add(wire);
        wire.send("POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\nx");
      }
      assertOthersAreServed();
      // They would like to go on for hours.
      CountDownLatch dripping = new CountDownLatch(1);
      Thread dripper =
          new Thread(
              () -> {
                try {
                  while (!dripping.await(200, TimeUnit.MILLISECONDS)) {
                    for (Wire wire : wires) {
                      drip(wire);
                    }
                  }
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              },
              "dripper");
      dripper.start();
      try {
        assertOthersAreServed();
        // Late where it had a thread, and busy where it still waited for one.
        assertThat(wires.get(0).readHead()).containsPattern("^HTTP/1\\.1 (408|503) ");
        assertOthersAreServed();
      } finally {
        dripping.countDown();
        dripper.join();
      }
    } finally {
      closeAll(wires);
    }
  }

  /** The second body waits for the thread of the first one, which shortens its grace. */
  @Test
  void stalledBody_isLate_withoutAnEntryInTheLog() throws Exception {
    String stalled = "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx";
    List<String> logged = new CopyOnWriteArrayList<>();
    Handler handler = new LogOf(logged);
    Logger jetty = Logger.getLogger("org.eclipse.jetty");
    jetty.addHandler(handler);
    try (WebServer one = open(ServerLimits.standard().withThreads(24, 1));
        Wire first = Wire.to(one.port());
        Wire second = Wire.to(one.port())) {
      READING.drainPermits();
      first.send(stalled);
      READING.acquire();
      second.send(stalled);
      assertThat(first.readAll()).startsWith("HTTP/1.1 408 ");
      assertThat(logged).isEmpty();
    } finally {
      jetty.removeHandler(handler);
    }
  }

  private static final class LogOf extends Handler {
    private final List<String> logged;

    LogOf(List<String> logged) {
      this.logged = logged;
    }

    @Override
    public void publish(LogRecord record) {
      logged.add(record.getMessage() + " " + record.getThrown());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  private static void drip(Wire wire) {
    try {
      wire.send("x");
    } catch (IOException e) {
      // Refused by now.
    }
  }

  @Test
  void attackF08_steadyUpload_isRead() throws Exception {
    try (Wire wire = Wire.to(server.port())) {
      wire.send("POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n");
      CountDownLatch never = new CountDownLatch(1);
      for (int i = 0; i < 10; i++) {
        wire.send("x".repeat(4000));
        never.await(100, TimeUnit.MILLISECONDS);
      }
      assertThat(wire.readHead()).startsWith("HTTP/1.1 200 ");
      assertThat(wire.read(11)).isEqualTo("read 40000\n");
    }
  }

  @Test
  void attackF06_drippingHead_is408() throws Exception {
    try (Wire wire = Wire.to(server.port())) {
      wire.send("GET / HTTP/1.1\r\nHost: h\r\n");
      CountDownLatch never = new CountDownLatch(1);
      try {
        for (int i = 0; i < 40; i++) {
          never.await(100, TimeUnit.MILLISECONDS);
          wire.send("X: y\r\n");
        }
      } catch (IOException e) {
        // It is refused by now.
      }
      assertThat(wire.readAll()).startsWith("HTTP/1.1 408 Request Timeout\r\n");
    }
  }

  @Test
  void keptConnection_hasTheTimeOfAHeadForEachRequest() throws Exception {
    try (Wire wire = Wire.to(server.port())) {
      CountDownLatch never = new CountDownLatch(1);
      for (int i = 0; i < 4; i++) {
        wire.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(wire.readHead()).startsWith("HTTP/1.1 404 ");
        assertThat(wire.read(14)).isEqualTo("404 Not Found\n");
        never.await(HEAD.toMillis() / 3, TimeUnit.MILLISECONDS);
      }
    }
  }

  private static void closeAll(List<Wire> wires) throws IOException {
    for (Wire wire : wires) {
      wire.close();
    }
  }
}

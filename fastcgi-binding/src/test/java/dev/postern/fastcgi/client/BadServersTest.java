package dev.postern.fastcgi.client;

import static dev.postern.fastcgi.client.FakeServer.end;
import static dev.postern.fastcgi.client.FakeServer.join;
import static dev.postern.fastcgi.client.FakeServer.record;
import static dev.postern.fastcgi.client.FakeServer.stdout;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.cgi.ProcessLimit;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.fastcgi.OpenFiles;
import dev.postern.fastcgi.wire.Records;
import dev.postern.scgi.ScgiApplication;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Servers that answer garbage, or stop in the middle, leave nothing behind in the application that
 * asks them. {@link OpenFiles} tells the long form.
 */
@Timeout(600)
class BadServersTest {
  private static final int CLIENTS = 4;
  private static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);
  private static final String HEAD = "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n";
  private static final byte[] FASTCGI =
      join(
          record(Records.STDERR, 1, "warned\n".getBytes(StandardCharsets.US_ASCII), 1),
          stdout(HEAD + "hel"),
          stdout("lo"),
          record(Records.STDOUT, 1, new byte[0], 0),
          end(0, Records.REQUEST_COMPLETE));
  private static final byte[] SCGI = (HEAD + "hello").getBytes(StandardCharsets.US_ASCII);

  /** Held, so that its level stays. */
  private static final Logger LOG = Logger.getLogger("dev.postern.cgi");

  private final Level level = LOG.getLevel();
  private final AtomicInteger turn = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger cut = new AtomicInteger();
  private final AtomicInteger whole = new AtomicInteger();
  private volatile boolean good;

  @BeforeEach
  void silenceLog() {
    LOG.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreLog() {
    LOG.setLevel(level);
  }

  @Test
  void fastcgiServers_leaveNothing() throws Exception {
    ProcessLimit limit = ProcessLimit.of(CLIENTS);
    OpenFiles before = OpenFiles.now();
    try (FakeServer server = new FakeServer((in, out) -> answer(in, out, FASTCGI));
        FastCgiApplication application =
            FastCgiApplication.builder(server.address())
                .limit(limit)
                .headerTimeout(Duration.ofMillis(300))
                .build()) {
      askAll(application, limit);
    }
    before.awaitAgain("a FastCGI client", 2 * CLIENTS);
  }

  @Test
  void scgiServers_leaveNothing() throws Exception {
    ProcessLimit limit = ProcessLimit.of(CLIENTS);
    OpenFiles before = OpenFiles.now();
    try (FakeServer server = new FakeServer((in, out) -> answer(in, out, SCGI));
        ScgiApplication application =
            ScgiApplication.builder(server.address())
                .limit(limit)
                .headerTimeout(Duration.ofMillis(300))
                .build()) {
      askAll(application, limit);
    }
    before.awaitAgain("an SCGI client", 2 * CLIENTS);
  }

  private void askAll(Application application, ProcessLimit limit) throws Exception {
    AtomicInteger next = new AtomicInteger();
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<?>> all = new ArrayList<>();
      ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
      for (int i = 0; i < CLIENTS; i++) {
        all.add(
            clients.submit(
                () -> {
                  for (int n = next.getAndIncrement();
                      n < OpenFiles.BAD_PEERS;
                      n = next.getAndIncrement()) {
                    judge(request(n).to(application), wrong);
                  }
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
      assertThat(wrong).isEmpty();
    } finally {
      clients.shutdownNow();
    }
    assertThat(refused.get()).isPositive();
    assertThat(cut.get()).isPositive();
    assertThat(whole.get()).isPositive();
    assertThat(limit.available()).as("places").isEqualTo(limit.max());
    assertThat(OpenFiles.now().spools()).isZero();
    good = true;
    for (int n = 0; n < CLIENTS; n++) {
      Ask after = Ask.get("/").to(application);
      assertThat(after.status).isEqualTo(200);
      assertThat(after.body()).isEqualTo("hello");
    }
  }

  /** Without a body, with one of a known length, and with one that is spooled into a file. */
  private static Ask request(int n) {
    if (n % 50 == 49) {
      return Ask.of("POST", "/")
          .with("HTTP_TRANSFER_ENCODING", "chunked")
          .input(new ByteArrayInputStream(new byte[200_000]));
    }
    return n % 3 == 0 ? Ask.post("/", new byte[n % 5000]) : Ask.get("/");
  }

  /** The client has an error, or sees that the response is cut, or has all of it. */
  private void judge(Ask ask, ConcurrentLinkedQueue<String> wrong) {
    if (ask.outcome == null) {
      wrong.add("no outcome");
    } else if (ask.aborted) {
      cut.incrementAndGet();
    } else if (ask.status == 502 || ask.status == 503 || ask.status == 504) {
      refused.incrementAndGet();
    } else if (ask.outcome.complete()) {
      whole.incrementAndGet();
    } else {
      wrong.add(ask.status + " " + ask.outcome);
    }
  }

  private void answer(InputStream in, OutputStream out, byte[] response) throws Exception {
    if (good) {
      in.read(new byte[1 << 16]);
      out.write(response);
      return;
    }
    int n = turn.getAndIncrement();
    Random random = new Random(n);
    if (n % 500 == 499) {
      // Silent, until the client has had enough.
      in.readAllBytes();
      return;
    }
    switch (n % 8) {
      case 0 -> {
        // Ends before it has read anything.
      }
      case 1 -> in.read(new byte[random.nextInt(100) + 1]);
      case 2 -> {
        in.read(new byte[1 << 16]);
        out.write(response, 0, random.nextInt(response.length));
      }
      case 3 -> {
        in.read(new byte[1 << 16]);
        byte[] broken = response.clone();
        broken[random.nextInt(broken.length)] ^= (byte) (1 + random.nextInt(255));
        out.write(broken);
      }
      case 4 -> {
        in.read(new byte[1 << 16]);
        byte[] garbage = new byte[1 + random.nextInt(4000)];
        random.nextBytes(garbage);
        out.write(garbage);
      }
      case 5 -> out.write(Arrays.copyOf(response, response.length - HELLO.length - 30));
      case 6 -> {
        in.read(new byte[1 << 16]);
        byte[] endless = new byte[70_000];
        Arrays.fill(endless, (byte) 'x');
        out.write(endless);
      }
      default -> {
        in.read(new byte[1 << 16]);
        out.write(response);
        // What nobody has asked for, on a connection that may be kept.
        out.write(response, 0, random.nextInt(response.length));
      }
    }
  }
}

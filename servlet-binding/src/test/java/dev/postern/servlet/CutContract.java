package dev.postern.servlet;

import static dev.postern.servlet.ResponseContract.SECRET;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Responses that cannot be completed, clients that leave, and that each body is closed once. */
abstract class CutContract extends ContainerContract {
  CutContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  private static final byte[] HALF = "half".getBytes(StandardCharsets.US_ASCII);

  /** Sends a half, and fails. */
  private static Application failing(Headers headers) {
    return (environ, startResponse) -> {
      startResponse.start(200, headers);
      return Body.writing(
          out -> {
            out.write(HALF);
            out.flush();
            throw new IllegalStateException(SECRET);
          });
    };
  }

  @Test
  void cutResponse_lacksItsLastChunk() throws Exception {
    int port = start(failing(Headers.of("Content-Type", "text/x-own")));
    for (String option : new String[] {"keep-alive", "close", "Close, x-other"}) {
      assertCut(RawClient.request("GET", "/", "Connection: " + option), port);
    }
  }

  @Test
  void h16_cutResponse_isShortOfItsContentLength() throws Exception {
    int port = start(failing(Headers.of("Content-Length", "8")));
    for (String option : new String[] {"keep-alive", "close"}) {
      assertCut(RawClient.request("GET", "/", "Connection: " + option), port);
      assertCut("GET / HTTP/1.0\r\nHost: x\r\nConnection: " + option + "\r\n\r\n", port);
    }
  }

  @Test
  void attackE02_shortBody_isCut() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(200, Headers.of("Content-Length", "8"));
              return Body.writing(
                  out -> {
                    out.write(HALF);
                    out.flush();
                  });
            });
    assertCut(RawClient.request("GET", "/"), port);
  }

  /** The engine has committed it, the container still holds it back. */
  @Test
  void cutResponse_isCutAlsoInsideTheContainersBuffer() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(200, Headers.of());
              return Body.writing(
                  out -> {
                    out.write(new byte[8 * 1024]);
                    throw new IllegalStateException(SECRET);
                  });
            });
    for (String option : new String[] {"keep-alive", "close"}) {
      RawResponse response = RawClient.get(port, "/", "Connection: " + option);
      assertThat(response.status()).isEqualTo(200);
      assertThat(response.end()).isEqualTo(RawResponse.End.CUT);
      assertThat(response.toString()).doesNotContain(SECRET);
    }
  }

  /**
   * The protocol knows no other end than the connection's, and a servlet cannot reset it: see
   * {@link ServletGateway}.
   */
  @Test
  void http10_cutResponseOfUnknownLengthCannotBeSeen() throws Exception {
    int port = start(failing(Headers.of()));
    RawResponse response = RawClient.exchange(port, "GET / HTTP/1.0\r\nHost: x\r\n\r\n");
    assertThat(response.text()).isEqualTo("half");
    assertThat(response.end()).isEqualTo(RawResponse.End.CLOSED);
  }

  private static void assertCut(String request, int port) throws IOException {
    try (RawClient client = new RawClient(port)) {
      RawResponse response = client.send(request).response("GET");
      assertThat(response.status()).isEqualTo(200);
      assertThat(response.text()).isEqualTo("half");
      assertThat(response.end()).as(request).isEqualTo(RawResponse.End.CUT);
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void cutResponse_leavesTheContainerUsable() throws Exception {
    AtomicBoolean fails = new AtomicBoolean();
    Application cut = failing(Headers.of());
    int port =
        start(
            (environ, startResponse) -> {
              if (fails.get()) {
                return cut.call(environ, startResponse);
              }
              startResponse.start(200, Headers.of());
              return Body.of("fine");
            });
    for (int i = 0; i < 20; i++) {
      fails.set(i % 2 == 0);
      assertThat(RawClient.get(port, "/").text()).isEqualTo(i % 2 == 0 ? "half" : "fine");
    }
  }

  // ---- the client leaves ----

  @Test
  void attackE09_clientThatLeaves_cancelsTheExchange() throws Exception {
    CountDownLatch cancelled = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    AtomicBoolean complete = new AtomicBoolean(true);
    int port =
        start(
            (environ, startResponse) -> {
              environ.onCancel(cancelled::countDown);
              environ.onFinish(
                  outcome -> {
                    complete.set(outcome.complete());
                    closed.countDown();
                  });
              startResponse.start(200, Headers.of());
              return Body.writing(
                  out -> {
                    while (true) {
                      out.write('x');
                      out.flush();
                    }
                  });
            });
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/")).head("GET");
      assertThat(client.block()).isNotEmpty();
      client.reset();
    }
    assertThat(cancelled.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(complete).isFalse();
  }

  // ---- close ----

  @Test
  void close_comesOnceOnEveryPath() throws Exception {
    Counting whole = new Counting(out -> out.write(HALF));
    Counting failing =
        new Counting(
            out -> {
              throw new IllegalStateException(SECRET);
            });
    Counting cut =
        new Counting(
            out -> {
              out.flush();
              throw new IllegalStateException(SECRET);
            });
    Counting tooLong = new Counting(out -> out.write(new byte[100_000]));
    assertClosedOnce(whole, 200, "GET");
    assertClosedOnce(whole, 200, "HEAD");
    assertClosedOnce(whole, 204, "GET");
    assertClosedOnce(whole, 304, "GET");
    assertClosedOnce(failing, 200, "GET");
    assertClosedOnce(cut, 200, "GET");
    assertClosedOnce(tooLong, 200, "GET");
  }

  private void assertClosedOnce(Counting body, int status, String method) throws Exception {
    CountDownLatch finished = new CountDownLatch(1);
    body.closed.set(0);
    int port =
        start(
            (environ, startResponse) -> {
              environ.onFinish(outcome -> finished.countDown());
              startResponse.start(status, Headers.of());
              return body;
            });
    RawClient.exchange(port, RawClient.request(method, "/"));
    assertThat(finished.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(body.closed).as(method + " " + status).hasValue(1);
  }

  /** Counts how often it is closed. */
  private static final class Counting implements Body {
    private final AtomicInteger closed = new AtomicInteger();
    private final Body.Writer writer;

    Counting(Body.Writer writer) {
      this.writer = writer;
    }

    @Override
    public void writeTo(java.io.OutputStream out) throws Exception {
      writer.writeTo(out);
    }

    @Override
    public java.util.Iterator<java.nio.ByteBuffer> iterator() {
      return Body.writing(writer).iterator();
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }
}

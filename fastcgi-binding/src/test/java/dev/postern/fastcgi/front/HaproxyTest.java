package dev.postern.fastcgi.front;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.fastcgi.FastCgiGateway;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What HAProxy makes of the end of a request. The other web servers read the whole body of a
 * request before they pass it on, or close the connection of a client that still sends.
 */
@Timeout(60)
class HaproxyTest {
  private static final int HALF = 1 << 19;
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private final CountDownLatch began = new CountDownLatch(1);
  private final CountDownLatch go = new CountDownLatch(1);

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void restOfABody_afterTheResponse_leavesTheConnectionToTheNextRequest(boolean sized)
      throws Exception {
    Application unread =
        (environ, start) -> {
          String text = "unread by " + environ.method();
          start.start(200, TEXT);
          return sized
              ? Body.of(text)
              : Body.writing(out -> out.write(text.getBytes(StandardCharsets.US_ASCII)));
        };
    try (FastCgiGateway gateway = gateway(unread).open();
        FrontServer front = front(gateway);
        Client client = new Client(front)) {
      for (int i = 0; i < 3; i++) {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + 2 * HALF + "\r\n\r\n");
        client.send("x".repeat(HALF));
        assertThat(client.answer("by POST")).contains("HTTP/1.1 200 ");
        client.send("x".repeat(HALF));
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(client.answer("by GET")).contains("HTTP/1.1 200 ");
      }
    }
  }

  @Test
  void overloadedGateway_isA503() throws Exception {
    Application waits =
        (environ, start) -> {
          began.countDown();
          go.await();
          start.start(200, TEXT);
          return Body.of("waited");
        };
    try (FastCgiGateway gateway = gateway(waits).maxRequests(1).open();
        FrontServer front = front(gateway);
        Client first = new Client(front);
        Client second = new Client(front)) {
      first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      began.await();
      for (int i = 0; i < 2; i++) {
        second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(second.answer("\r\n\r\n")).startsWith("HTTP/1.1 503 ");
      }
      go.countDown();
      assertThat(first.answer("waited")).startsWith("HTTP/1.1 200 ");
    } finally {
      go.countDown();
    }
  }

  /** HAProxy passes such a Host on. */
  @ParameterizedTest
  @ValueSource(strings = {"a\"><script>", "a b", "a@b", "a:b", "a:1:2", "[::1", "a/b"})
  void attackA17_hostThatIsNone_is400(String host) throws Exception {
    Application url =
        Application.of(environ -> Response.of(200, TEXT, Body.of(environ.url() + "\n")));
    try (FastCgiGateway gateway = gateway(url).open();
        FrontServer front = front(gateway);
        Client client = new Client(front)) {
      client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      assertThat(client.answer("\n\r\n")).contains(" 400 ");
    }
  }

  private static FastCgiGateway.Builder gateway(Application application) {
    return FastCgiGateway.builder(application).listen("127.0.0.1:0");
  }

  private static FrontServer front(FastCgiGateway gateway) throws IOException {
    return FrontServer.start(
        Documented.haproxy(Documented.block("haproxy", "fcgi-app"), gateway.address()));
  }

  /** A client with one connection. */
  private static final class Client implements AutoCloseable {
    private final Socket socket;

    Client(FrontServer front) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), front.port());
    }

    void send(String text) throws IOException {
      OutputStream out = socket.getOutputStream();
      out.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads until the text has come. */
    String answer(String last) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      InputStream in = socket.getInputStream();
      while (!bytes.toString(StandardCharsets.US_ASCII).contains(last)) {
        int next = in.read();
        assertThat(next).as(bytes.toString(StandardCharsets.US_ASCII)).isNotNegative();
        bytes.write(next);
      }
      return bytes.toString(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}

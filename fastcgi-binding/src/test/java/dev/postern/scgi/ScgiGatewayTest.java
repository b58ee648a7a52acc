package dev.postern.scgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Lint;
import dev.postern.Outcome;
import dev.postern.StartResponse;
import dev.postern.fastcgi.wire.Netstring;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** G01 to G09 and the attacks on a gateway's port, as bytes. */
class ScgiGatewayTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private final BlockingQueue<String> notes = new LinkedBlockingQueue<>();
  private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
  private final CountDownLatch go = new CountDownLatch(1);
  private final StringWriter log = new StringWriter();
  private ScgiGateway gateway;

  @BeforeEach
  void open() throws IOException {
    gateway = builder().open();
  }

  @AfterEach
  void close() {
    go.countDown();
    gateway.close();
  }

  private ScgiGateway.Builder builder() {
    return ScgiGateway.builder(Lint.of().wrap(this::application))
        .listen("127.0.0.1:0")
        .errors(new PrintWriter(log))
        .grace(Duration.ofSeconds(10));
  }

  private void reopen(ScgiGateway.Builder options) throws IOException {
    gateway.close();
    gateway = options.open();
  }

  private Body application(Environ environ, StartResponse start) throws Exception {
    notes.add(environ.method() + " " + environ.pathInfo());
    environ.onFinish(outcomes::add);
    switch (environ.pathInfo()) {
      case "/echo" -> {
        byte[] body;
        try {
          body = environ.input().readAllBytes();
        } catch (IOException e) {
          notes.add("read failed");
          throw e;
        }
        start.start(200, TEXT);
        return Body.of(body);
      }
      case "/wait" -> {
        go.await();
        start.start(200, TEXT);
        return Body.of("waited");
      }
      case "/large" -> {
        start.start(200, TEXT);
        return Body.of(new byte[1_000_000]);
      }
      case "/huge" -> {
        start.start(200, TEXT);
        return Body.writing(
            out -> {
              for (int i = 0; i < 400; i++) {
                out.write(new byte[64 * 1024]);
              }
            });
      }
      case "/stuck" -> {
        start.start(200, TEXT);
        return Body.writing(
            out -> {
              out.write("sent".getBytes(StandardCharsets.US_ASCII));
              out.flush();
              notes.add("sent");
              go.await();
            });
      }
      case "/cut" -> {
        start.start(200, TEXT);
        return Body.writing(
            out -> {
              out.write("sent".getBytes(StandardCharsets.US_ASCII));
              out.flush();
              throw new IOException("fails");
            });
      }
      case "/interrupted" -> {
        start.start(200, TEXT);
        Thread.currentThread().interrupt();
        return Body.of("interrupted");
      }
      case "/interrupted-read" -> {
        Thread.currentThread().interrupt();
        try {
          environ.input().readAllBytes();
        } catch (InterruptedIOException e) {
          notes.add("interrupt " + Thread.interrupted());
        }
        start.start(503, TEXT);
        return Body.of("too late");
      }
      case "/interrupted-wait" -> {
        InputStream in = environ.input();
        in.read();
        Thread reader = Thread.currentThread();
        Thread interrupter =
            new Thread(
                () -> {
                  while (Arrays.stream(reader.getStackTrace())
                      .noneMatch(frame -> frame.getClassName().equals(ScgiInput.class.getName()))) {
                    Thread.onSpinWait();
                  }
                  reader.interrupt();
                });
        interrupter.start();
        try {
          in.read();
        } catch (InterruptedIOException e) {
          notes.add("interrupt " + Thread.interrupted());
        }
        start.start(200, TEXT);
        return Body.of(in.readAllBytes());
      }
      default -> {
        start.start(200, TEXT);
        return Body.of(environ.pathInfo() + "?" + environ.queryString());
      }
    }
  }

  @Test
  void g07_responseIsInCgisFormAndTheConnectionIsClosed() throws IOException {
    assertThat(talk(request("GET", "/a", "")))
        .startsWith("Status: 200 OK\r\n")
        .contains("Content-Length: 3\r\n")
        .endsWith("\r\n\r\n/a?");
  }

  @Test
  void g08_requestByteByByteIsOne() throws IOException {
    byte[] request = request("POST", "/echo", "hello");
    try (Socket socket = connect()) {
      socket.setTcpNoDelay(true);
      OutputStream out = socket.getOutputStream();
      for (byte one : request) {
        out.write(one);
      }
      assertThat(rest(socket)).endsWith("\r\n\r\nhello");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0:,",
        ":,",
        "a:b,",
        "024:CONTENT_LENGTH|0|SCGI|1|,",
        "999999999:x",
        "600000:CONTENT_LENGTH",
        "24:SCGI|1|CONTENT_LENGTH|0|,",
        "24:CONTENT_LENGTH|0|SCGI|2|,",
        "25:CONTENT_LENGTH|+5|SCGI|1|,",
        "31:CONTENT_LENGTH|0|SCGI|1|SCGI|1|,",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      })
  void g01ToG05_whatIsNoScgiIsClosedWithoutACall(String bytes) throws IOException {
    assertThat(talk(bytes.replace('|', '\0').getBytes(StandardCharsets.ISO_8859_1))).isEmpty();
    assertThat(notes).isEmpty();
  }

  @Test
  void g01_netstringThatDoesNotEndIsClosed() throws IOException {
    reopen(builder().headTimeout(Duration.ofMillis(200)));
    assertThat(talk("24:CONTENT".getBytes(StandardCharsets.US_ASCII))).isEmpty();
    assertThat(notes).isEmpty();
  }

  @Test
  void g06_shortBodyIsAnError() throws Exception {
    byte[] head = head("POST", "/echo", 10);
    try (Socket socket = connect()) {
      socket.getOutputStream().write(head);
      socket.getOutputStream().write("short".getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      assertThat(rest(socket)).startsWith("Status: 400 ");
    }
    assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("POST /echo");
    assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("read failed");
  }

  @Test
  void g06_bytesAfterTheBodyAreNoBody() throws IOException {
    byte[] head = head("POST", "/echo", 3);
    try (Socket socket = connect()) {
      socket.getOutputStream().write(head);
      socket.getOutputStream().write("longer".getBytes(StandardCharsets.US_ASCII));
      assertThat(rest(socket)).endsWith("\r\n\r\nlon");
    }
  }

  @Test
  void answerOfAnInterruptedRequest_isSent() throws IOException {
    assertThat(talk(request("POST", "/interrupted", "x".repeat(200_000))))
        .endsWith("\r\n\r\ninterrupted");
  }

  @Test
  void bodyOfAnInterruptedRequest_isNotRead_andItsAnswerIsSent() throws Exception {
    assertThat(talk(request("POST", "/interrupted-read", "x".repeat(200_000))))
        .startsWith("Status: 503 ")
        .endsWith("too late");
    assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("POST /interrupted-read");
    assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("interrupt true");
  }

  @Test
  void interruptDuringARead_endsOnlyTheRead() throws Exception {
    byte[] head = head("POST", "/interrupted-wait", 4);
    try (Socket socket = connect()) {
      socket.getOutputStream().write(head);
      socket.getOutputStream().write('a');
      assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("POST /interrupted-wait");
      assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("interrupt true");
      socket.getOutputStream().write("bcd".getBytes(StandardCharsets.US_ASCII));
      assertThat(rest(socket)).startsWith("Status: 200 ").endsWith("\r\n\r\nbcd");
    }
  }

  @Test
  void bodyThatNobodyReads_doesNotTakeTheAnswer() throws IOException {
    assertThat(talk(request("POST", "/ignored", "x".repeat(200_000)))).endsWith("/ignored?");
  }

  @Test
  void bodyThatDoesNotCome_endsTheRequest() throws Exception {
    reopen(builder().bodyTimeout(Duration.ofMillis(200)));
    try (Socket socket = connect()) {
      socket.getOutputStream().write(head("POST", "/echo", 10));
      assertThat(rest(socket)).isEmpty();
    }
    assertThat(outcomes.poll(30, TimeUnit.SECONDS).complete()).isFalse();
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void bodyThatNobodyReads_doesNotKeepTheConnection() throws Exception {
    reopen(builder().maxConnections(1));
    try (Socket slow = connect()) {
      slow.getOutputStream().write(head("POST", "/large", 10));
      assertThat(rest(slow)).startsWith("Status: 200 ");
      // The thread that reads ahead takes this.
      slow.getOutputStream().write('x');
      assertThat(talk(request("GET", "/b", ""))).endsWith("/b?");
    }
  }

  @Test
  @Timeout(60)
  void restThatIsAwaited_keepsNoPlaceOfARequest() throws IOException {
    reopen(builder().maxRequests(1));
    try (Socket slow = connect()) {
      slow.getOutputStream().write(head("POST", "/a", 10));
      assertThat(rest(slow)).endsWith("/a?");
      assertThat(talk(request("GET", "/b", ""))).endsWith("/b?");
    }
  }

  /** As health checks and port scans leave it. */
  @Test
  @Timeout(60)
  void close_doesNotWaitForAConnectionWithoutAByte() throws Exception {
    reopen(builder().headTimeout(Duration.ofMinutes(10)).grace(Duration.ofMinutes(10)));
    try (Socket silent = connect()) {
      // Connections are accepted in order.
      assertThat(talk(request("GET", "/b", ""))).endsWith("/b?");
      gateway.close();
      assertThat(rest(silent)).isEmpty();
    }
  }

  /** Its first byte was on the way at the stop, so that the rest has the time of any request. */
  @Test
  @Timeout(60)
  void close_waitsForARequestThatHasBegun() throws Exception {
    byte[] request = request("GET", "/late", "");
    try (Socket silent = connect();
        Socket slow = connect()) {
      // Connections are accepted in order.
      assertThat(talk(request("GET", "/b", ""))).endsWith("/b?");
      Thread stop = new Thread(gateway::close);
      stop.start();
      awaitRefusal();
      slow.getOutputStream().write(request, 0, 1);
      assertThat(rest(silent)).isEmpty();
      slow.getOutputStream().write(request, 1, request.length - 1);
      assertThat(rest(slow)).endsWith("/late?");
      stop.join();
    }
  }

  /** A connection that waits is still accepted, so this leaves the gateway time to see none. */
  private void awaitRefusal() throws InterruptedException {
    boolean accepts = true;
    while (accepts) {
      try {
        Thread.sleep(5);
        connect().close();
      } catch (IOException e) {
        accepts = false;
      }
    }
  }

  @Test
  void largeResponse_isWhole() throws IOException {
    String answer = talk(request("GET", "/large", ""));
    assertThat(answer.length() - answer.indexOf("\r\n\r\n") - 4).isEqualTo(1_000_000);
  }

  @Test
  void responseThatFailsLate_isReset() throws Exception {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request("GET", "/cut", ""));
      assertReset(socket);
    }
    assertThat(outcomes.poll(30, TimeUnit.SECONDS).complete()).isFalse();
    assertThat(log.toString()).contains("fails");
  }

  private static void assertReset(Socket socket) {
    assertThatThrownBy(() -> rest(socket)).isInstanceOf(IOException.class);
  }

  @Test
  void responseThatIsNotTakenInTime_isReset() throws Exception {
    reopen(builder().writeTimeout(Duration.ofMillis(200)));
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request("GET", "/huge", ""));
      assertThat(outcomes.poll(30, TimeUnit.SECONDS).complete()).isFalse();
      assertReset(socket);
    }
  }

  @Test
  void responseThatOutlivesTheStop_isReset() throws Exception {
    reopen(builder().grace(Duration.ZERO));
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request("GET", "/stuck", ""));
      assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("GET /stuck");
      assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("sent");
      gateway.close();
      assertReset(socket);
    }
  }

  @Test
  void overloadedGateway_saysSo() throws Exception {
    reopen(builder().maxRequests(1));
    try (Socket first = connect()) {
      first.getOutputStream().write(request("GET", "/wait", ""));
      assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("GET /wait");
      assertThat(talk(request("GET", "/b", ""))).startsWith("Status: 503 ");
      go.countDown();
      assertThat(rest(first)).endsWith("waited");
    }
  }

  @Test
  void close_finishesWhatRuns() throws Exception {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request("GET", "/wait", ""));
      assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("GET /wait");
      Thread closer = new Thread(gateway::close);
      closer.start();
      go.countDown();
      assertThat(rest(socket)).endsWith("waited");
      closer.join();
    }
  }

  private Socket connect() throws IOException {
    String address = gateway.address();
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    return new Socket("127.0.0.1", port);
  }

  private String talk(byte[] bytes) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(bytes);
      return rest(socket);
    } catch (java.net.SocketException e) {
      // Closed while bytes of ours were unread.
      return "";
    }
  }

  private static String rest(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  private static byte[] request(String method, String path, String body) {
    byte[] head = head(method, path, body.length());
    byte[] all = new byte[head.length + body.length()];
    System.arraycopy(head, 0, all, 0, head.length);
    System.arraycopy(
        body.getBytes(StandardCharsets.ISO_8859_1), 0, all, head.length, body.length());
    return all;
  }

  private static byte[] head(String method, String path, int length) {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("REQUEST_METHOD", method);
    variables.put("SCRIPT_NAME", "");
    variables.put("PATH_INFO", path);
    variables.put("QUERY_STRING", "");
    variables.put("REQUEST_URI", path);
    variables.put("SERVER_NAME", "localhost");
    variables.put("SERVER_PORT", "80");
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
    return Netstring.encode(length, variables);
  }
}

package dev.postern.servlet;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Status, headers and framing at the wire, and that the connection stays usable. */
abstract class ResponseContract extends ContainerContract {
  ResponseContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  static final String SECRET = "secret-in-a-message";

  /** What containers add on their own. */
  private static final List<String> CONTAINERS_OWN =
      List.of("date", "server", "connection", "keep-alive", "transfer-encoding");

  @Test
  void h25_h26_headers_keepRepeatsOrderAndBytes() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(
                  200,
                  Headers.of(
                          "Set-Cookie", "a=1", "Link", "<a>", "X-Bytes", "caf\u00e9 \u0080\u00ff")
                      .plus("set-cookie", "b=2; Path=/")
                      .plus("Link", "<b>")
                      .plus("SET-COOKIE", "c=3"));
              return Body.of("x");
            });
    RawResponse response = RawClient.get(port, "/");
    assertThat(response.all("Set-Cookie")).containsExactly("a=1", "b=2; Path=/", "c=3");
    assertThat(response.all("Link")).containsExactly("<a>", "<b>");
    assertThat(response.header("X-Bytes")).isEqualTo("caf\u00e9 \u0080\u00ff");
    assertThat(response.header("Content-Length")).isEqualTo("1");
  }

  @Test
  void contentType_isTheApplications() throws Exception {
    int port = start(echoingHeader("X-Type", "Content-Type"));
    for (String type :
        List.of("text/plain", "text/html", "application/json", "image/png", "text/x-own;a=b")) {
      assertThat(RawClient.get(port, "/", "X-Type: " + type).header("Content-Type"))
          .isEqualTo(type);
    }
    // a space may go
    assertThat(RawClient.get(port, "/", "X-Type: text/html; charset=utf-8").header("Content-Type"))
        .matches("text/html; ?charset=utf-8");
  }

  @Test
  void contentType_isNotInvented() throws Exception {
    int port = start(Application.of(environ -> Response.of(200, Headers.of(), Body.of("x"))));
    assertThat(RawClient.get(port, "/").header("Content-Type")).isNull();
  }

  @Test
  void headers_areThoseOfTheApplicationAndNoMore() throws Exception {
    int port = start(text("x"));
    RawResponse response = RawClient.get(port, "/");
    assertThat(response.headers().stream().map(field -> field.getKey().toLowerCase()))
        .filteredOn(name -> !CONTAINERS_OWN.contains(name))
        .containsExactlyInAnyOrder("content-type", "content-length");
  }

  @Test
  void status_isAnyFrom200To599() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(Integer.parseInt(environ.queryString()), Headers.of());
              return Body.of("x");
            });
    for (int status : new int[] {200, 201, 299, 302, 404, 418, 451, 500, 503, 599}) {
      RawResponse response = RawClient.get(port, "/?" + status);
      assertThat(response.status()).isEqualTo(status);
      assertThat(response.text()).isEqualTo("x");
    }
  }

  @Test
  void h10_h24_head_hasTheHeadersOfGetAndNoBody() throws Exception {
    for (Body body : List.of(Body.of("hello"), iterated("a", "b"))) {
      int port =
          start(
              (environ, startResponse) -> {
                startResponse.start(200, Headers.of("Content-Type", "text/x-own", "X-A", "1"));
                return body;
              });
      try (RawClient client = new RawClient(port)) {
        RawResponse get = client.send(RawClient.request("GET", "/")).response("GET");
        RawResponse head = client.send(RawClient.request("HEAD", "/")).response("HEAD");
        assertThat(names(head)).containsAll(List.of("content-type", "x-a"));
        if (get.header("Content-Length") != null) {
          assertThat(head.header("Content-Length")).isEqualTo(get.header("Content-Length"));
        } else {
          assertThat(head.header("Content-Length")).isNull();
        }
        assertStillUsable(client);
      }
    }
  }

  @Test
  void h09_h10_h11_bodilessStatus_hasNoBodyAndKeepsTheConnection() throws Exception {
    for (int status : new int[] {204, 205, 304}) {
      int port =
          start(
              (environ, startResponse) -> {
                startResponse.start(status, Headers.of("ETag", "\"1\"", "Content-Length", "5"));
                return Body.of("12345");
              });
      try (RawClient client = new RawClient(port)) {
        RawResponse response = client.send(RawClient.request("GET", "/")).response("GET");
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.body()).isEmpty();
        assertThat(response.header("ETag")).isEqualTo("\"1\"");
        assertThat(response.header("Content-Length")).isEqualTo(status == 205 ? "0" : null);
        assertThat(response.header("Transfer-Encoding")).isNull();
        assertStillUsable(client);
      }
    }
  }

  @Test
  void knownLength_isSent() throws Exception {
    assertFraming(text("hello"), "hello", "5");
    assertFraming(text(""), "", "0");
    String large = "0123456789".repeat(20_000);
    assertFraming(text(large), large, "200000");
  }

  @Test
  void unknownLength_isChunked() throws Exception {
    assertFraming(body(iterated("a", "bc", "def")), "abcdef", null);
    assertFraming(
        body(
            Body.writing(
                out -> {
                  out.flush();
                  for (int i = 0; i < 20_000; i++) {
                    out.write('x');
                  }
                })),
        "x".repeat(20_000),
        null);
  }

  @Test
  void blocksOutsideTheHeap_areSentLikeOthers() throws Exception {
    byte[] expected = new byte[300_000];
    new Random(7).nextBytes(expected);
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(200, Headers.of("Content-Type", "application/octet-stream"));
              return Body.writing(
                  out -> {
                    ByteBuffer block = ByteBuffer.allocateDirect(100_000);
                    for (int from = 0; from < expected.length; from += block.capacity()) {
                      // Used again, as a program's block is.
                      block.clear().put(expected, from, block.capacity()).flip();
                      ((WritableByteChannel) out).write(block);
                      out.write(expected, 0, 1);
                    }
                  });
            });
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (int from = 0; from < expected.length; from += 100_000) {
      whole.write(expected, from, 100_000);
      whole.write(expected, 0, 1);
    }
    assertThat(RawClient.get(port, "/").body()).isEqualTo(whole.toByteArray());
  }

  @Test
  void flushBeforeAnEmptyBody_isStillOneWholeResponse() throws Exception {
    int port = start(body(Body.writing(java.io.OutputStream::flush)));
    RawResponse response = RawClient.get(port, "/");
    assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
    assertThat(response.body()).isEmpty();
  }

  @Test
  void attackE01_tooLongBody_endsAtItsContentLength() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(200, Headers.of("Content-Length", "8"));
              return Body.writing(
                  out -> {
                    out.write("SEE-".getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                    out.write("THIS-BUT-NOT-THIS".getBytes(StandardCharsets.US_ASCII));
                  });
            });
    try (RawClient client = new RawClient(port)) {
      RawResponse response = client.send(RawClient.request("GET", "/")).response("GET");
      assertThat(response.text()).isEqualTo("SEE-THIS");
      assertStillUsable(client);
    }
  }

  @Test
  void h17_http10_isNeverChunked() throws Exception {
    int port = start(body(iterated("a", "b")));
    RawResponse response = RawClient.exchange(port, "GET / HTTP/1.0\r\nHost: x\r\n\r\n");
    assertThat(response.header("Transfer-Encoding")).isNull();
    assertThat(response.end()).isEqualTo(RawResponse.End.CLOSED);
    assertThat(response.text()).isEqualTo("ab");
  }

  @Test
  void http10_keepsAConnectionWhereTheLengthIsKnown() throws Exception {
    int port = start(text("ab"));
    String request = "GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n";
    try (RawClient client = new RawClient(port)) {
      for (int i = 0; i < 2; i++) {
        RawResponse response = client.send(request).response("GET");
        assertThat(response.text()).isEqualTo("ab");
        assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
      }
    }
  }

  @Test
  void connectionClose_endsInOrder() throws Exception {
    int port = start(body(iterated("a", "b")));
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/", "Connection: close"));
      RawResponse response = client.response("GET");
      assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
      assertThat(response.text()).isEqualTo("ab");
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void attackC16_errorBeforeTheCommit_isAFixedText() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(200, Headers.of("X-Half", SECRET));
              return Body.writing(
                  out -> {
                    out.write(SECRET.getBytes(StandardCharsets.US_ASCII));
                    throw new IllegalStateException(SECRET);
                  });
            });
    try (RawClient client = new RawClient(port)) {
      for (String options : new String[] {"keep-alive", "close"}) {
        client.send(RawClient.request("GET", "/", "Connection: " + options));
        RawResponse response = client.response("GET");
        assertThat(response.status()).isEqualTo(500);
        assertThat(response.text()).isEqualTo("500 Internal Server Error\n");
        assertThat(response.toString()).doesNotContain(SECRET);
        assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
        if (server == Server.TOMCAT) {
          // Tomcat closes the connection after a 500.
          break;
        }
      }
    }
    assertThat(logs.lines()).anyMatch(line -> line.contains(SECRET));
  }

  @Test
  void gatewayException_hasItsStatusAndHeaders() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              throw new GatewayException(405, SECRET, Headers.of("Allow", "GET, HEAD"), null, null);
            });
    try (RawClient client = new RawClient(port)) {
      RawResponse response = client.send(RawClient.request("GET", "/")).response("GET");
      assertThat(response.status()).isEqualTo(405);
      assertThat(response.header("Allow")).isEqualTo("GET, HEAD");
      assertThat(response.toString()).doesNotContain(SECRET);
    }
  }

  /** What a container's own limit on a head refuses is our 500, told to the log alone. */
  @Test
  void headThatIsTooLarge_isSentOrA500ThatIsLogged() throws Exception {
    Headers.Builder large = Headers.builder().add("Content-Type", "text/x-own");
    for (int i = 0; i < 80; i++) {
      large.add("X-Large", "a".repeat(1000));
    }
    Headers headers = large.build();
    BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    for (Body body : List.of(Body.empty(), Body.of("held"), iterated("a", "b"))) {
      int port =
          start(
              (environ, startResponse) -> {
                environ.onFinish(outcomes::add);
                startResponse.start(200, headers);
                return body;
              });
      for (String method : List.of("GET", "HEAD")) {
        try (RawClient client = new RawClient(port)) {
          RawResponse response = client.send(RawClient.request(method, "/")).response(method);
          String about = method + " " + body + ": " + response.status() + " " + response.text();
          Outcome outcome = requireNonNull(outcomes.poll(20, TimeUnit.SECONDS), about);
          assertThat(response.status()).as(about).isIn(200, 500);
          assertThat(response.end()).as(about).isNotEqualTo(RawResponse.End.CUT);
          if (response.status() == 500) {
            assertThat(response.all("X-Large")).as(about).isEmpty();
            assertThat(logs.lines()).anyMatch(line -> line.contains("Large"));
          }
          if (server == Server.JETTY) {
            // Jetty takes no other response then, and answers in our place.
            assertThat(outcome.complete()).as(about).isFalse();
            continue;
          }
          assertThat(response.text()).isIn("", "held", "ab");
          assertThat(outcome.status()).as(about).isEqualTo(response.status());
          assertThat(outcome.complete()).as(about).isTrue();
        }
      }
    }
  }

  // ---- applications ----

  static Application body(Body body) {
    return (environ, startResponse) -> {
      startResponse.start(200, Headers.of("Content-Type", "text/x-own"));
      return body;
    };
  }

  private static Application text(String text) {
    return body(Body.of(text));
  }

  private static Application echoingHeader(String asked, String answered) {
    return (environ, startResponse) -> {
      startResponse.start(200, Headers.of(answered, String.valueOf(environ.header(asked))));
      return Body.of("x");
    };
  }

  /** A body of unknown length, a block for each text; can be used again. */
  static Body iterated(String... texts) {
    return () ->
        List.of(texts).stream()
            .map(text -> java.nio.ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)))
            .iterator();
  }

  // ---- assertions ----

  private void assertFraming(Application application, String text, String length) throws Exception {
    int port = start(application);
    RawResponse response = RawClient.get(port, "/");
    assertThat(response.text()).isEqualTo(text);
    assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
    assertThat(response.header("Content-Length")).isEqualTo(length);
    assertThat(response.isChunked()).isEqualTo(length == null);
  }

  /** The next request on the connection gets an answer of its own. */
  private static void assertStillUsable(RawClient client) throws IOException {
    RawResponse next = client.send(RawClient.request("GET", "/")).response("GET");
    assertThat(next.end()).isEqualTo(RawResponse.End.WHOLE);
    assertThat(next.protocol()).isEqualTo("HTTP/1.1");
  }

  private static List<String> names(RawResponse response) {
    return response.headers().stream().map(Map.Entry::getKey).map(String::toLowerCase).toList();
  }
}

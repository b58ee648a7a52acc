package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.postern.Body;
import dev.postern.Headers;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What HTTP/2 changes, by the JDK's own client. */
abstract class Http2Contract extends ContainerContract {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();

  Http2Contract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  private HttpResponse<byte[]> get(int port) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/x?q"))
            .timeout(Duration.ofSeconds(30))
            .build();
    return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
  }

  /** The first one asks for the upgrade, the second one is HTTP/2 from its start. */
  @Test
  void s25_attackG05_variables_areThoseOfHttp2() throws Exception {
    int port = start(DUMP);
    for (int i = 0; i < 2; i++) {
      HttpResponse<byte[]> response = get(port);
      assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(new String(response.body(), StandardCharsets.ISO_8859_1))
          .contains("SERVER_PROTOCOL=HTTP/2.0\0")
          .contains("REQUEST_URI=/x?q\0")
          .contains("SERVER_NAME=127.0.0.1\0")
          .contains("SERVER_PORT=" + port + "\0")
          .contains("HTTP_HOST=127.0.0.1:" + port + "\0")
          .doesNotContain("HTTP_UPGRADE", "HTTP_HTTP2_SETTINGS", "HTTP_CONNECTION");
    }
  }

  @Test
  void responseOfUnknownLength_endsInOrder() throws Exception {
    int port = start(ResponseContract.body(ResponseContract.iterated("a", "b")));
    for (int i = 0; i < 2; i++) {
      assertThat(get(port).body()).containsExactly('a', 'b');
    }
  }

  @Test
  void cutResponse_endsInAReset() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(200, Headers.of());
              return Body.writing(
                  out -> {
                    out.write('a');
                    out.flush();
                    throw new IllegalStateException(ResponseContract.SECRET);
                  });
            });
    if (server == Server.UNDERTOW) {
      // Nothing that a servlet can do keeps Undertow from ending it in order: see ServletGateway.
      assertThat(get(port).body()).containsExactly('a');
    } else {
      assertThat(catchThrowable(() -> get(port))).isInstanceOf(IOException.class);
    }
  }

  /** Undertow has no early hints, and takes no trailers from a servlet here. */
  @Test
  void x1_hintsAndTrailers_areThoseOfTheContainer() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.earlyHints(Headers.of("Link", "</a.css>"));
              startResponse.start(200, Headers.of());
              return Body.writing(out -> out.write('a'))
                  .withTrailers(() -> Headers.of("X-Sum", "1"));
            });
    try (Http2Connection connection = new Http2Connection(port)) {
      connection.head(request("http", port), true);
      if (ExtensionContract.hasHints(server)) {
        assertThat(connection.takeHead(PATIENCE))
            .contains(Map.entry(":status", "103"), Map.entry("link", "</a.css>"));
      }
      assertThat(connection.takeHead(PATIENCE))
          .contains(Map.entry(":status", "200"))
          .doesNotContain(Map.entry("link", "</a.css>"));
      assertThat(connection.take(2, PATIENCE)).containsExactly('a');
      List<Map.Entry<String, String>> trailers = connection.takeHead(PATIENCE);
      if (server == Server.UNDERTOW) {
        assertThat(trailers).isNull();
      } else {
        assertThat(trailers).containsExactly(Map.entry("x-sum", "1"));
      }
      assertThat(connection.isWhole()).isTrue();
    }
  }

  private static List<Map.Entry<String, String>> request(String scheme, int port) {
    return List.of(
        Map.entry(":method", "GET"),
        Map.entry(":scheme", scheme),
        Map.entry(":path", "/"),
        Map.entry(":authority", "127.0.0.1:" + port));
  }

  /** Tomcat resets the stream. Undertow has nothing else that a servlet could ask. */
  @Test
  void r24_schemeOfTheClient_isNotBelieved() throws Exception {
    int port = start(DUMP);
    try (Http2Connection connection = new Http2Connection(port)) {
      connection.head(request("https", port), true);
      List<Map.Entry<String, String>> head = connection.takeHead(PATIENCE);
      if (server == Server.TOMCAT) {
        assertThat(head).isNull();
        return;
      }
      assertThat(head).contains(Map.entry(":status", "200"));
      String dump = new String(connection.take(64 * 1024, PATIENCE), StandardCharsets.ISO_8859_1);
      if (server == Server.UNDERTOW) {
        assertThat(dump).contains("REQUEST_SCHEME=https\0", "HTTPS=on\0");
      } else {
        assertThat(dump).contains("REQUEST_SCHEME=http\0").doesNotContain("HTTPS=");
      }
    }
  }
}

package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Early hints and trailers (X1), where the container has them; elsewhere, nothing of them. */
abstract class ExtensionContract extends ContainerContract {
  private static final String LINK = "</a.css>; rel=preload";

  ExtensionContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  /** Tomcat 10.1 cannot take a header field away again, and Undertow has no early hints. */
  static boolean hasHints(Server server) {
    return server == Server.JETTY || server == Server.TOMCAT && TomcatContainer.major() >= 11;
  }

  private static final Application HINTING =
      (environ, startResponse) -> {
        startResponse.earlyHints(Headers.of("Link", LINK, "Link", "</b.js>; rel=preload"));
        startResponse.start(200, Headers.of("X-Own", "1"));
        return Body.of("ok");
      };

  private static final Application SUMMED =
      (environ, startResponse) -> {
        startResponse.start(200, Headers.of());
        return Body.writing(
                out -> {
                  out.write("one".getBytes(StandardCharsets.US_ASCII));
                  out.flush();
                  out.write("two".getBytes(StandardCharsets.US_ASCII));
                })
            .withTrailers(() -> Headers.of("X-Sum", "6", "X-Two", "a", "x-two", "b"));
      };

  @Test
  void x1_earlyHints_comeBeforeTheResponse_andAreNotInIt() throws Exception {
    int port = start(HINTING);
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/"));
      if (hasHints(server)) {
        RawResponse hints = client.head("GET");
        assertThat(hints.status()).isEqualTo(103);
        assertThat(hints.all("Link")).containsExactly(LINK, "</b.js>; rel=preload");
      }
      RawResponse response = client.response("GET");
      assertThat(response.status()).isEqualTo(200);
      assertThat(response.header("X-Own")).isEqualTo("1");
      assertThat(response.header("Link")).isNull();
      assertThat(response.text()).isEqualTo("ok");
      // The connection is still in step.
      client.send(RawClient.request("GET", "/"));
      if (hasHints(server)) {
        assertThat(client.head("GET").status()).isEqualTo(103);
      }
      assertThat(client.response("GET").text()).isEqualTo("ok");
    }
  }

  @Test
  void x1_earlyHints_areNotForHttp10() throws Exception {
    RawResponse response = RawClient.exchange(start(HINTING), "GET / HTTP/1.0\r\n\r\n");

    assertThat(response.status()).isEqualTo(200);
    assertThat(response.text()).isEqualTo("ok");
  }

  /** A filter's wrapper takes each sendError for an error, and a filter's own Link stays. */
  @Test
  void x1_earlyHints_passAFilterThatWatchesErrors() throws Exception {
    Filter filter =
        (request, response, chain) -> {
          HttpServletResponse http = (HttpServletResponse) response;
          http.addHeader("Link", "</filter>");
          chain.doFilter(
              request,
              new HttpServletResponseWrapper(http) {
                @Override
                public void sendError(int status) throws IOException {
                  throw new IOException("filter must not see an error: " + status);
                }
              });
        };
    int port = start(Deployment.at("").application(HINTING, "/*").filter(filter));
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/"));
      if (hasHints(server)) {
        assertThat(client.head("GET").all("Link"))
            .containsExactly("</filter>", LINK, "</b.js>; rel=preload");
      }
      assertThat(client.response("GET").all("Link")).containsExactly("</filter>");
    }
  }

  @Test
  void x1_trailers_followTheLastChunk() throws Exception {
    int port = start(SUMMED);
    try (RawClient client = new RawClient(port)) {
      RawResponse response = client.send(RawClient.request("GET", "/")).response("GET");
      assertThat(response.text()).isEqualTo("onetwo");
      assertThat(client.trailers())
          .usingElementComparator(String.CASE_INSENSITIVE_ORDER)
          .containsExactlyInAnyOrder("X-Sum: 6", "X-Two: a, b");
      assertThat(client.send(RawClient.request("GET", "/")).response("GET").text())
          .isEqualTo("onetwo");
    }
  }

  @Test
  void x1_hintsAndTrailers_passAFilterGateway() throws Exception {
    int port =
        start(
            Deployment.at("")
                .application((environ, start) -> Body.empty(), "/*")
                .filter(
                    FilterGateway.builder(
                            (environ, startResponse) -> {
                              startResponse.earlyHints(Headers.of("Link", LINK));
                              return SUMMED.call(environ, startResponse);
                            })
                        .prefix("/shop")
                        .build()));
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/shop"));
      if (hasHints(server)) {
        assertThat(client.head("GET").all("Link")).containsExactly(LINK);
      }
      assertThat(client.response("GET").text()).isEqualTo("onetwo");
      assertThat(client.trailers()).hasSize(2);
    }
  }

  @Test
  void x1_trailers_areNotForHttp10() throws Exception {
    RawResponse response = RawClient.exchange(start(SUMMED), "GET / HTTP/1.0\r\n\r\n");

    assertThat(response.text()).isEqualTo("onetwo");
  }

  @Test
  void x1_shortBodyWithTrailers_isChunked() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(200, Headers.of());
              return Body.of("short").withTrailers(() -> Headers.of("X-Sum", "5"));
            });
    try (RawClient client = new RawClient(port)) {
      RawResponse response = client.send(RawClient.request("GET", "/")).response("GET");
      assertThat(response.text()).isEqualTo("short");
      assertThat(response.header("Content-Length")).isNull();
      assertThat(client.trailers())
          .usingElementComparator(String.CASE_INSENSITIVE_ORDER)
          .containsExactly("X-Sum: 5");
    }
  }
}

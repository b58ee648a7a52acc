package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.ResponseSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Early hints and trailers (X1) behind a middleware that leaves the body as it is. */
class PassedOnTest {
  private static final Application APPLICATION =
      (environ, startResponse) -> {
        startResponse.earlyHints(Headers.of("Link", "</a.css>"));
        startResponse.start(200, Headers.of("Content-Type", "text/plain"));
        return Body.of("abc").withTrailers(() -> Headers.of("X-Sum", "1"));
      };

  static List<Middleware> middlewares() {
    return List.of(
        ErrorPages.of((environ, status) -> null),
        Timeout.of(Duration.ofSeconds(60)),
        RequestId.of(),
        SecureHeaders.of(),
        Cors.builder("*").build());
  }

  @ParameterizedTest
  @MethodSource("middlewares")
  void x1_hintsAndTrailers_arePassedOn(Middleware middleware) {
    Noting sink = new Noting();
    Map<String, String> variables =
        Map.of(
            "REQUEST_METHOD",
            "GET",
            "SERVER_NAME",
            "example.org",
            "SERVER_PORT",
            "80",
            "SERVER_PROTOCOL",
            "HTTP/1.1",
            "PATH_INFO",
            "/",
            "QUERY_STRING",
            "");

    Exchange.of(Environ.builder(variables).build(), sink).run(middleware.wrap(APPLICATION));

    assertThat(sink.noted).containsExactly("hints </a.css>", "head 200", "write 3", "trailers 1");
  }

  private static final class Noting implements ResponseSink {
    private final List<String> noted = new ArrayList<>();

    @Override
    public void earlyHints(Headers headers) {
      noted.add("hints " + headers.get("Link"));
    }

    @Override
    public void head(int status, Headers headers) {
      noted.add("head " + status);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      noted.add("write " + length);
    }

    @Override
    public void flush() {}

    @Override
    public boolean takesTrailers() {
      return true;
    }

    @Override
    public void trailers(Headers fields) {
      noted.add("trailers " + fields.get("X-Sum"));
    }

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {
      noted.add("abort " + cause);
    }
  }
}

package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.Outcome;
import dev.postern.Response;
import dev.postern.ResponseSink;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
    Exchange.of(environ(), sink).run(middleware.wrap(APPLICATION));

    assertThat(sink.noted).containsExactly("hints </a.css>", "head 200", "write 3", "trailers 1");
  }

  /** A file goes from the disk to the socket through one block outside the heap. */
  @ParameterizedTest
  @MethodSource("middlewares")
  void files_arePassedOnWithoutACopy(Middleware middleware, @TempDir Path directory)
      throws Exception {
    Path file = Files.write(directory.resolve("file"), new byte[100_000]);
    Noting sink = new Noting();

    Exchange.of(environ(), sink).run(middleware.wrap(answering(Body.of(file))));

    assertThat(sink.noted).containsExactly("head 200", "write 100000 directly");
  }

  /** A container may swallow the interrupt. */
  @Test
  void files_thatTakeTooLong_areCut(@TempDir Path directory) throws Exception {
    Path file = Files.write(directory.resolve("file"), new byte[1_000_000]);
    Noting sink =
        new Noting() {
          @Override
          public void write(ByteBuffer block) {
            super.write(block);
            while (!Thread.interrupted()) {
              Thread.onSpinWait();
            }
          }
        };

    Outcome[] outcome = {null};
    Application application = Timeout.of(Duration.ofMillis(50)).wrap(answering(Body.of(file)));
    Exchange.of(environ(), sink)
        .run(
            (environ, startResponse) -> {
              environ.onFinish(ended -> outcome[0] = ended);
              return application.call(environ, startResponse);
            });

    assertThat(sink.noted).startsWith("head 200").hasSize(3);
    assertThat(sink.noted.get(1)).endsWith("directly");
    assertThat(sink.noted.get(2)).startsWith("abort ");
    assertThat(outcome[0].complete()).isFalse();
    assertThat(Thread.interrupted()).isFalse();
  }

  private static Application answering(Body body) {
    return Application.of(
        environ -> Response.of(200, Headers.of("Content-Type", "text/plain"), body));
  }

  private static Environ environ() {
    return Environ.builder(
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
                ""))
        .build();
  }

  private static class Noting implements ResponseSink {
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
    public void write(ByteBuffer block) {
      noted.add("write " + block.remaining() + (block.isDirect() ? " directly" : ""));
      block.position(block.limit());
    }

    @Override
    public boolean isDirect() {
      return true;
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

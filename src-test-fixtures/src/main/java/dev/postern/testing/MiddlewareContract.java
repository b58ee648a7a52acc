package dev.postern.testing;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.Lint;
import dev.postern.LintException;
import dev.postern.Middleware;
import dev.postern.Outcome;
import dev.postern.Response;
import dev.postern.StartResponse;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * JUnit tests of what SPEC.md asks of a {@link Middleware}. It passes bytes, flushes and errors on,
 * closes what it wraps once, and keeps the rules of Lint on both sides. To test a middleware of
 * your own, extend this class and say how to make the middleware.
 *
 * <pre>{@code
 * class StampTest extends MiddlewareContract {
 *   StampTest() {
 *     super(new Stamp());
 *   }
 * }
 * }</pre>
 */
public abstract class MiddlewareContract {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private final Middleware middleware;

  /**
   * For subclasses. The middleware must answer {@link #request} with the response of the
   * application inside.
   */
  protected MiddlewareContract(Middleware middleware) {
    this.middleware = requireNonNull(middleware, "middleware");
  }

  /**
   * Returns a request that the middleware lets pass; by default one without headers.
   *
   * @param method GET or HEAD
   */
  protected TestRequest request(String method) {
    return TestRequest.of(method, "/app/x");
  }

  /**
   * Returns the application's bytes, as far as the bytes of a response show them. By default these
   * are the bytes themselves.
   *
   * @param headers of the response
   * @param bytes that a client has got so far
   */
  protected byte[] decoded(Headers headers, byte[] bytes) throws IOException {
    return bytes;
  }

  // ---- one request ----

  /** Runs a request between two Lints. */
  private final class Run {
    private final List<LintException> reports = new ArrayList<>();
    private final StringWriter log = new StringWriter();
    private final RecordingSink sink = new RecordingSink();
    private final Environ environ;
    private final Exchange exchange;
    private @Nullable Outcome outcome;

    Run(String method) {
      TestRequest request = request(method);
      byte[] body = request.body();
      InputStream input =
          body == null ? InputStream.nullInputStream() : new ByteArrayInputStream(body);
      Map<String, String> variables = RequestVariables.of(request, "", "http");
      environ = Environ.builder(variables).input(input).errors(new PrintWriter(log, true)).build();
      exchange = Exchange.of(environ, sink);
    }

    /** Puts the middleware between two Lints, so that a fault of either side is seen. */
    private Application linted(Application application) {
      Middleware lint = Lint.reporting(reports::add);
      return lint.wrap(middleware.wrap(lint.wrap(application)));
    }

    Run run(Application application) {
      outcome = exchange.run(linted(application));
      assertThat(reports).as("what Lint has to say").isEmpty();
      return this;
    }

    Outcome outcome() {
      return requireNonNull(outcome);
    }

    String text() throws IOException {
      return new String(decoded(sink.headers(), sink.bytes()), StandardCharsets.UTF_8);
    }
  }

  private static Application app(Body body) {
    return (environ, start) -> {
      start.start(200, TEXT);
      return body;
    };
  }

  // ---- bodies ----

  /** One step of a body's iterator. */
  @FunctionalInterface
  private interface Step {
    byte[] next() throws IOException;
  }

  private static Step text(String text) {
    return () -> text.getBytes(StandardCharsets.UTF_8);
  }

  private static Body steps(Step... steps) {
    return () ->
        new Iterator<>() {
          private int taken;

          @Override
          public boolean hasNext() {
            return taken < steps.length;
          }

          @Override
          public ByteBuffer next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            try {
              return ByteBuffer.wrap(steps[taken++].next());
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          }
        };
  }

  /** A body that notes each time it is closed. */
  private static final class Counted implements Body {
    private final Body body;
    private final List<Thread> closedOn = new ArrayList<>();

    Counted(Body body) {
      this.body = body;
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      return body.iterator();
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      body.writeTo(out);
    }

    @Override
    public long length() {
      return body.length();
    }

    @Override
    public void close() throws IOException {
      closedOn.add(Thread.currentThread());
      body.close();
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  // ---- cases ----

  @Test
  @DisplayName("must pass the body on")
  final void body_isPassedOn() throws Exception {
    List<Body> bodies =
        List.of(
            Body.of("hello"),
            steps(text("hel"), text(""), text("lo")),
            Body.writing(out -> out.write(bytes("hello"))));
    for (Body body : bodies) {
      Run run = new Run("GET").run(app(body));
      assertThat(run.sink.status()).isEqualTo(200);
      assertThat(run.sink.headers().get("Content-Type")).isEqualTo("text/plain");
      assertThat(run.text()).isEqualTo("hello");
      assertThat(run.outcome().complete()).isTrue();
      assertThat(run.outcome().failure()).isNull();
    }
  }

  @Test
  @DisplayName("M1 must hand a block on before it asks for the next one")
  final void blocks_keepStreaming() throws Exception {
    Run run = new Run("GET");
    List<String> seen = new ArrayList<>();
    Body body =
        steps(
            text("one"),
            () -> {
              seen.add(run.text());
              return bytes("two");
            },
            () -> {
              seen.add(run.text());
              return bytes("three");
            });
    run.run(app(body));
    assertThat(seen).containsExactly("one", "onetwo");
    assertThat(run.text()).isEqualTo("onetwothree");
  }

  @Test
  @DisplayName("M1 must pass flush on")
  final void flush_isPassedOn() throws Exception {
    Run run = new Run("GET");
    List<String> seen = new ArrayList<>();
    Body body =
        Body.writing(
            out -> {
              out.write(bytes("one"));
              out.flush();
              seen.add(run.text());
              out.write(bytes("two"));
            });
    run.run(app(body));
    assertThat(seen).containsExactly("one");
    assertThat(run.text()).isEqualTo("onetwo");
    assertThat(run.sink.isFlushed()).isTrue();
  }

  @Test
  @DisplayName("G3 must close what it wraps once, on the request's thread")
  final void body_isClosedOnce() {
    for (String method : List.of("GET", "HEAD")) {
      List<Body> bodies =
          List.of(
              Body.of("x"),
              Body.empty(),
              steps(text("one")),
              steps(
                  () -> {
                    throw new IOException("first");
                  }),
              steps(
                  text("one"),
                  () -> {
                    throw new IOException("later");
                  }),
              Body.writing(
                  out -> {
                    throw new IllegalStateException("writer");
                  }));
      for (Body body : bodies) {
        Counted counted = new Counted(body);
        new Run(method).run(app(counted));
        assertThat(counted.closedOn).containsExactly(Thread.currentThread());
      }
    }
  }

  @Test
  @DisplayName("G3 must close what it wraps once when the client is gone")
  final void body_isClosedOnce_whenCancelled() {
    Counted counted = new Counted(steps(text("one"), text("two")));
    Run run = new Run("GET");
    Application application = app(counted);
    run.run(
        (environ, start) -> {
          run.exchange.cancel(new IOException("gone"));
          return application.call(environ, start);
        });
    assertThat(counted.closedOn).hasSize(1);
    assertThat(run.outcome().complete()).isFalse();
  }

  @Test
  @DisplayName("G14 must let a failure after the first block cut the response")
  final void lateFailure_cutsTheResponse() throws Exception {
    GatewayException error = new GatewayException(504, "later");
    Run run =
        new Run("GET")
            .run(
                app(
                    steps(
                        text("one"),
                        () -> {
                          throw error;
                        })));
    assertThat(run.sink.status()).isEqualTo(200);
    assertThat(run.text()).isEqualTo("one");
    assertThat(run.outcome().complete()).isFalse();
  }

  @Test
  @DisplayName("M3 must let a response be replaced before the commit")
  final void lateStart_replacesTheResponse() throws Exception {
    Application late =
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write(bytes("half"));
                start.start(503, TEXT, new IOException("late"));
                out.write(bytes("sorry"));
              });
        };
    Run run = new Run("GET").run(late);
    assertThat(run.sink.status()).isEqualTo(503);
    assertThat(run.text()).isEqualTo("sorry");
  }

  @Test
  @DisplayName("must not hide what the application throws")
  final void failureOfTheCall_isAFailure() {
    Run run =
        new Run("GET")
            .run(
                (environ, start) -> {
                  throw new IOException("call");
                });
    assertThat(run.sink.status()).isEqualTo(500);
    assertThat(run.outcome().complete()).isTrue();
    assertThat(run.log.toString()).contains("IOException: call");
  }

  @Test
  @DisplayName("A12 must give the same bytes to a middleware that pulls")
  final void pulled_givesTheSameBytes() throws Exception {
    for (Body body : List.of(Body.of("hello"), steps(text("hel"), text("lo")))) {
      Counted counted = new Counted(body);
      Run run = new Run("GET");
      Application wrapped = middleware.wrap(app(counted));
      ByteArrayOutputStream pulled = new ByteArrayOutputStream();
      Headers[] headers = new Headers[1];
      run.exchange.run(
          (environ, start) -> {
            Response response = Response.from(wrapped, environ);
            headers[0] = response.headers();
            try (Body inner = response.body()) {
              for (ByteBuffer block : inner) {
                byte[] copy = new byte[block.remaining()];
                block.get(copy);
                pulled.write(copy);
              }
            }
            start.start(204, Headers.of());
            return Body.empty();
          });
      assertThat(decoded(headers[0], pulled.toByteArray())).isEqualTo(bytes("hello"));
      assertThat(counted.closedOn).hasSize(1);
    }
  }

  @Test
  @DisplayName("must close an application that can be closed")
  final void close_isPassedOn() throws Exception {
    List<String> closed = new ArrayList<>();
    Application wrapped = middleware.wrap(new Closing(closed));
    assertThat(wrapped).isInstanceOf(AutoCloseable.class);
    ((AutoCloseable) wrapped).close();
    assertThat(closed).containsExactly("closed");
  }

  private record Closing(List<String> closed) implements Application, AutoCloseable {
    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      throw new IllegalStateException("application must not be called");
    }

    @Override
    public void close() {
      closed.add("closed");
    }
  }
}

package dev.postern.examples;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.fail;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Bodies;
import dev.postern.Body;
import dev.postern.Call;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.Response;
import dev.postern.TrackedBody;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every middleware must keep, in whichever form it is written. Those of postern-web are held
 * to the same by the kit.
 */
@Timeout(60)
class MiddlewareTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  static Stream<Arguments> middleware() {
    return Stream.of(
        form("header over Response", app -> AddHeader.overResponse("X-A", "1", app)),
        form("header over start", app -> AddHeader.overStart("X-A", "1", app)));
  }

  private static Arguments form(String name, Middleware middleware) {
    return Arguments.of(name, middleware);
  }

  private static Call call(String method) {
    return Call.of(method, "/app/x");
  }

  private static Application app(Body body) {
    return (environ, start) -> {
      start.start(200, TEXT);
      return body;
    };
  }

  /** What a client has read so far. */
  private static String read(Call call) {
    return call.text();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("middleware")
  void middleware_passesTheBodyOn(String name, Middleware middleware) {
    List<Body> bodies =
        List.of(
            Body.of("hello"),
            steps(text("hel"), text(""), text("lo")),
            Body.writing(out -> out.write(bytes("hello"))));
    for (Body body : bodies) {
      Call call = call("GET").run(middleware.wrap(app(body)));
      assertThat(call.status()).isEqualTo(200);
      assertThat(call.header("Content-Type")).isEqualTo("text/plain");
      assertThat(read(call)).isEqualTo("hello");
      assertThat(call.outcome().failure()).isNull();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("middleware")
  void middlewareO06_keepsBlocksStreaming(String name, Middleware middleware) {
    Call call = call("GET");
    List<String> seen = new ArrayList<>();
    Body body =
        steps(
            text("one"),
            () -> {
              seen.add(read(call));
              return bytes("two");
            },
            () -> {
              seen.add(read(call));
              return bytes("three");
            });
    call.run(middleware.wrap(app(body)));
    assertThat(seen).containsExactly("one", "onetwo");
    assertThat(read(call)).isEqualTo("onetwothree");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("middleware")
  void middleware_passesFlushOn(String name, Middleware middleware) {
    Call call = call("GET");
    List<String> seen = new ArrayList<>();
    Body body =
        Body.writing(
            out -> {
              out.write(bytes("one"));
              out.flush();
              seen.add(read(call));
              out.write(bytes("two"));
            });
    call.run(middleware.wrap(app(body)));
    assertThat(seen).containsExactly("one");
    assertThat(read(call)).isEqualTo("onetwo");
    assertThat(call.sink().events()).contains("flush");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("middleware")
  void middlewareO01_closesWhatItWrapsOnce(String name, Middleware middleware) {
    List<Body> bodies =
        List.of(
            Body.of("x"),
            Body.empty(),
            steps(text("one")),
            steps(fail(new IOException("first"))),
            steps(text("one"), fail(new IOException("later"))),
            Body.writing(
                out -> {
                  throw new IllegalStateException("writer");
                }));
    for (String method : List.of("GET", "HEAD")) {
      for (Body body : bodies) {
        TrackedBody tracked = new TrackedBody(body);
        call(method).run(middleware.wrap(app(tracked)));
        assertThat(tracked.closedOn()).containsExactly(Thread.currentThread());
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("middleware")
  void middlewareO01_closesWhatItWrapsOnce_whenCancelled(String name, Middleware middleware) {
    TrackedBody cancelled = new TrackedBody(steps(text("one"), text("two")));
    Call call = call("GET");
    Application app = app(cancelled);
    call.run(
        middleware.wrap(
            (environ, start) -> {
              call.exchange().cancel(new IOException("gone"));
              return app.call(environ, start);
            }));
    assertThat(cancelled.closes()).isEqualTo(1);
    assertThat(call.outcome().complete()).isFalse();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("middleware")
  void middleware_failureAfterTheFirstBlock_cutsTheResponse(String name, Middleware middleware) {
    GatewayException error = new GatewayException(504, "later");
    Call call = call("GET").run(middleware.wrap(app(steps(text("one"), fail(error)))));
    assertThat(call.status()).isEqualTo(200);
    assertThat(read(call)).isEqualTo("one");
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).isSameAs(error);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("middleware")
  void middleware_failureOfTheCall_isA500(String name, Middleware middleware) {
    Call call =
        call("GET")
            .run(
                middleware.wrap(
                    (environ, start) -> {
                      throw new IOException("call");
                    }));
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.errors()).contains("IOException: call");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("middleware")
  void middleware_pulledByAnother_givesTheSameBytes(String name, Middleware middleware)
      throws Exception {
    for (Body body : List.of(Body.of("hello"), steps(text("hel"), text("lo")))) {
      TrackedBody tracked = new TrackedBody(body);
      Call call = call("GET");
      Response response = Response.from(middleware.wrap(app(tracked)), call.environ());
      byte[] pulled = Bodies.pulled(response.body());
      response.body().close();
      assertThat(new String(pulled, StandardCharsets.UTF_8)).isEqualTo("hello");
      assertThat(tracked.closes()).isEqualTo(1);
    }
  }
}

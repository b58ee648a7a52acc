package dev.postern;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.pulled;
import static dev.postern.Bodies.pushed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private final Environ environ = Call.get("/").environ();

  @Test
  void of_withoutBody_isEmpty() throws Exception {
    Response response = Response.of(404, TEXT);
    assertThat(response.status()).isEqualTo(404);
    assertThat(response.headers()).isEqualTo(TEXT);
    assertThat(pushed(response.body())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 20, 99, 100, 101, 199, 600, 999, 2000})
  void statusH22_outside200To599_throws(int status) {
    assertThatThrownBy(() -> Response.of(status, TEXT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("response status must be 200 to 599: " + status);
    assertThatThrownBy(() -> Response.of(200, TEXT).withStatus(status))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void of_nulls_throw() {
    assertThatNullPointerException().isThrownBy(() -> Response.of(200, null));
    assertThatNullPointerException().isThrownBy(() -> Response.of(200, TEXT, null));
    assertThatNullPointerException().isThrownBy(() -> Response.of(200, TEXT).withBody(null));
  }

  @Test
  void with_changesACopy() {
    Body body = Body.of("x");
    Response response = Response.of(200, TEXT, body);
    Response changed = response.withStatus(201).withHeaders(Headers.of("A", "1"));
    assertThat(changed.status()).isEqualTo(201);
    assertThat(changed.headers()).isEqualTo(Headers.of("A", "1"));
    assertThat(changed.body()).isSameAs(body);
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.headers()).isEqualTo(TEXT);
  }

  @Test
  void toString_showsNoValues() {
    assertThat(Response.of(200, Headers.of("Set-Cookie", "secret")))
        .hasToString("Response[200, Headers[Set-Cookie]]");
  }

  @ParameterizedTest
  @CsvSource({"200,OK", "404,Not Found", "413,Content Too Large", "502,Bad Gateway", "299,''"})
  void reasonPhrase_isThatOfRfc9110(int status, String phrase) {
    assertThat(Response.reasonPhrase(status)).isEqualTo(phrase);
  }

  // ---- withBody ----

  @Test
  void withBody_closesBothNewOneFirst() throws Exception {
    List<String> seen = new ArrayList<>();
    Body old = new TrackedBody("old").atClose(() -> seen.add("old"));
    Body fresh = new TrackedBody("fresh").atClose(() -> seen.add("fresh"));
    Response response = Response.of(200, TEXT, old).withBody(fresh);
    assertThat(pushed(response.body())).isEqualTo(bytes("fresh"));
    assertThat(pulled(response.body())).isEqualTo(bytes("fresh"));
    assertThat(response.body().length()).isEqualTo(5);
    response.body().close();
    assertThat(seen).containsExactly("fresh", "old");
  }

  @Test
  void withBody_whenClosingTheNewOneFails_closesTheOldOneToo() {
    IOException first = new IOException("first");
    IOException second = new IOException("second");
    TrackedBody old = new TrackedBody("old").failOnClose(second);
    Body body =
        Response.of(200, TEXT, old).withBody(new TrackedBody("x").failOnClose(first)).body();
    assertThatThrownBy(body::close).isSameAs(first).hasSuppressedException(second);
    assertThat(old.closes()).isEqualTo(1);
  }

  @Test
  void withBody_theSameBody_closesItOnce() throws Exception {
    TrackedBody body = new TrackedBody("x");
    Response response = Response.of(200, TEXT, body);
    response.withBody(response.body()).body().close();
    assertThat(body.closes()).isEqualTo(1);
  }

  // ---- from ----

  @Test
  void from_givesWhatWasStarted() throws Exception {
    Body body = Body.of("x");
    Response response =
        Response.from(
            (request, start) -> {
              assertThat(request).isSameAs(environ);
              start.start(201, TEXT);
              return body;
            },
            environ);
    assertThat(response.status()).isEqualTo(201);
    assertThat(response.headers()).isEqualTo(TEXT);
    assertThat(response.body()).isSameAs(body);
  }

  @Test
  void from_startedAgainWithError_givesTheLast() throws Exception {
    Response response =
        Response.from(
            (request, start) -> {
              start.start(200, TEXT);
              start.start(503, Headers.of(), new Exception());
              return Body.empty();
            },
            environ);
    assertThat(response.status()).isEqualTo(503);
    assertThat(response.headers()).isEqualTo(Headers.of());
  }

  @Test
  void from_applicationThrows_letsItOut() {
    Exception error = new Exception();
    assertThatThrownBy(
            () ->
                Response.from(
                    (request, start) -> {
                      throw error;
                    },
                    environ))
        .isSameAs(error);
  }

  @Test
  void from_brokenApplications_throwAndCloseTheBody() {
    Headers hopByHop = Headers.of("Connection", "close");
    TrackedBody body = new TrackedBody("x").failOnClose(new IOException("close"));
    List<Application> broken =
        List.of(
            (request, start) -> body,
            (request, start) -> {
              start.start(200, TEXT);
              swallow(() -> start.start(200, TEXT));
              return body;
            },
            (request, start) -> {
              swallow(() -> start.start(99, TEXT));
              return body;
            },
            (request, start) -> {
              start.start(200, TEXT);
              swallow(() -> start.start(500, hopByHop, new Exception()));
              return body;
            });
    for (Application application : broken) {
      int before = body.closes();
      assertThatThrownBy(() -> Response.from(application, environ))
          .isInstanceOfAny(IllegalStateException.class, IllegalArgumentException.class)
          .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
      assertThat(body.closes() - before).isEqualTo(1);
    }
    assertThatThrownBy(
            () ->
                Response.from(
                    (request, start) -> {
                      start.start(200, TEXT);
                      return null;
                    },
                    environ))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("application must return a body: null");
  }

  private static void swallow(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      assertThat(e).isNotNull();
    }
  }

  @Test
  void from_startedWithErrorAfterIt_throwsThatError() throws Exception {
    AtomicReference<StartResponse> kept = new AtomicReference<>();
    Response.from(
        (request, start) -> {
          kept.set(start);
          start.start(200, TEXT);
          return Body.empty();
        },
        environ);
    Exception error = new Exception("late");
    assertThatThrownBy(() -> kept.get().start(500, TEXT, error)).isSameAs(error);
    assertThatThrownBy(() -> kept.get().start(500, TEXT)).isInstanceOf(IllegalStateException.class);
  }

  // ---- Application.of ----

  @Test
  void responder_nullResponse_isA500() {
    Call call = Call.get("/").run(Application.of(request -> null));
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.errors()).contains("responder must return a response: null");
  }

  @Test
  void responder_isAnApplication() {
    Responder responder = request -> Response.of(200, TEXT, Body.of(request.pathInfo()));
    Call call = Call.get("/x").run(responder);
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.text()).isEqualTo("/x");
  }

  @Test
  void responder_responseThatCannotBeStarted_closesItsBody() {
    AtomicReference<String> closed = new AtomicReference<>("open");
    Body body =
        new Body() {
          @Override
          public Iterator<ByteBuffer> iterator() {
            return Collections.emptyIterator();
          }

          @Override
          public void close() {
            closed.set("closed");
          }
        };
    Responder responder = request -> Response.of(200, Headers.of("Status", "200"), body);
    assertThat(Call.get("/").run(responder).status()).isEqualTo(500);
    assertThat(closed.get()).isEqualTo("closed");
  }
}

package dev.postern;

import static dev.postern.Bodies.fail;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpExceptionTest {
  private static final String SECRET = "/etc/secret-path";

  private final Call call = Call.get("/");

  private void answer(HttpException exception) {
    call.run(
        Application.of(
            environ ->
                List.of(1).stream()
                    .<Response>map(
                        id -> {
                          throw exception;
                        })
                    .findFirst()
                    .orElseThrow()));
    assertThat(call.outcome().failure()).isSameAs(exception);
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.text()).doesNotContain(SECRET);
  }

  @Test
  void thrown_fromALambda_isItsStatusAndOneLineOfTheLog() {
    answer(new HttpException(404, SECRET));
    assertThat(call.status()).isEqualTo(404);
    assertThat(call.text()).isEqualTo("404 Not Found\n");
    assertThat(call.errors())
        .isEqualToNormalizingNewlines("postern: 404 for Environ[GET \"/\"]: " + SECRET + "\n");
  }

  @Test
  void thrown_withHeaders_sendsThoseThatAreItsToSet() {
    answer(
        new HttpException(
            401,
            "who is it",
            Headers.of("WWW-Authenticate", "Basic", "content-length", "0", "Content-Type", "x/y")));
    assertThat(call.headers())
        .isEqualTo(
            Headers.of(
                "Content-Type", "text/plain;charset=utf-8",
                "WWW-Authenticate", "Basic",
                "Content-Length", "17"));
  }

  @Test
  void thrown_withACause_logsTheStackOfAServersFaultOnly() {
    answer(new HttpException(503, "no database", Headers.of(), new Exception("down")));
    assertThat(call.errors())
        .startsWith("postern: 503 for Environ[GET \"/\"]: no database")
        .contains("java.lang.Exception: down", "\tat ");
    HttpExceptionTest other = new HttpExceptionTest();
    other.answer(new HttpException(422, "no number", Headers.of(), new Exception("NaN")));
    assertThat(other.call.errors()).hasLineCount(1);
  }

  @Test
  void thrown_withLinesInItsMessage_isStillOneLineOfTheLog() {
    answer(new HttpException(404, "no page \r\nroot: all is well\u2028\u0085"));
    assertThat(call.errors())
        .isEqualToNormalizingNewlines(
            "postern: 404 for Environ[GET \"/\"]: "
                + "no page \\u000D\\u000Aroot: all is well\\u2028\\u0085\n");
  }

  @Test
  void thrown_insideAnother_isFound() {
    HttpException inner = new HttpException(410, "gone");
    call.run(
        (environ, start) -> {
          start.start(200, Headers.of());
          throw new Exception(new IllegalArgumentException(inner));
        });
    assertThat(call.status()).isEqualTo(410);
    assertThat(call.outcome().failure()).isSameAs(inner);
  }

  @Test
  void thrown_aroundAnother_wins() {
    GatewayException cause = new GatewayException(400, "short");
    answer(new HttpException(422, "bad form", Headers.of(), cause));
    assertThat(call.status()).isEqualTo(422);
  }

  @Test
  void thrown_afterTheCommit_cutsTheResponse() {
    call.run(
        (environ, start) -> {
          start.start(200, Headers.of("Content-Type", "text/plain"));
          return steps(text("one"), fail(new HttpException(404, "later")));
        });
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.errors())
        .isEqualToNormalizingNewlines(
            "postern: 200 for Environ[GET \"/\"] was cut, too late for 404: later\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 100, 200, 302, 399, 600, 1000})
  void status_thatIsNoFailure_isRefused(int status) {
    assertThatThrownBy(() -> new HttpException(status, "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("400 to 599");
  }

  @Test
  void parts_areThoseGiven() {
    Headers headers = Headers.of("Retry-After", "7");
    Exception cause = new Exception();
    HttpException exception = new HttpException(503, "busy", headers, cause);
    assertThat(exception.status()).isEqualTo(503);
    assertThat(exception.headers()).isSameAs(headers);
    assertThat(exception).hasMessage("busy").hasCause(cause);
    assertThat(new HttpException(404, null).headers()).isEqualTo(Headers.of());
    assertThatThrownBy(() -> new HttpException(404, "x", null))
        .isInstanceOf(NullPointerException.class);
  }

  @Test
  void serialized_losesItsHeadersOnly() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new HttpException(405, "x", Headers.of("Allow", "GET")));
    }
    HttpException read =
        (HttpException)
            new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
    assertThat(read.status()).isEqualTo(405);
    assertThat(read.headers()).isEqualTo(Headers.of());
  }
}

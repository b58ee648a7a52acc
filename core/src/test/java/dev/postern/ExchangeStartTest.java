package dev.postern;

import static dev.postern.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Start-response: W10 to W17, O03, O04. */
class ExchangeStartTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final String ERROR_PAGE = "500 Internal Server Error\n";

  private final Call call = Call.get("/");

  private static void assertErrorPage(Call call) {
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.text()).isEqualTo(ERROR_PAGE);
    assertThat(call.header("Content-Type")).isEqualTo("text/plain;charset=utf-8");
    assertThat(call.header("Content-Length")).isEqualTo("26");
    assertThat(call.outcome().complete()).isTrue();
  }

  /** What an application does that catches too much. */
  private static void swallow(Runnable action) {
    try {
      action.run();
    } catch (Throwable e) {
      assertThat(e).isNotNull();
    }
  }

  @Test
  void start_never_isA500() {
    call.run((environ, start) -> Body.of("x"));
    assertErrorPage(call);
    assertThat(call.outcome().failure())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("application must start a response before it returns");
    assertThat(call.errors()).contains("application must start a response before it returns");
  }

  @Test
  void start_withinTheBody_isA500() {
    call.run(
        (environ, start) ->
            Body.writing(
                out -> {
                  start.start(200, TEXT);
                  out.write(bytes("x"));
                }));
    assertErrorPage(call);
  }

  @Test
  void body_null_isA500() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          return null;
        });
    assertErrorPage(call);
    assertThat(call.errors()).contains("application must return a body: null");
  }

  @Test
  void start_sendsNothing() {
    List<String> before = new ArrayList<>();
    call.run(
        (environ, start) -> {
          start.start(200, TEXT.with("Content-Length", "1"));
          before.addAll(call.sink().events());
          return Body.of("x");
        });
    assertThat(before).isEmpty();
    assertThat(call.text()).isEqualTo("x");
  }

  @Test
  void start_twice_throwsAndIsA500() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          start.start(200, TEXT);
          return Body.of("x");
        });
    assertErrorPage(call);
    assertThat(call.outcome().failure())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("application must start its response once: 200");
  }

  @Test
  void start_twiceAndSwallowed_isStillA500() {
    TrackedBody body = new TrackedBody("x");
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          swallow(() -> start.start(200, TEXT));
          return body;
        });
    assertErrorPage(call);
    assertThat(body.closes()).isEqualTo(1);
    assertThat(body.uses()).isZero();
  }

  @Test
  void start_againAfterTheFirstWasRefused_isA500() {
    call.run(
        (environ, start) -> {
          swallow(() -> start.start(99, TEXT));
          start.start(200, TEXT);
          return Body.of("x");
        });
    assertErrorPage(call);
  }

  @Test
  void start_secondWithinTheBodyBeforeCommitAndSwallowed_isStillA500() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write(bytes("half"));
                swallow(() -> start.start(200, TEXT));
              });
        });
    assertErrorPage(call);
  }

  @Test
  void start_secondAfterCommitAndSwallowed_cutsTheResponse() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.flush();
                swallow(() -> start.start(200, TEXT));
              });
        });
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.outcome().complete()).isFalse();
  }

  // ---- checks ----

  @ParameterizedTest
  @ValueSource(ints = {0, 99, 100, 103, 199, 600, 2000, -200})
  void statusH22_outOfRange_throwsWhereTheApplicationSeesIt(int status) {
    call.run(
        (environ, start) -> {
          assertThatThrownBy(() -> start.start(status, TEXT))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessage("response status must be 200 to 599: " + status);
          return Body.of("x");
        });
    assertErrorPage(call);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Connection",
        "keep-alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "te",
        "Trailer",
        "Trailers",
        "TRANSFER-ENCODING",
        "Upgrade",
        "status"
      })
  void headerO04_ofTheConnection_throws(String name) {
    call.run(
        (environ, start) -> {
          assertThatThrownBy(() -> start.start(200, Headers.of(name, "x")))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageEndingWith(name);
          return Body.of("x");
        });
    assertErrorPage(call);
  }

  @ParameterizedTest
  @CsvSource({"abc", "-1", "+5", "1e3", "''", "'5, 5'", "12345678901234567890", "\u0665"})
  void contentLength_malformed_throws(String length) {
    call.run(
        (environ, start) -> {
          assertThatThrownBy(() -> start.start(200, Headers.of("Content-Length", length)))
              .isInstanceOf(IllegalArgumentException.class);
          return Body.of("x");
        });
    assertErrorPage(call);
  }

  @Test
  void contentLength_twice_throws() {
    call.run(
        (environ, start) -> {
          start.start(200, Headers.of("Content-Length", "1", "content-length", "1"));
          return Body.of("x");
        });
    assertErrorPage(call);
  }

  @Test
  void headersH25_repeated_arriveInOrder() {
    Headers cookies = Headers.of("Set-Cookie", "a", "X", "y", "Set-Cookie", "b", "Set-Cookie", "c");
    call.run(Application.of(environ -> Response.of(200, cookies, Body.empty())));
    assertThat(call.headers()).isEqualTo(cookies.plus("Content-Length", "0"));
  }

  // ---- replaced by an error ----

  @Test
  void startWithError_first_starts() {
    Exception error = new Exception("why");
    call.run(
        (environ, start) -> {
          start.start(503, TEXT, error);
          return Body.of("sorry");
        });
    assertThat(call.status()).isEqualTo(503);
    assertThat(call.text()).isEqualTo("sorry");
    assertThat(call.outcome().failure()).isSameAs(error);
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void startWithError_beforeCommit_replacesTheResponseAndDropsWhatWasHeld() {
    Exception error = new Exception("why");
    call.run(
        (environ, start) -> {
          start.start(200, TEXT.with("Content-Length", "1000").with("X-Old", "1"));
          return Body.writing(
              out -> {
                out.write(bytes("half of the"));
                start.start(503, TEXT, error);
                out.write(bytes("sorry"));
              });
        });
    assertThat(call.status()).isEqualTo(503);
    assertThat(call.headers()).isEqualTo(TEXT.with("Content-Length", "5"));
    assertThat(call.text()).isEqualTo("sorry");
    assertThat(call.outcome().failure()).isSameAs(error);
  }

  @Test
  void startWithError_insteadOfABodyOfKnownLength_forgetsThatLength() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          Body whole = Body.of("a long body of known length");
          return new Body() {
            @Override
            public java.util.Iterator<java.nio.ByteBuffer> iterator() {
              return whole.iterator();
            }

            @Override
            public void writeTo(java.io.OutputStream out) throws IOException {
              start.start(500, TEXT, new Exception());
              out.write(bytes("no"));
            }

            @Override
            public long length() {
              return whole.length();
            }
          };
        });
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.header("Content-Length")).isEqualTo("2");
    assertThat(call.text()).isEqualTo("no");
  }

  @Test
  void startWithError_replacedByABodilessStatus_dropsWhatIsWritten() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write(bytes("half"));
                start.start(304, TEXT, new Exception());
                out.write(bytes("more"));
                out.flush();
                out.write(new byte[20_000]);
              });
        });
    assertThat(call.status()).isEqualTo(304);
    assertThat(call.sink().bytes()).isEmpty();
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void startWithError_afterTheBodyExceededItsLength_startsAfresh() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT.with("Content-Length", "2"));
          return Body.writing(
              out -> {
                assertThatThrownBy(() -> out.write(bytes("toolong")))
                    .isInstanceOf(IOException.class);
                start.start(500, TEXT, new Exception());
                out.write(bytes("sorry"));
              });
        });
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.text()).isEqualTo("sorry");
  }

  @Test
  void startWithErrorO03_afterCommit_throwsThatErrorAndCutsTheResponse() {
    Exception error = new Exception("checked");
    AtomicReference<Throwable> seen = new AtomicReference<>();
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write(bytes("half"));
                out.flush();
                try {
                  start.start(500, TEXT, error);
                } catch (Throwable e) {
                  seen.set(e);
                  throw e;
                }
              });
        });
    assertThat(seen.get()).isSameAs(error);
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.text()).isEqualTo("half");
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).isSameAs(error);
    assertThat(call.sink().aborted()).isSameAs(error);
  }

  @Test
  void startWithErrorO03_afterCommitAndSwallowed_stillCutsTheResponse() {
    Exception error = new Exception("checked");
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write(bytes("half"));
                out.flush();
                swallow(() -> start.start(500, TEXT, error));
              });
        });
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).isSameAs(error);
    assertThat(call.errors()).contains("checked");
  }

  @Test
  void startWithError_refusedAndSwallowed_isNotThe200ThatWasToBeReplaced() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          swallow(() -> start.start(500, Headers.of("Connection", "close"), new Exception()));
          return Body.of("fine?");
        });
    assertErrorPage(call);
    assertThat(call.errors()).contains("response header must not be hop-by-hop: Connection");
  }

  @Test
  void startWithError_refusedInTheBodyAndSwallowed_isNotThe200ThatWasToBeReplaced() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write(bytes("fine?"));
                swallow(() -> start.start(700, TEXT, new Exception()));
              });
        });
    assertErrorPage(call);
  }

  @Test
  void startWithError_afterARefusedStart_answers() {
    call.run(
        (environ, start) -> {
          try {
            start.start(99, TEXT);
          } catch (IllegalArgumentException e) {
            start.start(500, TEXT, e);
          }
          return Body.of("my own page");
        });
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.text()).isEqualTo("my own page");
  }

  @Test
  void startWithError_severalTimes_theLastCounts() {
    Exception last = new Exception();
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          start.start(502, TEXT, new Exception());
          start.start(503, TEXT, last);
          return Body.of("x");
        });
    assertThat(call.status()).isEqualTo(503);
    assertThat(call.outcome().failure()).isSameAs(last);
  }

  @Test
  void start_afterTheExchangeEnded_throws() {
    AtomicReference<StartResponse> kept = new AtomicReference<>();
    call.run(
        (environ, start) -> {
          kept.set(start);
          start.start(200, TEXT);
          return Body.of("x");
        });
    Exception error = new Exception();
    assertThatThrownBy(() -> kept.get().start(200, TEXT)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> kept.get().start(500, TEXT, error)).isSameAs(error);
  }

  // ---- the request ----

  @ParameterizedTest
  @ValueSource(strings = {"abc", "-1", "+5", "1e3", "99999999999999999999", "5 ", "5,5"})
  void requestC06_malformedContentLength_isA400AndNoCall(String length) {
    Call post = Call.of("POST", "/");
    List<String> called = new ArrayList<>();
    post.variable("CONTENT_LENGTH", length)
        .run(
            (environ, start) -> {
              called.add("called");
              throw new AssertionError();
            });
    assertThat(called).isEmpty();
    assertThat(post.status()).isEqualTo(400);
    assertThat(post.text()).isEqualTo("400 Bad Request\n");
    assertThat(post.errors()).contains("CONTENT_LENGTH must be one number of digits");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "G T", "GET\r", "GE\u0000T", "G\u00C9T"})
  void requestW25_methodNoToken_isA400AndNoCall(String method) {
    Call bad =
        Call.of(method, "/")
            .run(
                (environ, start) -> {
                  throw new AssertionError();
                });
    assertThat(bad.status()).isEqualTo(400);
    assertThat(bad.errors()).contains("REQUEST_METHOD must be a token");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a\"><script>", "a b", "a@b", "a:b", "a:1:2", "[::1", "a/b", "a, b", "\u00e9"})
  void attackA17_hostThatIsNone_isA400AndNoCall(String host) {
    Call bad =
        Call.of("GET", "/")
            .variable("HTTP_HOST", host)
            .run(
                (environ, start) -> {
                  throw new AssertionError();
                });
    assertThat(bad.status()).isEqualTo(400);
    assertThat(bad.errors()).contains("HTTP_HOST must be a host and maybe a port");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "a:81", "a:", "127.0.0.1:1", "[::1]", "[::1]:81", "a_b", "a,b"})
  void attackA17_hosts_areTaken(String host) {
    Call good =
        Call.of("GET", "/")
            .variable("HTTP_HOST", host)
            .run(Application.of(environ -> Response.of(200, TEXT)));
    assertThat(good.status()).isEqualTo(200);
  }

  @Test
  void run_secondTime_throws() {
    Application application = Application.of(environ -> Response.of(200, TEXT));
    call.run(application);
    assertThatThrownBy(() -> call.exchange().run(application))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () -> Exchange.of(call.environ().copy(), new RecordingSink()).run(application))
        .isInstanceOf(IllegalStateException.class);
  }
}

package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a gateway may offer beyond the interface: early hints and trailers, X1. */
class ExchangeExtensionsTest {
  private static final Headers SUM = Headers.of("X-Sum", "1");
  private static final Headers LINK = Headers.of("Link", "</a.css>; rel=preload");

  private final Call call = Call.get("/");

  private static Application trailed(Headers headers, Headers trailers) {
    return (environ, start) -> {
      start.start(200, headers);
      return Body.of("abc").withTrailers(() -> trailers);
    };
  }

  @Test
  void trailers_followTheBody_whichThenHasNoContentLength() {
    call.sink().trailing();
    call.run(trailed(Headers.of(), SUM));

    assertThat(call.sink().events()).containsExactly("head 200", "write 3", "trailers 1", "finish");
    assertThat(call.sink().headers().contains("Content-Length")).isFalse();
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void trailers_whereTheyCannotBeSent_areNeverAskedFor() {
    call.run(
        (environ, start) -> {
          start.start(200, Headers.of());
          return Body.of("abc")
              .withTrailers(
                  () -> {
                    throw new AssertionError("must not be asked");
                  });
        });

    assertThat(call.sink().events()).containsExactly("head 200", "write 3", "finish");
    assertThat(call.sink().headers().get("Content-Length")).isEqualTo("3");
  }

  @Test
  void trailers_behindADeclaredLength_areNeverAskedFor() {
    call.sink().trailing();
    call.run(trailed(Headers.of("Content-Length", "3"), SUM));

    assertThat(call.sink().events()).containsExactly("head 200", "write 3", "finish");
  }

  @Test
  void trailers_ofHead_areNeverAskedFor() {
    Call head = Call.of("HEAD", "/");
    head.sink().trailing();
    head.run(trailed(Headers.of(), SUM));

    assertThat(head.sink().events()).containsExactly("head 200", "finish");
  }

  @Test
  void noTrailers_leaveTheContentLength() {
    call.sink().trailing();
    call.run(trailed(Headers.of(), Headers.of()));

    assertThat(call.sink().events()).containsExactly("head 200", "write 3", "finish");
    assertThat(call.sink().headers().get("Content-Length")).isEqualTo("3");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length",
        "Transfer-Encoding",
        "Trailer",
        "Connection",
        "Status",
        "Host",
        "Set-Cookie",
        "content-TYPE",
        "Content-Encoding",
        "Cache-Control",
        "WWW-Authenticate",
        "Location"
      })
  void trailer_thatIsNeededBeforeTheBody_cutsTheResponse(String name) {
    call.sink().trailing();
    call.run(
        (environ, start) -> {
          start.start(200, Headers.of());
          Body body = Body.writing(out -> out.write(new byte[ResponseStream.HELD]));
          return body.withTrailers(() -> Headers.of(name, "1"));
        });

    assertThat(call.sink().isFinished()).isFalse();
    assertThat(call.sink().aborted()).hasMessageEndingWith("needed before the body: " + name);
    assertThat(call.outcome().complete()).isFalse();
  }

  @Test
  void trailer_thatIsNeededBeforeAShortBody_isA500() {
    call.sink().trailing();
    call.run(trailed(Headers.of(), Headers.of("Host", "x")));

    assertThat(call.status()).isEqualTo(500);
  }

  @Test
  void trailersThatThrow_cutTheResponse() {
    call.sink().trailing();
    call.run(
        (environ, start) -> {
          start.start(200, Headers.of());
          return Body.writing(out -> out.flush())
              .withTrailers(
                  () -> {
                    throw new IllegalStateException("no sum");
                  });
        });

    assertThat(call.sink().aborted()).hasMessage("no sum");
    assertThat(call.errors()).contains("no sum");
  }

  @Test
  void trailers_passOnCloseAndLint() {
    List<String> closed = new ArrayList<>();
    call.sink().trailing();
    call.run(
        Lint.of()
            .wrap(
                (environ, start) -> {
                  start.start(200, Headers.of("Content-Type", "text/plain"));
                  return Body.of("abc").withTrailers(() -> SUM).onClose(() -> closed.add("closed"));
                }));

    assertThat(call.sink().events()).containsExactly("head 200", "write 3", "trailers 1", "finish");
    assertThat(closed).containsExactly("closed");
  }

  /** Another body has other trailers: a sum over the bytes would be wrong now. */
  @Test
  void trailers_areLostWithAMiddlewareThatChangesTheBody() {
    Application upper =
        (environ, start) -> {
          Body inner = trailed(Headers.of(), SUM).call(environ, start);
          return Body.writing(
              out -> {
                for (var block : inner) {
                  String text = StandardCharsets.US_ASCII.decode(block).toString();
                  out.write(text.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII));
                }
              });
        };
    call.sink().trailing();
    call.run(upper);

    assertThat(call.text()).isEqualTo("ABC");
    assertThat(call.sink().events()).containsExactly("head 200", "write 3", "finish");
  }

  @Test
  void earlyHints_goOutAtOnce_andSeveralTimes() {
    call.run(
        (environ, start) -> {
          start.earlyHints(LINK);
          start.earlyHints(Headers.of("Link", "</b.js>; rel=preload"));
          start.start(200, Headers.of());
          return Body.empty();
        });

    assertThat(call.sink().events())
        .startsWith("hints </a.css>; rel=preload", "hints </b.js>; rel=preload", "head 200");
    assertThat(call.sink().headers().contains("Link")).isFalse();
  }

  @Test
  void earlyHints_passLint() {
    call.run(
        Lint.of()
            .wrap(
                (environ, start) -> {
                  start.earlyHints(LINK);
                  start.start(204, Headers.of());
                  return Body.empty();
                }));

    assertThat(call.sink().events()).first().isEqualTo("hints </a.css>; rel=preload");
  }

  @Test
  void earlyHints_afterTheStart_areRefused() {
    call.run(
        (environ, start) -> {
          start.start(200, Headers.of());
          assertThatThrownBy(() -> start.earlyHints(LINK))
              .isInstanceOf(IllegalStateException.class)
              .hasMessage("early hints must come before the response is started");
          return Body.of("x");
        });

    assertThat(call.status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Content-Length", "Connection", "Transfer-Encoding", "Status"})
  void earlyHint_ofTheGateways_isRefused(String name) {
    call.run(
        (environ, start) -> {
          start.earlyHints(Headers.of(name, "1"));
          start.start(200, Headers.of());
          return Body.empty();
        });

    assertThat(call.status()).isEqualTo(500);
    assertThat(call.errors()).contains("early hint must not be about the connection");
  }

  @Test
  void earlyHints_toAClientThatHasGone_endTheExchange() {
    call.sink().failAt(RecordingSink.Step.HINTS, 1, new IOException("Broken pipe"));
    call.run(
        (environ, start) -> {
          start.earlyHints(LINK);
          start.start(200, Headers.of());
          return Body.of("x");
        });

    assertThat(call.sink().aborted()).hasMessage("Broken pipe");
    assertThat(call.outcome().complete()).isFalse();
  }

  /** A start-response of a middleware's own, as a lambda, sends none. */
  @Test
  void earlyHints_ofALambda_areNothing() throws Exception {
    StartResponse lambda = (status, headers, error) -> {};
    lambda.earlyHints(LINK);
    assertThat(lambda).isNotNull();
  }
}

package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The table of {@link Exchange}: for each row, that it wins over the next one. */
class ExchangeOrderTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private final Call call = Call.of("POST", "/");
  private final IOException error = new IOException("the application's");

  private void assertFailure(Application application, Throwable failure, int status) {
    call.run(application);
    assertThat(call.outcome().failure()).isSameAs(failure);
    assertThat(call.status()).isEqualTo(status);
  }

  private static void swallow(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      // What an application should not do.
    }
  }

  private static Application writing(Body.Writer writer) {
    return (environ, start) -> {
      start.start(200, TEXT);
      return Body.writing(writer);
    };
  }

  @Test
  void row1_peerGone_winsOverCancelled() {
    IOException gone = new IOException("gone");
    call.sink()
        .at(
            RecordingSink.Step.WRITE,
            1,
            () -> {
              call.exchange().cancel(new IOException("cancelled"));
              throw gone;
            });
    assertFailure(writing(out -> out.write('x')), gone, 200);
    assertThat(call.errors()).isEmpty();
  }

  @Test
  void row2_cancelled_winsOverUnsendable() {
    IOException why = new IOException("cancelled");
    call.sink()
        .at(
            RecordingSink.Step.WRITE,
            1,
            () -> {
              call.exchange().cancel(why);
              throw new IllegalStateException("unsendable");
            });
    assertFailure(writing(out -> out.write('x')), why, 200);
    assertThat(call.errors()).isEmpty();
  }

  @Test
  void row3_unsendable_winsOverAStatus() {
    IllegalStateException unsendable = new IllegalStateException("head is too large");
    call.sink().failAt(RecordingSink.Step.HEAD, 1, unsendable);
    assertFailure(
        writing(
            out -> {
              try {
                out.flush();
              } catch (IOException e) {
                throw new HttpException(404, "none");
              }
            }),
        unsendable,
        500);
  }

  @Test
  void row4_status_winsOverTheRequestsBody() {
    HttpException status = new HttpException(422, "no such form");
    call.variable("CONTENT_LENGTH", "5");
    assertFailure(
        (environ, start) -> {
          try {
            environ.input().readAllBytes();
          } catch (IOException e) {
            status.addSuppressed(e);
          }
          throw new IOException(status);
        },
        status,
        422);
  }

  @Test
  void row5_requestsBody_winsOverAnythingElseThatIsChecked() {
    IOException[] failure = new IOException[1];
    call.variable("CONTENT_LENGTH", "5")
        .run(
            (environ, start) -> {
              try {
                environ.input().readAllBytes();
              } catch (IOException e) {
                failure[0] = e;
              }
              throw error;
            });
    assertThat(call.outcome().failure()).isSameAs(failure[0]).isNotNull();
    assertThat(call.status()).isEqualTo(400);
  }

  @Test
  void row6_thrown_winsOverABrokenContract() {
    assertFailure(
        (environ, start) -> {
          start.start(200, TEXT);
          swallow(() -> start.start(201, TEXT));
          throw error;
        },
        error,
        500);
  }

  @Test
  void row7_brokenContract_winsOverARefusedStart() {
    RuntimeException[] broken = new RuntimeException[1];
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          try {
            start.start(201, TEXT);
          } catch (RuntimeException e) {
            broken[0] = e;
          }
          swallow(() -> start.start(99, TEXT, error));
          return Body.of("x");
        });
    assertThat(call.outcome().failure()).isSameAs(broken[0]).isNotNull();
    assertThat(call.status()).isEqualTo(500);
  }

  @Test
  void row8_refusedStart_winsOverALongBody() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT.with("Content-Length", "1"));
          swallow(() -> start.start(99, TEXT, error));
          return Body.of("long");
        });
    assertThat(call.outcome().failure())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("99");
    assertThat(call.status()).isEqualTo(500);
  }

  @Test
  void row9_longBody_winsOverAnAnsweredError() {
    call.run(
        (environ, start) -> {
          start.start(503, TEXT.with("Content-Length", "1"), error);
          return Body.of("long");
        });
    assertThat(call.outcome().failure()).hasMessage("body must not exceed its Content-Length: 1");
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.text()).isEqualTo("l");
  }

  @Test
  void row10_answeredError_winsOverAFailingClose() {
    assertFailure(
        (environ, start) -> {
          start.start(503, TEXT, error);
          return Body.of("x")
              .onClose(
                  () -> {
                    throw new IOException("close");
                  });
        },
        error,
        503);
    assertThat(call.errors()).contains("close");
  }

  @Test
  void row11_failingClose_isTheFailureOfAResponseThatIsWhole() {
    assertFailure(
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.of("x")
              .onClose(
                  () -> {
                    throw error;
                  });
        },
        error,
        200);
    assertThat(call.outcome().complete()).isTrue();
  }
}

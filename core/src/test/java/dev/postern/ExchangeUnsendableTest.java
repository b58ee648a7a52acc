package dev.postern;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.RecordingSink.Step;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a sink says by anything but an IOException: this response cannot be sent. */
class ExchangeUnsendableTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/html", "X-App", "1");
  private static final RuntimeException LARGE = new IllegalStateException("head is too large");

  private final Call call = Call.get("/");
  private final List<String> seen = new ArrayList<>();

  private static Application app(Body body) {
    return (environ, start) -> {
      start.start(200, TEXT);
      return body;
    };
  }

  private static Body flushing() {
    return steps(text("a"), text("b"));
  }

  private void assertSmall500(Throwable failure) {
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.text()).isEqualTo("500 Internal Server Error\n");
    assertThat(call.header("X-App")).isNull();
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.outcome().failure()).isSameAs(failure);
    assertThat(call.errors()).contains(failure.toString(), "\tat ");
  }

  @Test
  void head_thatIsRefused_isA500() {
    for (Body body : List.of(Body.empty(), Body.of("x"), flushing())) {
      ExchangeUnsendableTest each = new ExchangeUnsendableTest();
      each.call.sink().failAt(Step.HEAD, 1, LARGE);
      each.call.environ().onCancel(() -> seen.add("cancelled"));
      each.call.run(app(body));
      each.assertSmall500(LARGE);
    }
    assertThat(seen).isEmpty();
  }

  @Test
  void head_thatFailsByAnError_isA500() {
    Error error = new StackOverflowError();
    call.sink().failAt(Step.HEAD, 1, error);
    call.run(app(Body.of("x")));
    assertSmall500(error);
  }

  @Test
  void head_refusedForHeadRequest_isA500WithoutBytes() {
    Call head = Call.of("HEAD", "/");
    head.sink().failAt(Step.HEAD, 1, LARGE);
    head.run(app(Body.of("x")));
    assertThat(head.status()).isEqualTo(500);
    assertThat(head.sink().bytes()).isEmpty();
    assertThat(head.outcome().complete()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"WRITE", "FLUSH", "FINISH"})
  void later_whereNothingWentOut_isA500(Step step) {
    call.sink().resettable().failAt(step, 1, LARGE);
    Body body =
        Body.writing(
            out -> {
              if (step == Step.FLUSH) {
                out.flush();
              }
            });
    call.run(app(step == Step.WRITE ? Body.of("x") : body));
    assertSmall500(LARGE);
    assertThat(call.sink().events()).contains("reset");
  }

  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"WRITE", "FLUSH", "FINISH"})
  void later_whereSomethingMayHaveGoneOut_isCut(Step step) {
    call.sink().failAt(step, 1, LARGE);
    call.environ().onCancel(() -> seen.add("cancelled"));
    call.run(app(flushing()));
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).isSameAs(LARGE);
    assertThat(call.sink().aborted()).isSameAs(LARGE);
    assertThat(call.errors()).contains("head is too large");
    assertThat(seen).containsExactly("cancelled");
  }

  @Test
  void later_whereASinkKeptWhatItTook_countsTheBytesOfThePageAlone() {
    call.sink().resettable().failAt(Step.WRITE, 2, LARGE);
    call.run(app(flushing()));
    assertSmall500(LARGE);
    assertThat(call.outcome().bytes()).isEqualTo(26);
  }

  @Test
  void reset_thatThrows_isANo() {
    RecordingSink sink =
        new RecordingSink() {
          @Override
          public boolean reset() {
            throw LARGE;
          }
        };
    sink.failAt(Step.FINISH, 1, LARGE);
    Environ environ = Call.get("/").environ();
    Outcome outcome = Exchange.of(environ, sink).run(app(Body.empty()));
    assertThat(outcome.complete()).isFalse();
    assertThat(sink.aborted()).isSameAs(LARGE);
  }

  @Test
  void swallowedByTheBody_isStillA500() {
    call.sink().failAt(Step.HEAD, 1, LARGE);
    call.run(
        app(
            Body.writing(
                out -> {
                  for (int i = 0; i < 3; i++) {
                    try {
                      out.write(bytes("a"));
                      out.flush();
                    } catch (IOException e) {
                      seen.add(e.getCause().getMessage());
                    }
                  }
                })));
    assertThat(seen).hasSize(3).containsOnly("head is too large");
    assertSmall500(LARGE);
  }

  @Test
  void startedAnewByTheApplication_isWhatThatSays() {
    call.sink().failAt(Step.HEAD, 1, LARGE);
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                try {
                  out.flush();
                } catch (IOException e) {
                  start.start(507, Headers.of("Content-Type", "text/plain"), e);
                  out.write(bytes("too large"));
                }
              });
        });
    assertThat(call.status()).isEqualTo(507);
    assertThat(call.text()).isEqualTo("too large");
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void headersOfAnErrorThatCannotBeSent_leaveThePlain500() {
    call.sink().failAt(Step.HEAD, 1, LARGE);
    call.run(
        (environ, start) -> {
          throw new HttpException(401, "who", Headers.of("WWW-Authenticate", "x".repeat(9999)));
        });
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.header("WWW-Authenticate")).isNull();
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.errors()).contains("401 for", "who", "head is too large");
  }

  @Test
  void everyHead_thatIsRefused_endsInAnAbort() {
    RecordingSink sink =
        new RecordingSink() {
          @Override
          public void head(int status, Headers headers) {
            throw LARGE;
          }
        };
    Outcome outcome = Exchange.of(call.environ(), sink).run(app(Body.of("x")));
    assertThat(outcome.complete()).isFalse();
    assertThat(outcome.status()).isZero();
    assertThat(outcome.failure()).isSameAs(LARGE);
    assertThat(sink.aborted()).isSameAs(LARGE);
  }
}

package dev.postern;

import static dev.postern.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link Body#onClose}, and bodies of streams with a length. */
class BodyOnCloseTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private final List<String> closed = new ArrayList<>();

  private Body body() {
    return Body.writing(out -> out.write(bytes("text"))).onClose(() -> closed.add("resource"));
  }

  @ParameterizedTest
  @CsvSource({"GET,200,text", "HEAD,200,''", "GET,204,''", "GET,304,''"})
  void onClose_whateverIsSent_closesOnce(String method, int status, String text) {
    Call call = Call.of(method, "/");
    call.run(Application.of(environ -> Response.of(status, Headers.of(), body())));
    assertThat(call.text()).isEqualTo(text);
    assertThat(closed).containsExactly("resource");
  }

  @Test
  void onClose_cancelled_closes() {
    Call call = Call.get("/");
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          call.exchange().cancel(new IOException("gone"));
          return body();
        });
    assertThat(closed).containsExactly("resource");
  }

  @Test
  void onClose_closesTheBodyFirstAndBothOnce() throws IOException {
    Body body =
        new TrackedBody("x")
            .atClose(() -> closed.add("body"))
            .onClose(() -> closed.add("first"))
            .onClose(() -> closed.add("second"));
    body.close();
    body.close();
    assertThat(closed).containsExactly("body", "first", "second");
  }

  @Test
  void onClose_bodyThatCannotBeClosed_stillClosesTheResource() {
    IOException broken = new IOException("body");
    IOException also = new IOException("resource");
    Body body =
        new TrackedBody("x")
            .failOnClose(broken)
            .onClose(
                () -> {
                  closed.add("resource");
                  throw also;
                });
    assertThatThrownBy(body::close).isSameAs(broken).hasSuppressedException(also);
    assertThat(closed).containsExactly("resource");
  }

  @Test
  void onClose_passesLengthAndBlocksOn() {
    Body body = Body.of("text").onClose(() -> {});
    assertThat(body.length()).isEqualTo(4);
    assertThat(body.iterator().next().remaining()).isEqualTo(4);
    assertThatThrownBy(() -> Body.empty().onClose(null)).isInstanceOf(NullPointerException.class);
  }

  // ---- streams ----

  private static Call get(Body body) {
    return Call.get("/").run(Application.of(environ -> Response.of(200, TEXT, body)));
  }

  @Test
  void stream_withLength_hasItsContentLengthAndNoMore() {
    for (int size : new int[] {0, 1, 4, 100_000}) {
      Call call = get(Body.of(new ByteArrayInputStream(new byte[size + 7]), size));
      assertThat(call.header("Content-Length")).isEqualTo(Integer.toString(size));
      assertThat(call.sink().bytes()).hasSize(size);
      assertThat(call.outcome().complete()).isTrue();
    }
  }

  @Test
  void stream_shorterThanItsLength_isAFailure() {
    Call call = get(Body.of(new ByteArrayInputStream(new byte[3]), 4));
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.outcome().failure()).isInstanceOf(EOFException.class);
    Call cut = get(Body.of(new ByteArrayInputStream(new byte[30_000]), 40_000));
    assertThat(cut.outcome().complete()).isFalse();
    Body pulled = Body.of(new ByteArrayInputStream(new byte[3]), 4);
    assertThatThrownBy(() -> Bodies.pulled(pulled)).hasCauseInstanceOf(EOFException.class);
  }

  @Test
  void stream_negativeLength_isRefused() {
    assertThatThrownBy(() -> Body.of(new ByteArrayInputStream(new byte[3]), -1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void stream_shortAndInMemory_getsItsContentLength() {
    Call call = get(Body.of(new ByteArrayInputStream(bytes("short"))));
    assertThat(call.header("Content-Length")).isEqualTo("5");
    assertThat(call.text()).isEqualTo("short");
  }

  @Test
  void stream_thatMayWait_isFlushedWhenNothingIsThere() {
    Call call = get(Body.of(new FilterInputStream(new ByteArrayInputStream(bytes("short"))) {}));
    assertThat(call.header("Content-Length")).isNull();
    assertThat(call.sink().events()).containsSubsequence("write 5", "flush");
  }
}

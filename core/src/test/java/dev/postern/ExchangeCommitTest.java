package dev.postern;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When the head goes out, and with which length: W6, W10, W19 to W21, W24, O02, O05, O06. */
class ExchangeCommitTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private final Call call = Call.get("/");

  private static Application app(int status, Headers headers, Body body) {
    return (environ, start) -> {
      start.start(status, headers);
      return body;
    };
  }

  private Call write(Headers headers, Body.Writer writer) {
    return call.run(app(200, headers, Body.writing(writer)));
  }

  /** A body that says that it is so long. */
  private static Body claiming(long length, Body body) {
    return new Body() {
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
        return length;
      }
    };
  }

  // ---- when ----

  @Test
  void head_shortBody_goesOutAtTheEndWithItsLength() {
    List<String> before = new ArrayList<>();
    write(
        TEXT,
        out -> {
          out.write(bytes("ab"));
          out.write('c');
          out.close();
          before.addAll(call.sink().events());
        });
    assertThat(before).isEmpty();
    assertThat(call.sink().events()).containsExactly("head 200", "write 3", "finish");
    assertThat(call.headers()).isEqualTo(TEXT.with("Content-Length", "3"));
    assertThat(call.text()).isEqualTo("abc");
  }

  @Test
  void head_flush_goesOutAtOnceWithoutLength() {
    List<String> atFlush = new ArrayList<>();
    write(
        TEXT,
        out -> {
          out.write(bytes("a"));
          out.flush();
          atFlush.addAll(call.sink().events());
          out.write(bytes("b"));
        });
    assertThat(atFlush).containsExactly("head 200", "write 1", "flush");
    assertThat(call.headers()).isEqualTo(TEXT);
    assertThat(call.text()).isEqualTo("ab");
  }

  @Test
  void head_flushOfNothing_goesOut() {
    List<String> atFlush = new ArrayList<>();
    write(
        TEXT,
        out -> {
          out.flush();
          atFlush.addAll(call.sink().events());
        });
    assertThat(atFlush).containsExactly("head 200", "flush");
  }

  @ParameterizedTest
  @CsvSource({"8191, false", "8192, true", "8193, true", "100000, true"})
  void head_8KibHeld_goesOut(int size, boolean committed) {
    AtomicReference<Integer> status = new AtomicReference<>();
    write(
        TEXT,
        out -> {
          out.write(new byte[size]);
          status.set(call.status());
        });
    assertThat(status.get()).isEqualTo(committed ? 200 : 0);
    assertThat(call.headers().contains("Content-Length")).isEqualTo(!committed);
    assertThat(call.sink().bytes()).hasSize(size);
  }

  @Test
  void head_8KibInSmallWrites_goesOutExactlyThen() {
    List<Integer> statuses = new ArrayList<>();
    write(
        TEXT,
        out -> {
          for (int i = 0; i < 8192; i++) {
            if (i > 8189) {
              statuses.add(call.status());
            }
            out.write(i);
          }
          statuses.add(call.status());
        });
    assertThat(statuses).containsExactly(0, 0, 200);
  }

  @Test
  void write_allSizes_keepBytesInOrder() {
    byte[] bytes = new byte[100_000];
    new java.util.Random(3).nextBytes(bytes);
    write(
        TEXT,
        out -> {
          java.util.Random sizes = new java.util.Random(4);
          for (int i = 0; i < bytes.length; ) {
            int n = Math.min(bytes.length - i, sizes.nextInt(9000));
            out.write(bytes, i, n);
            i += n;
          }
        });
    assertThat(call.sink().bytes()).isEqualTo(bytes);
  }

  @Test
  void write_outOfBounds_throws() {
    write(
        TEXT,
        out -> {
          assertThatThrownBy(() -> out.write(new byte[3], 2, 2))
              .isInstanceOf(IndexOutOfBoundsException.class);
          assertThatThrownBy(() -> out.write(new byte[3], -1, 2))
              .isInstanceOf(IndexOutOfBoundsException.class);
        });
    assertThat(call.sink().bytes()).isEmpty();
  }

  @Test
  void blocksO06_eachIsAtTheSinkAndFlushedBeforeTheNextIsAskedFor() {
    List<String> seen = new ArrayList<>();
    call.run(
        app(
            200,
            TEXT,
            steps(
                text("one"),
                () -> {
                  seen.add(call.text() + call.sink().events());
                  return bytes("two");
                },
                () -> {
                  seen.add(call.text() + call.sink().events());
                  return bytes("three");
                })));
    assertThat(seen)
        .containsExactly(
            "one[head 200, write 3, flush]", "onetwo[head 200, write 3, flush, write 3, flush]");
    assertThat(call.text()).isEqualTo("onetwothree");
  }

  @Test
  void blocksO02_empty_doNotCommit() {
    List<String> seen = new ArrayList<>();
    call.run(
        app(
            200,
            TEXT,
            steps(
                text(""),
                text(""),
                () -> {
                  seen.addAll(call.sink().events());
                  throw new IOException("no");
                })));
    assertThat(seen).isEmpty();
    assertThat(call.status()).isEqualTo(500);
  }

  @Test
  void head_noBytesAtAll_goesOutAtTheEndWithLength0() {
    call.run(app(200, TEXT, steps(text(""))));
    assertThat(call.sink().events()).containsExactly("head 200", "finish");
    assertThat(call.headers()).isEqualTo(TEXT.with("Content-Length", "0"));
  }

  // ---- Content-Length ----

  @Test
  void length_ofBody_isSentAlsoWhereTheHeadGoesOutEarly() {
    call.run(app(200, TEXT, Body.of(new byte[30_000])));
    assertThat(call.header("Content-Length")).isEqualTo("30000");
  }

  @Test
  void length_ofTheApplication_isKept() {
    write(
        TEXT.with("content-length", "3"),
        out -> {
          out.flush();
          out.write(bytes("abc"));
        });
    assertThat(call.headers()).isEqualTo(TEXT.with("content-length", "3"));
    assertThat(call.outcome().complete()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, -2, Long.MIN_VALUE})
  void length_negative_isUnknown(long length) {
    call.run(app(200, TEXT, claiming(length, Body.of("abc"))));
    assertThat(call.text()).isEqualTo("abc");
    assertThat(call.header("Content-Length")).isEqualTo("3");
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void longerO05_beforeCommit_isCutThereStoppedAndLogged() {
    List<String> after = new ArrayList<>();
    write(
        TEXT.with("Content-Length", "3"),
        out -> {
          out.write(bytes("abcdef"));
          after.add("went on");
        });
    assertThat(after).isEmpty();
    assertThat(call.text()).isEqualTo("abc");
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.outcome().failure()).hasMessage("body must not exceed its Content-Length: 3");
    assertThat(call.errors()).contains("body must not exceed its Content-Length: 3");
  }

  @Test
  void longerO05_iterator_isAskedForNoMore() {
    List<String> asked = new ArrayList<>();
    call.run(
        app(
            200,
            TEXT.with("Content-Length", "4"),
            steps(
                text("abc"),
                text("def"),
                () -> {
                  asked.add("asked");
                  return bytes("ghi");
                })));
    assertThat(asked).isEmpty();
    assertThat(call.text()).isEqualTo("abcd");
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void longerO05_swallowedAndWrittenOn_isStillCutAndLoggedOnce() {
    write(
        TEXT.with("Content-Length", "3"),
        out -> {
          for (int i = 0; i < 3; i++) {
            try {
              out.write(bytes("abcd"));
            } catch (IOException e) {
              assertThat(e).isNotNull();
            }
          }
        });
    assertThat(call.text()).isEqualTo("abc");
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.errors().split("must not exceed", -1)).hasSize(2);
  }

  @Test
  void longerO05_thanTheBodysOwnLength_isCut() {
    call.run(app(200, TEXT, claiming(2, Body.of("abc"))));
    assertThat(call.header("Content-Length")).isEqualTo("2");
    assertThat(call.text()).isEqualTo("ab");
  }

  @Test
  void longerO05_length0_sendsNothing() {
    write(TEXT.with("Content-Length", "0"), out -> out.write('a'));
    assertThat(call.sink().bytes()).isEmpty();
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void longerO05_andAnUnrelatedException_losesNeither() {
    IllegalStateException other = new IllegalStateException("other");
    write(
        TEXT.with("Content-Length", "3"),
        out -> {
          try {
            out.write(bytes("abcd"));
          } catch (IOException e) {
            throw other;
          }
        });
    assertThat(call.text()).isEqualTo("abc");
    assertThat(call.outcome().failure())
        .hasMessage("body must not exceed its Content-Length: 3")
        .hasSuppressedException(other);
    assertThat(call.errors()).contains("IllegalStateException: other");
  }

  @Test
  void shorterO05_beforeCommit_isA500() {
    write(TEXT.with("Content-Length", "10"), out -> out.write(bytes("abc")));
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.errors()).contains("body must have its Content-Length: 3 of 10 bytes came");
  }

  @Test
  void shorterO05_afterCommit_isCut() {
    write(
        TEXT.with("Content-Length", "10"),
        out -> {
          out.write(bytes("abc"));
          out.flush();
        });
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.header("Content-Length")).isEqualTo("10");
    assertThat(call.text()).isEqualTo("abc");
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.errors()).contains("body must have its Content-Length: 3 of 10 bytes came");
  }

  @Test
  void shorterO05_thanTheBodysOwnLength_isNotTaken() {
    call.run(app(200, TEXT, claiming(5, Body.of("abc"))));
    assertThat(call.status()).isEqualTo(500);
  }

  // ---- no body ----

  @ParameterizedTest
  @CsvSource({"204", "304"})
  void statusH09H10_withoutBody_hasNeitherLengthNorBytes(int status) {
    TrackedBody body = new TrackedBody("body");
    call.run(app(status, TEXT.with("Content-Length", "5").with("ETag", "\"x\""), body));
    assertThat(call.headers().contains("Content-Length")).isFalse();
    assertThat(call.header("ETag")).isEqualTo("\"x\"");
    assertThat(call.sink().events()).containsExactly("head " + status, "finish");
    assertThat(body.uses()).isZero();
    assertThat(body.closes()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"007, GET", "07, GET", "0000000000000007, GET", "007, HEAD"})
  void contentLength_withZerosInFront_goesOutWithoutThem(String digits, String method) {
    Call call =
        Call.of(method, "/").run(app(200, TEXT.with("Content-Length", digits), Body.of("7 bytes")));
    assertThat(call.headers().all("Content-Length")).containsExactly("7");
    assertThat(call.outcome().complete()).isTrue();
    Call empty = Call.of(method, "/").run(app(200, TEXT.with("Content-Length", "00"), Body.of("")));
    assertThat(empty.headers().all("Content-Length")).containsExactly("0");
  }

  @Test
  void statusH23_304_dropsContentType() {
    call.run(app(304, TEXT, Body.empty()));
    assertThat(call.headers()).isEqualTo(Headers.of());
  }

  @Test
  void statusH11_205_hasLength0AndNoBody() {
    call.run(app(205, Headers.of("Content-Length", "4"), Body.of("body")));
    assertThat(call.headers()).isEqualTo(Headers.of("Content-Length", "0"));
    assertThat(call.sink().bytes()).isEmpty();
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void headH24_hasTheHeadersOfGetAndNoBytes() {
    for (Headers headers : List.of(TEXT, TEXT.with("Content-Length", "4"))) {
      Application application = app(200, headers, Body.of("body"));
      Call head = Call.of("HEAD", "/").run(application);
      Call get = Call.get("/").run(application);
      assertThat(head.headers()).isEqualTo(get.headers());
      assertThat(head.sink().events()).containsExactly("head 200", "finish");
    }
  }

  @Test
  void head_ofUnknownLength_hasNoContentLengthAndDoesNotRunTheBody() {
    TrackedBody body = new TrackedBody(Body.writing(out -> out.write('a')));
    Call head = Call.of("HEAD", "/").run(app(200, TEXT, body));
    assertThat(head.headers()).isEqualTo(TEXT);
    assertThat(body.uses()).isZero();
    assertThat(body.closes()).isEqualTo(1);
    assertThat(head.outcome().complete()).isTrue();
  }

  @Test
  void head_wrongContentLength_isTheApplicationsWord() {
    Call head = Call.of("HEAD", "/").run(app(200, TEXT.with("Content-Length", "9"), Body.empty()));
    assertThat(head.header("Content-Length")).isEqualTo("9");
    assertThat(head.outcome().complete()).isTrue();
  }

  @Test
  void head_requestMethodChangedByTheApplication_stillHasNoBytes() {
    Call head =
        Call.of("HEAD", "/")
            .run(
                (environ, start) -> {
                  environ.put("REQUEST_METHOD", "GET");
                  start.start(200, TEXT);
                  return Body.of("body");
                });
    assertThat(head.sink().bytes()).isEmpty();
    assertThat(head.header("Content-Length")).isEqualTo("4");
  }

  @Test
  void get_requestMethodChangedToHead_stillHasItsBytes() {
    call.run(
        (environ, start) -> {
          environ.put("REQUEST_METHOD", "HEAD");
          start.start(200, TEXT);
          return Body.of("body");
        });
    assertThat(call.text()).isEqualTo("body");
  }

  // ---- the stream ----

  @Test
  void close_ofTheStream_doesNothing() {
    write(
        TEXT,
        out -> {
          out.write(bytes("a"));
          out.close();
          out.write(bytes("b"));
        });
    assertThat(call.text()).isEqualTo("ab");
  }

  @Test
  void stream_afterWriteTo_throws() {
    AtomicReference<OutputStream> kept = new AtomicReference<>();
    List<String> seen = new ArrayList<>();
    TrackedBody body =
        new TrackedBody(
                Body.writing(
                    out -> {
                      kept.set(out);
                      out.write(bytes("a"));
                    }))
            .atClose(
                () -> {
                  assertThatThrownBy(() -> kept.get().write('b')).isInstanceOf(IOException.class);
                  assertThatThrownBy(() -> kept.get().flush()).isInstanceOf(IOException.class);
                  seen.add("closed");
                });
    call.run(app(200, TEXT, body));
    assertThat(seen).containsExactly("closed");
    assertThat(call.outcome().failure()).isNull();
    assertThat(call.text()).isEqualTo("a");
  }
}

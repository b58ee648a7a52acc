package dev.postern;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.fail;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What throws where, and what the client and the log get: W39, O02, O03, R15. */
class ExchangeFailureTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/html", "X-App", "1");
  private static final String SECRET = "/etc/secret-path";

  private final Call call = Call.get("/");

  private static Application app(Body body) {
    return (environ, start) -> {
      start.start(200, TEXT);
      return body;
    };
  }

  /** A body whose parts throw. */
  private static final class Thrower implements Body {
    private final String place;
    private final Throwable error;

    Thrower(String place, Throwable error) {
      this.place = place;
      this.error = error;
    }

    private void at(String here) {
      if (place.equals(here)) {
        throw Sneaky.<RuntimeException>rethrow(error);
      }
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      at("iterator");
      Iterator<ByteBuffer> blocks = Body.of("never").iterator();
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          at("hasNext");
          return blocks.hasNext();
        }

        @Override
        public ByteBuffer next() {
          at("next");
          return blocks.next();
        }
      };
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      at("writeTo");
      if (place.equals("held")) {
        out.write(bytes("half"));
        at("held");
      }
      Body.super.writeTo(out);
    }

    @Override
    public long length() {
      at("length");
      return -1;
    }
  }

  private static List<Throwable> errors() {
    return List.of(
        new IOException(SECRET),
        new Exception(SECRET),
        new RuntimeException(SECRET),
        new StackOverflowError(SECRET),
        new OutOfMemoryError(SECRET),
        new NoClassDefFoundError(SECRET),
        new AssertionError(SECRET),
        new Throwable(SECRET));
  }

  static Stream<Arguments> beforeCommit() {
    List<Arguments> cases = new ArrayList<>();
    for (Throwable error : errors()) {
      for (String place :
          List.of("call", "started", "length", "writeTo", "held", "iterator", "hasNext", "next")) {
        cases.add(Arguments.of(place, error));
      }
    }
    return cases.stream();
  }

  /** The client gets a fixed text, the log everything. */
  private void assertErrorPage(Throwable error) {
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.text()).isEqualTo("500 Internal Server Error\n");
    assertThat(call.headers())
        .isEqualTo(Headers.of("Content-Type", "text/plain;charset=utf-8", "Content-Length", "26"));
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.outcome().failure()).isSameAs(error);
    assertThat(call.errors())
        .contains("postern: Environ[GET \"/\"] failed", error.toString(), "\tat ");
  }

  private void assertCut(String text, Throwable error) {
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.text()).isEqualTo(text);
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).isSameAs(error);
    assertThat(call.sink().aborted()).isSameAs(error);
    assertThat(call.errors()).contains(error.toString(), "\tat ");
  }

  // ---- the application ----

  @ParameterizedTest
  @MethodSource("beforeCommit")
  void thrown_beforeCommit_isA500WithAFixedText(String place, Throwable error) {
    call.run(
        (environ, start) -> {
          if (place.equals("call")) {
            throw Sneaky.<RuntimeException>rethrow(error);
          }
          start.start(200, TEXT);
          if (place.equals("started")) {
            throw Sneaky.<RuntimeException>rethrow(error);
          }
          return new Thrower(place, error);
        });
    assertErrorPage(error);
  }

  @Test
  void thrown_byTheIteratorAfterTheFirstBlock_cutsTheResponse() {
    for (Throwable error : errors()) {
      Call each = Call.get("/").run(app(steps(text("one"), fail(error))));
      assertThat(each.status()).isEqualTo(200);
      assertThat(each.text()).isEqualTo("one");
      assertThat(each.outcome().complete()).isFalse();
      assertThat(each.outcome().failure()).isSameAs(error);
      assertThat(each.sink().aborted()).isSameAs(error);
      assertThat(each.errors()).contains(SECRET);
    }
  }

  @Test
  void thrown_byAWriterAfterAFlush_cutsTheResponse() {
    Exception error = new Exception(SECRET);
    call.run(
        app(
            Body.writing(
                out -> {
                  out.write(bytes("one"));
                  out.flush();
                  out.write(bytes("held"));
                  throw error;
                })));
    assertCut("one", error);
  }

  @Test
  void thrown_byAWriterOnceItsBufferIsFull_cutsTheResponse() {
    Exception error = new Exception(SECRET);
    call.run(
        app(
            Body.writing(
                out -> {
                  out.write(new byte[8192]);
                  throw error;
                })));
    assertCut("\0".repeat(8192), error);
  }

  @Test
  void thrown_byClose_leavesTheResponseWholeAndIsInTheOutcome() {
    for (Throwable error : errors()) {
      Call each = Call.get("/").run(app(new TrackedBody("ok").failOnClose(error)));
      assertThat(each.text()).isEqualTo("ok");
      assertThat(each.outcome().complete()).isTrue();
      assertThat(each.outcome().failure()).isSameAs(error);
      assertThat(each.errors()).contains(SECRET);
    }
  }

  @Test
  void thrown_byCloseAfterAnotherFailure_keepsTheFirstAndLogsBoth() {
    Exception first = new Exception("first");
    TrackedBody body = new TrackedBody(steps(fail(first))).failOnClose(new IOException("second"));
    call.run(app(body));
    assertErrorPage(first);
    assertThat(call.errors()).contains("IOException: second");
  }

  @Test
  void thrown_byAFinishHook_isLoggedAndTheOthersRun() {
    for (Throwable error : errors()) {
      Call each = Call.get("/");
      List<String> seen = new ArrayList<>();
      each.environ()
          .onFinish(
              outcome -> {
                throw Sneaky.<RuntimeException>rethrow(error);
              });
      each.environ().onFinish(outcome -> seen.add("ran"));
      each.run(app(Body.of("ok")));
      assertThat(seen).containsExactly("ran");
      assertThat(each.errors()).contains(SECRET);
      assertThat(each.outcome().complete()).isTrue();
    }
  }

  @Test
  void thrown_onHead_isA500WithoutBytes() {
    Call head =
        Call.of("HEAD", "/")
            .run(
                (environ, start) -> {
                  throw new IOException(SECRET);
                });
    assertThat(head.status()).isEqualTo(500);
    assertThat(head.header("Content-Length")).isEqualTo("26");
    assertThat(head.sink().bytes()).isEmpty();
    assertThat(head.outcome().complete()).isTrue();
  }

  @Test
  void thrown_interrupted_setsTheFlagAgainOnlyWhenAllIsDone() {
    List<Boolean> flags = new ArrayList<>();
    call.sink()
        .at(RecordingSink.Step.WRITE, 1, () -> flags.add(Thread.currentThread().isInterrupted()));
    TrackedBody body =
        new TrackedBody(steps(fail(new InterruptedException())))
            .atClose(() -> flags.add(Thread.currentThread().isInterrupted()));
    call.run(app(body));
    assertThat(Thread.interrupted()).isTrue();
    // An interruptible channel would be closed by the error page otherwise.
    assertThat(flags).containsExactly(false, false);
    assertThat(call.status()).isEqualTo(500);
  }

  // ---- statuses ----

  @ParameterizedTest
  @CsvSource({
    "400,400 Bad Request",
    "404,404 Not Found",
    "408,408 Request Timeout",
    "413,413 Content Too Large",
    "431,431 Request Header Fields Too Large",
    "499,499",
    "502,502 Bad Gateway",
    "504,504 Gateway Timeout"
  })
  void gatewayException_beforeCommit_isItsStatusWithAFixedText(int status, String text) {
    GatewayException error = new GatewayException(status, SECRET + " is wrong");
    call.run(
        (environ, start) -> {
          throw error;
        });
    assertThat(call.status()).isEqualTo(status);
    assertThat(call.text()).isEqualTo(text + "\n");
    assertThat(call.outcome().failure()).isSameAs(error);
    assertThat(call.errors())
        .isEqualToNormalizingNewlines(
            "postern: " + status + " for Environ[GET \"/\"]: " + SECRET + " is wrong\n");
  }

  @Test
  void gatewayException_headers_areSent() {
    call.run(
        (environ, start) -> {
          throw new GatewayException(
              405,
              "x",
              Headers.of("Allow", "GET", "Set-Cookie", "a", "Set-Cookie", "b"),
              null,
              null);
        });
    assertThat(call.status()).isEqualTo(405);
    assertThat(call.header("Allow")).isEqualTo("GET");
    assertThat(call.headers().all("Set-Cookie")).containsExactly("a", "b");
  }

  @Test
  void gatewayException_headersThatAreNotItsToSet_areLeftOut() {
    Headers wrong =
        Headers.of(
            "content-length", "5",
            "Content-Type", "text/html",
            "Transfer-Encoding", "chunked",
            "Status", "200",
            "Retry-After", "2");
    call.run(
        (environ, start) -> {
          throw new GatewayException(503, "x", wrong, null, null);
        });
    assertThat(call.headers())
        .isEqualTo(
            Headers.of(
                "Content-Type", "text/plain;charset=utf-8",
                "Retry-After", "2",
                "Content-Length", "24"));
    assertThat(call.text()).isEqualTo("503 Service Unavailable\n");
  }

  @Test
  void gatewayException_diagnosis_isLoggedOnly() {
    GatewayException.Diagnosis diagnosis =
        new GatewayException.Diagnosis("H02", 17, "Loc\\u000A", "oops", "exit 3");
    call.run(
        (environ, start) -> {
          throw new GatewayException(502, "bad header", Headers.of(), diagnosis, null);
        });
    assertThat(call.text()).isEqualTo("502 Bad Gateway\n");
    assertThat(call.errors())
        .contains("bad header (rule H02, at byte 17 near \"Loc\\u000A\", exit 3)")
        .doesNotContain("oops");
  }

  /** The rule is in the message of a host's refusals already, and what is empty is left out. */
  @Test
  void gatewayException_rule_isLoggedOnce() {
    call.run(
        (environ, start) -> {
          throw new GatewayException(
              502,
              "program must answer [no-output]",
              Headers.of(),
              new GatewayException.Diagnosis("no-output", 0, "", "", ""),
              null);
        });
    assertThat(call.errors()).contains("program must answer [no-output] (at byte 0)\n");

    Call plain = Call.get("/");
    plain.run(
        (environ, start) -> {
          throw new GatewayException(
              504,
              "program must be in time [late]",
              Headers.of(),
              new GatewayException.Diagnosis("late", -1, "", "", ""),
              null);
        });
    assertThat(plain.errors()).endsWith("program must be in time [late]\n");
  }

  @Test
  void gatewayException_wrappedByAnIterator_keepsItsStatus() {
    GatewayException error = new GatewayException(504, "too slow");
    call.run(app(steps(fail(new UncheckedIOException(error)))));
    assertThat(call.status()).isEqualTo(504);
    assertThat(call.outcome().failure()).isSameAs(error);
    Call other = Call.get("/").run(app(steps(fail(new UncheckedIOException(new IOException())))));
    assertThat(other.status()).isEqualTo(500);
    assertThat(other.outcome().failure()).isInstanceOf(UncheckedIOException.class);
  }

  @Test
  void gatewayException_afterCommit_cutsTheResponse() {
    GatewayException error = new GatewayException(504, SECRET);
    call.run(app(steps(text("one"), fail(error))));
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.text()).isEqualTo("one");
    assertThat(call.sink().aborted()).isSameAs(error);
    assertThat(call.errors()).contains("504", SECRET);
  }

  // ---- the log ----

  private static void run(PrintWriter errors, Application application) {
    RecordingSink sink = new RecordingSink();
    Environ environ = Environ.builder(Map.of("REQUEST_METHOD", "GET")).errors(errors).build();
    Outcome outcome = Exchange.of(environ, sink).run(application);
    assertThat(outcome.status()).isEqualTo(500);
    assertThat(outcome.complete()).isTrue();
    assertThat(sink.text()).isEqualTo("500 Internal Server Error\n");
  }

  @Test
  void log_thatThrows_doesNotKeepTheErrorPageBack() {
    RuntimeException broken = new RuntimeException("log");
    PrintWriter errors =
        new PrintWriter(Writer.nullWriter()) {
          @Override
          public void println(String line) {
            throw broken;
          }
        };
    for (Throwable error : List.of(new Exception("app"), broken)) {
      run(
          errors,
          (environ, start) -> {
            throw Sneaky.<RuntimeException>rethrow(error);
          });
    }
    PrintWriter failing =
        new PrintWriter(Writer.nullWriter()) {
          @Override
          public void flush() {
            throw new NoClassDefFoundError();
          }
        };
    run(
        failing,
        (environ, start) -> {
          throw new Exception();
        });
  }

  @Test
  void log_errorWhoseMessageThrows_doesNotKeepTheErrorPageBack() {
    StringWriter log = new StringWriter();
    run(
        new PrintWriter(log),
        (environ, start) -> {
          throw new Exception() {
            private static final long serialVersionUID = 1;

            @Override
            public String getMessage() {
              throw new NoClassDefFoundError();
            }
          };
        });
    assertThat(log.toString()).contains("failed");
  }

  @Test
  void log_replacedByTheApplication_isStillTheGateways() {
    call.run(
        (environ, start) -> {
          environ.put("postern.errors", new PrintWriter(Writer.nullWriter()));
          throw new IOException(SECRET);
        });
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.errors()).contains(SECRET);
  }
}

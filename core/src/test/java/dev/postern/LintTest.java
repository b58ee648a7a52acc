package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** When and how Lint reports, and that it leaves correct applications alone. */
class LintTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private final StringWriter log = new StringWriter();
  private final List<LintException> reports = new ArrayList<>();
  private final Lint lint = Lint.of(reports::add);

  /** What a gateway's client saw. */
  private static final class Wire implements ResponseSink {
    int status;
    Headers headers = Headers.of();
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int goneAfter = Integer.MAX_VALUE;
    boolean complete;

    @Override
    public void head(int newStatus, Headers newHeaders) {
      status = newStatus;
      headers = newHeaders;
    }

    @Override
    public void write(byte[] array, int offset, int length) throws IOException {
      if (bytes.size() + length > goneAfter) {
        throw new IOException("peer is gone");
      }
      bytes.write(array, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void finish() {
      complete = true;
    }

    @Override
    public void abort(Throwable cause) {}
  }

  private Environ environ(String method) {
    return Environ.builder(
            Map.of(
                "REQUEST_METHOD", method,
                "PATH_INFO", "/x",
                "SERVER_NAME", "[::1]",
                "SERVER_PORT", "8080",
                "SERVER_PROTOCOL", "HTTP/2.0"))
        .errors(new PrintWriter(log, true))
        .build();
  }

  private Wire run(String method, Application application, Wire wire) {
    Exchange.of(environ(method), wire).run(application);
    return wire;
  }

  private Wire get(Application application) {
    return run("GET", application, new Wire());
  }

  private static Application answering(int status, Headers headers, Body body) {
    return (environ, start) -> {
      start.start(status, headers);
      return body;
    };
  }

  // ---- when and how ----

  @Test
  void rulesBrokenBeforeCommit_failTheRequestAndAreAllReportedTogether() {
    Wire wire =
        get(
            lint.wrap(
                (environ, start) -> {
                  environ.put("PATH_INFO", "/y");
                  start.start(200, Headers.of("Content-Type", "text", "ETag", "1", "etag", "2"));
                  return null;
                }));

    assertThat(wire.status).isEqualTo(500);
    assertThat(wire.bytes.toString()).isEqualTo("500 Internal Server Error\n");
    assertThat(reports).hasSize(1);
    assertThat(reports.get(0).violations())
        .extracting(LintException.Violation::rule)
        .containsExactly("A8", "A7", "A16", "A9");
    assertThat(log.toString()).contains("[A8]", "[A7]", "[A16]", "[A9]").containsOnlyOnce("[A8]");
  }

  @Test
  void place_isWhereTheApplicationStarted() {
    get(lint.wrap(answering(200, TEXT.plus("Content-Length", "2"), Body.of("x"))));

    StackTraceElement place = reports.get(0).violations().get(0).place();
    assertThat(place).isNotNull();
    assertThat(place.getClassName()).isEqualTo(LintTest.class.getName());
    assertThat(place.getMethodName()).contains("answering");
    assertThat(log.toString())
        .contains(
            "body must have as many bytes as Content-Length says: \"1 of 2\" [A10] at " + place);
  }

  @Test
  void place_isUnknownWhenTheEngineStartsTheResponse() {
    get(lint.wrap(Application.of(environ -> Response.of(200, Headers.of(), Body.of("x")))));

    assertThat(reports.get(0).violations())
        .singleElement()
        .satisfies(violation -> assertThat(violation.place()).isNull());
  }

  @Test
  void ruleBrokenAfterCommit_isLoggedAndLeavesTheResponseAlone() {
    Wire wire =
        get(
            lint.wrap(
                answering(
                    200,
                    TEXT,
                    new Body() {
                      @Override
                      public Iterator<ByteBuffer> iterator() {
                        return List.of(ByteBuffer.wrap(new byte[3])).iterator();
                      }

                      @Override
                      public void writeTo(OutputStream out) throws IOException {
                        out.write(new byte[3]);
                        out.flush();
                        inOtherThread(out);
                      }
                    })));

    assertThat(wire.status).isEqualTo(200);
    assertThat(wire.bytes.size()).isEqualTo(4);
    assertThat(wire.complete).isTrue();
    assertThat(log.toString()).contains("write on the request's thread: \"late\" [A15]");
    assertThat(reports).hasSize(1);
  }

  private static void inOtherThread(OutputStream out) {
    Thread thread =
        new Thread(
            () -> {
              try {
                out.write('x');
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            },
            "late");
    thread.start();
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void missingContentTypeOfAWrittenBody_isSeenBeforeTheFirstByteGoesOut() {
    Wire wire =
        get(
            lint.wrap(
                answering(200, Headers.of(), Body.writing(out -> out.write(new byte[100_000])))));

    assertThat(wire.status).isEqualTo(500);
  }

  @Test
  void bodyThatNobodyGets_isClosedByLint() {
    int[] closed = new int[1];
    get(
        lint.wrap(
            answering(
                200,
                Headers.of("Content-Type", "text"),
                new Body() {
                  @Override
                  public Iterator<ByteBuffer> iterator() {
                    return List.<ByteBuffer>of().iterator();
                  }

                  @Override
                  public void close() {
                    closed[0]++;
                  }
                })));

    assertThat(closed[0]).isEqualTo(1);
  }

  @Test
  void failureOfTheApplication_isTheCauseOfWhatLintThrows() {
    Application application =
        lint.wrap(
            (environ, start) -> {
              start.start(200, Headers.of("Connection", "close"));
              return Body.empty();
            });

    get(
        (environ, start) -> {
          assertThatThrownBy(() -> application.call(environ, start))
              .isInstanceOf(LintException.class)
              .hasMessageStartingWith("Environ[GET \"/x\"] breaks a rule:\n  response header")
              .hasCauseInstanceOf(IllegalArgumentException.class);
          start.start(204, Headers.of(), new IOException("seen"));
          return Body.empty();
        });
  }

  @Test
  void failureOfAnApplicationThatKeepsTheRules_isThrownAsItIs() {
    Wire wire =
        get(
            lint.wrap(
                (environ, start) -> {
                  throw new GatewayException(404, "no such thing");
                }));

    assertThat(wire.status).isEqualTo(404);
    assertThat(reports).isEmpty();
  }

  @Test
  void reporting_leavesEveryResponseAsItIsAndTheLogEmpty() {
    Wire wire =
        get(
            Lint.reporting(reports::add)
                .wrap(answering(200, Headers.of("X", "1"), Body.of("no type"))));

    assertThat(wire.status).isEqualTo(200);
    assertThat(wire.bytes.toString()).isEqualTo("no type");
    assertThat(reports).hasSize(1);
    assertThat(log.toString()).isEmpty();
  }

  @Test
  void emptyServerName_isToldAsTheGatewaysFaultAndFailsNoRequest() {
    Application fine = lint.wrap(answering(200, TEXT, Body.of("fine")));
    Wire wire =
        get(
            (environ, start) -> {
              Environ copy = environ.copy();
              copy.put("SERVER_NAME", "");
              return fine.call(copy, start);
            });

    assertThat(wire.status).isEqualTo(200);
    assertThat(wire.bytes.toString()).isEqualTo("fine");
    assertThat(log.toString()).contains("gateway must give SERVER_NAME a host: \"\" [E5]");
    assertThat(reports).hasSize(1);
  }

  @Test
  void nullBlock_pushed_isA500ThatSaysTheRule() {
    Wire wire =
        get(lint.wrap(answering(200, TEXT, () -> Arrays.asList((ByteBuffer) null).iterator())));

    assertThat(wire.status).isEqualTo(500);
    assertThat(log.toString()).contains("iterator of a body must give blocks: \"null\" [A13]");
  }

  // ---- no false alarms ----

  @Test
  void variablesOfACopyAndLookingAtAllEntries_areNoChange() {
    Application application =
        lint.wrap(
            (environ, start) -> {
              environ.put("app.note", "x");
              environ.put("PATH_INFO", "/x");
              assertThat(Map.copyOf(environ)).containsKey("SERVER_NAME");
              environ.copy().put("REMOTE_USER", "me");
              return answering(200, TEXT, Body.of("x")).call(environ, start);
            });
    assertFine(get(application), 200);
  }

  private void assertFine(Wire wire, int status) {
    assertThat(reports).isEmpty();
    assertThat(log.toString()).isEmpty();
    assertThat(wire.status).isEqualTo(status);
    assertThat(wire.complete).isTrue();
  }

  @Test
  void redirectWithoutContent_needsNoContentType() {
    assertFine(get(lint.wrap(answering(302, Headers.of("Location", "/y"), Body.empty()))), 302);
    assertFine(
        get(lint.wrap(answering(303, Headers.of("Location", "/y"), Body.writing(out -> {})))), 303);
  }

  @Test
  void head_mayComeWithTheLengthOfGetAndNoBody() {
    Application application = answering(200, TEXT.plus("Content-Length", "9"), Body.empty());
    assertFine(run("HEAD", lint.wrap(application), new Wire()), 200);
  }

  @Test
  void notModified_mayKeepTheHeadersAndBodyOfTheResponseItStandsFor() {
    Application page = answering(200, TEXT.plus("Content-Length", "4"), Body.of("page"));
    Application conditional =
        Application.of(environ -> Response.from(lint.wrap(page), environ).withStatus(304));
    assertFine(get(lint.wrap(conditional)), 304);
    assertFine(get(lint.wrap(answering(204, Headers.of(), Body.of("dropped")))), 204);
  }

  @Test
  void repeatedCookiesAndLinks_areLists() {
    Headers headers =
        TEXT.plus("Set-Cookie", "a=1")
            .plus("Set-Cookie", "b=2")
            .plus("Link", "a")
            .plus("link", "b");
    assertFine(get(lint.wrap(answering(200, headers, Body.of("x")))), 200);
  }

  @Test
  void replacedResponse_isCountedAnew() {
    Application application =
        (environ, start) -> {
          start.start(200, TEXT.plus("Content-Length", "100"));
          return Body.writing(
              out -> {
                out.write(new byte[10]);
                start.start(503, TEXT.plus("Content-Length", "5"), new IOException("no"));
                out.write(new byte[5]);
              });
        };
    Wire wire = get(lint.wrap(application));
    assertThat(reports).isEmpty();
    assertThat(wire.status).isEqualTo(503);
    assertThat(wire.bytes.size()).isEqualTo(5);
  }

  @Test
  void gzipOverAnEventStream_passesFlushOn() {
    Application events =
        answering(
            200,
            TEXT,
            Body.writing(
                out -> {
                  for (int i = 0; i < 3; i++) {
                    out.write(new byte[100]);
                    out.flush();
                  }
                }));
    Application gzip = gzipped(lint.wrap(events));
    assertFine(get(lint.wrap(gzip)), 200);
  }

  private static Application gzipped(Application inner) {
    return Application.of(
        environ -> {
          Response response = Response.from(inner, environ);
          Body body = response.body();
          return response.withBody(
              Body.writing(
                  out -> {
                    try (GZIPOutputStream gzip = new GZIPOutputStream(out, true)) {
                      body.writeTo(gzip);
                    }
                  }));
        });
  }

  @Test
  void middlewareThatHoldsTheWholeBody_needsNoFlush() {
    Application flushing =
        answering(
            200,
            TEXT,
            Body.writing(
                out -> {
                  out.write("held".getBytes());
                  out.flush();
                }));
    Application inner = lint.wrap(flushing);
    Application holding =
        Application.of(
            environ -> {
              Response response = Response.from(inner, environ);
              ByteArrayOutputStream held = new ByteArrayOutputStream();
              response.body().writeTo(held);
              return response
                  .withHeaders(response.headers().with("ETag", "\"" + held.size() + "\""))
                  .withBody(Body.of(held.toByteArray()));
            });
    assertFine(get(lint.wrap(holding)), 200);
  }

  @Test
  void writtenBodyThatIsPulledThroughSeveralMiddlewares_mayUseItsOwnThread() {
    Application inner = lint.wrap(answering(200, TEXT, Body.writing(out -> out.write('x'))));
    Application pulling =
        lint.wrap(
            (environ, start) -> {
              Body body = lint.wrap(gzipped(inner)).call(environ, start);
              return new Body() {
                @Override
                public Iterator<ByteBuffer> iterator() {
                  return body.iterator();
                }

                @Override
                public void close() throws IOException {
                  body.close();
                }
              };
            });
    assertFine(get(pulling), 200);
  }

  @Test
  void mountedCopy_keepsTheHooks() {
    List<Outcome> outcomes = new ArrayList<>();
    Application inner =
        lint.wrap(
            (environ, start) -> {
              environ.onFinish(outcomes::add);
              start.start(200, TEXT);
              return Body.of(environ.scriptName() + " " + environ.pathInfo());
            });
    Wire wire = get(lint.wrap((environ, start) -> inner.call(environ.mounted("/x"), start)));
    assertFine(wire, 200);
    assertThat(wire.bytes.toString()).isEqualTo("/x ");
    assertThat(outcomes).hasSize(1);
  }

  @Test
  void clientThatIsGone_breaksNoRule() {
    Wire wire = new Wire();
    wire.goneAfter = 10;
    Application application =
        answering(
            200,
            TEXT.plus("Content-Length", "20"),
            Body.writing(
                out -> {
                  for (int i = 0; i < 20; i++) {
                    out.write('x');
                    out.flush();
                  }
                }));
    run("GET", lint.wrap(application), wire);
    assertThat(wire.complete).isFalse();
    assertThat(reports).isEmpty();
    assertThat(log.toString()).isEmpty();
  }

  @Test
  void oneApplicationWithAConstantBody_mayAnswerManyRequests() {
    Application application = lint.wrap(answering(200, TEXT, Body.of("constant")));
    for (int i = 0; i < 3; i++) {
      assertFine(get(application), 200);
    }
  }

  /** A body that looks at isCancelled() may stop, and its reader may too. */
  @Test
  void bodyThatStopsAfterACancellation_breaksNoRule() {
    Exchange[] exchange = new Exchange[1];
    Application stopping =
        answering(
            200,
            TEXT.plus("Content-Length", "20"),
            Body.writing(
                out -> {
                  out.write('x');
                  exchange[0].cancel(new IOException("peer is gone"));
                }));
    exchange[0] = Exchange.of(environ("GET"), new Wire());
    exchange[0].run(lint.wrap(stopping));
    assertThat(reports).isEmpty();
  }
}

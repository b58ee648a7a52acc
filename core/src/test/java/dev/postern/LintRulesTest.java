package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** For each rule that Lint checks, somebody who breaks it, and what Lint says. */
class LintRulesTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final Map<String, String> GET =
      Map.of(
          "REQUEST_METHOD", "GET",
          "PATH_INFO", "/x",
          "HTTP_X", "1",
          "SERVER_NAME", "localhost",
          "SERVER_PORT", "80",
          "SERVER_PROTOCOL", "HTTP/1.1");
  private static final Application FINE =
      (environ, start) -> {
        start.start(200, TEXT);
        return Body.of("fine\n");
      };

  /** Breaks rules under a Lint that only reports. */
  private interface Breaker {
    void run(Lint lint) throws Exception;
  }

  private record Broken(String message, Breaker breaker) {
    String rule() {
      return message.substring(message.lastIndexOf('[') + 1, message.length() - 1);
    }
  }

  private static List<Broken> broken() {
    List<Broken> all = new ArrayList<>();
    all.addAll(brokenEnvirons());
    all.addAll(brokenHeads());
    all.addAll(brokenBodies());
    all.addAll(brokenCallers());
    return all;
  }

  @TestFactory
  Stream<DynamicTest> rule_broken_isReportedWithItsIdAndNothingElse() {
    return broken().stream()
        .map(
            broken ->
                DynamicTest.dynamicTest(
                    broken.message(),
                    () ->
                        assertThat(messages(broken.breaker())).containsExactly(broken.message())));
  }

  @Test
  void rules_areAllBrokenHere() {
    assertThat(broken().stream().map(Broken::rule).distinct())
        .containsExactlyInAnyOrderElementsOf(Lint.rules());
  }

  // ---- environs ----

  private static List<Broken> brokenEnvirons() {
    return List.of(
        variable("REQUEST_METHOD", "G T", "REQUEST_METHOD must be a token: \"G T\" [E1]"),
        variable(
            "SCRIPT_NAME",
            "/",
            "SCRIPT_NAME must be empty or start, and not end, with a slash: \"/\" [E2]"),
        variable("PATH_INFO", "x", "PATH_INFO must be empty or start with a slash: \"x\" [E3]"),
        changed(environ -> environ.set("QUERY_STRING", null), "QUERY_STRING must be there [E4]"),
        variable(
            "SERVER_NAME",
            "localhost:80",
            "SERVER_NAME must be a host without a port: \"localhost:80\" [E5]"),
        variable("SERVER_NAME", "", "gateway must give SERVER_NAME a host: \"\" [E5]"),
        variable("SERVER_PORT", "", "SERVER_PORT must be digits: \"\" [E6]"),
        variable(
            "SERVER_PROTOCOL",
            "HTTP",
            "SERVER_PROTOCOL must be a protocol's name and version: \"HTTP\" [E7]"),
        changed(
            environ -> environ.put("CONTENT_LENGTH", "+5"),
            "CONTENT_LENGTH must be one number of digits: \"+5\" [E8]"),
        variable(
            "HTTP_CONTENT_LENGTH",
            "5",
            "environ must not have the variable: \"HTTP_CONTENT_LENGTH\" [E9]"),
        variable("HTTP_PROXY", "x:1", "environ must not have the variable: \"HTTP_PROXY\" [E13]"),
        sourced(
            "HTTP_X",
            "\u20ac",
            "variable must be a String of bytes, one char each: \"HTTP_X\" [E14]"),
        sourced("HTTP_X", null, "variable that is listed must have a value: \"HTTP_X\" [E15]"),
        sourced(
            "A=B",
            "c",
            "name of a variable must not be empty or hold =, a dot or controls: \"A=B\" [E16]"),
        changed(
            environ -> environ.set("postern.run_once", "no"),
            "postern.run_once must be there and be of type Boolean [E17]"),
        changed(
            environ -> environ.put("postern.url_scheme", "gopher"),
            "postern.url_scheme must be http or https: \"gopher\" [E18]"),
        new Broken(
            "environ must belong to the exchange that runs: the gateway's own or a copy() of it"
                + " [E24]",
            lint -> {
              Application inner = lint.wrap(FINE);
              run((environ, start) -> inner.call(Environ.builder(GET).build(), start));
            }));
  }

  private static Broken variable(String name, String value, String message) {
    return changed(environ -> environ.put(name, value), message);
  }

  private interface Change {
    void make(Environ environ);
  }

  private static Broken changed(Change change, String message) {
    return new Broken(
        message,
        lint -> {
          Application inner = lint.wrap(FINE);
          run(
              (environ, start) -> {
                Environ copy = environ.copy();
                change.make(copy);
                return inner.call(copy, start);
              });
        });
  }

  /** A gateway whose source has a bad variable, which no Environ could be given otherwise. */
  private static Broken sourced(String name, String value, String message) {
    Map<String, String> variables = new HashMap<>(GET);
    variables.put(name, value);
    Environ.Source source =
        new Environ.Source() {
          @Override
          public String variable(String key) {
            return variables.get(key);
          }

          @Override
          public java.util.Set<String> names() {
            return variables.keySet();
          }
        };
    return new Broken(
        message,
        lint -> Exchange.of(Environ.builder(source).build(), new Drain()).run(lint.wrap(FINE)));
  }

  // ---- status and headers ----

  private static List<Broken> brokenHeads() {
    return List.of(
        app(
            "application must start a response before it returns [A1]",
            (environ, start) -> Body.empty()),
        app(
            "application must start its response once: \"404\" [A2]",
            (environ, start) -> {
              start.start(200, TEXT);
              start.start(404, TEXT);
              return Body.empty();
            }),
        starts("response status must be 200 to 599: \"199\" [A3]", 199, TEXT),
        starts(
            "response header must not be hop-by-hop: \"Keep-Alive\" [A4]",
            200,
            TEXT.plus("Keep-Alive", "5")),
        starts(
            "response header must not be the status: \"status\" [A5]",
            200,
            TEXT.plus("status", "200")),
        starts(
            "Content-Length must be one number of digits: \"five\" [A6]",
            200,
            TEXT.plus("Content-Length", "five")),
        starts(
            "response header must be sent at most once: \"location\" [A7]",
            302,
            Headers.of("Location", "/a", "location", "/b")),
        app(
            "response with bytes must have a Content-Type [A8]",
            (environ, start) -> {
              start.start(200, Headers.of());
              return Body.of("x");
            }),
        app(
            "response with bytes must have a Content-Type [A8]",
            (environ, start) -> {
              start.start(200, Headers.of());
              return Body.writing(out -> out.write('x'));
            }),
        starts(
            "Content-Type must be of the form type/subtype: \"text\" [A8]",
            200,
            Headers.of("Content-Type", "text")),
        app(
            "application must start on the request's thread: \"other\" [A15]",
            (environ, start) -> {
              inOtherThread(
                  () -> {
                    start.start(200, TEXT);
                    return null;
                  });
              return Body.empty();
            }),
        app(
            "application must change variables on a copy() of the environ: \"PATH_INFO\" [A16]",
            (environ, start) -> {
              environ.put("PATH_INFO", "/y");
              return FINE.call(environ, start);
            }),
        app(
            "application must change variables on a copy() of the environ: \"REMOTE_USER\" [A16]",
            (environ, start) -> {
              environ.put("REMOTE_USER", "me");
              return FINE.call(environ, start);
            }),
        app(
            "application must change variables on a copy() of the environ: \"HTTP_X\" [A16]",
            (environ, start) -> {
              environ.entrySet().removeIf(entry -> entry.getKey().equals("HTTP_X"));
              return FINE.call(environ, start);
            }),
        new Broken(
            "application must not start after its body was closed: \"500\" [A17]",
            lint -> {
              StartResponse[] kept = new StartResponse[1];
              Application inner =
                  lint.wrap(
                      (environ, start) -> {
                        kept[0] = start;
                        return FINE.call(environ, start);
                      });
              run(inner);
              try {
                kept[0].start(500, TEXT, new IOException("late"));
              } catch (Exception e) {
                assertThat(e).hasMessage("late");
              }
            }));
  }

  private static Broken app(String message, Application application) {
    return new Broken(message, lint -> run(lint.wrap(application)));
  }

  private static Broken starts(String message, int status, Headers headers) {
    return app(
        message,
        (environ, start) -> {
          start.start(status, headers);
          return Body.empty();
        });
  }

  // ---- bodies ----

  private static List<Broken> brokenBodies() {
    return List.of(
        app(
            "application must return a body: \"null\" [A9]",
            (environ, start) -> {
              start.start(200, TEXT);
              return null;
            }),
        bytes(
            "body must have as many bytes as Content-Length says: \"3 of 5\" [A10]",
            TEXT.plus("Content-Length", "5"),
            Body.writing(out -> out.write(new byte[3]))),
        bytes(
            "body must have as many bytes as Content-Length says: \"more than 2\" [A10]",
            TEXT.plus("Content-Length", "2"),
            Body.writing(out -> out.write(new byte[3]))),
        bytes(
            "body must have as many bytes as Content-Length says: \"more than 2\" [A10]",
            TEXT.plus("Content-Length", "2"),
            Body.of("abc")),
        bytes(
            "length of a body must be true, or -1: 3 bytes came: \"4\" [A11]",
            TEXT,
            new Blocks(4, ByteBuffer.wrap(new byte[3]))),
        bytes("length of a body must be true, or -1: \"-7\" [A11]", TEXT, new Blocks(-7)),
        bytes(
            "iterator of a body must give blocks: \"null\" [A13]",
            TEXT,
            new Blocks(-1, ByteBuffer.wrap(new byte[9000]), null)),
        bytes(
            "iterator of a body must give blocks: \"null\" [A13]",
            TEXT,
            new Blocks(-1, (ByteBuffer) null).onClose(() -> {})),
        new Broken(
            "iterator of a body must give blocks: \"null\" [A13]",
            lint -> {
              Application inner =
                  lint.wrap(
                      (environ, start) -> {
                        start.start(200, TEXT);
                        return new Blocks(-1, (ByteBuffer) null);
                      });
              run(
                  (environ, start) -> {
                    Body body = inner.call(environ, start);
                    body.iterator().next();
                    body.close();
                    return Body.empty();
                  });
            }),
        new Broken(
            "application must not use the stream after writeTo returned: \"write\" [A14]",
            lint -> {
              OutputStream[] kept = new OutputStream[1];
              run(lint.wrap(writing(out -> kept[0] = out)));
              try {
                kept[0].write('x');
              } catch (IOException e) {
                assertThat(e).hasMessageContaining("after its body was written");
              }
            }),
        app(
            "application must write on the request's thread: \"other\" [A15]",
            writing(
                out ->
                    inOtherThread(
                        () -> {
                          out.write('x');
                          return null;
                        }))));
  }

  private static Broken bytes(String message, Headers headers, Body body) {
    return app(
        message,
        (environ, start) -> {
          start.start(200, headers);
          return body;
        });
  }

  private static Application writing(Body.Writer writer) {
    return (environ, start) -> {
      start.start(200, TEXT);
      return Body.writing(writer);
    };
  }

  // ---- callers ----

  private static List<Broken> brokenCallers() {
    return List.of(
        caller(
            "caller must take a body at most once: \"iterator, writeTo\" [G2]",
            body -> {
              var unused = body.iterator();
              body.writeTo(OutputStream.nullOutputStream());
              body.close();
            }),
        caller("caller must close the body exactly once: \"never\" [G3]", body -> {}),
        caller(
            "caller must close the body exactly once: \"again\" [G3]",
            body -> {
              body.close();
              body.close();
            }),
        caller(
            "caller must not use a body after closing it: \"writeTo\" [G4]",
            body -> {
              body.close();
              body.writeTo(OutputStream.nullOutputStream());
            }),
        caller(
            "caller must not close a body while it is written [G4]",
            body ->
                body.writeTo(
                    new OutputStream() {
                      @Override
                      public void write(int b) throws IOException {
                        if (b == 'f') {
                          body.close();
                        }
                      }
                    })),
        caller(
            "caller must stay on the request's thread: close: \"other\" [G5]",
            body ->
                inOtherThread(
                    () -> {
                      body.close();
                      return null;
                    })),
        new Broken(
            "middleware must pass flush() on when it passes bytes on [M1]",
            lint -> {
              Application inner =
                  lint.wrap(
                      writing(
                          out -> {
                            out.write('x');
                            out.flush();
                          }));
              run(
                  lint.wrap(
                      Application.of(
                          environ -> {
                            Response response = Response.from(inner, environ);
                            Body body = response.body();
                            return response.withBody(
                                Body.writing(out -> body.writeTo(new Unflushed(out))));
                          })));
            }));
  }

  private interface Caller {
    void treat(Body body) throws Exception;
  }

  private static Broken caller(String message, Caller caller) {
    return new Broken(
        message,
        lint -> {
          Application inner = lint.wrap(FINE);
          run(
              (environ, start) -> {
                caller.treat(inner.call(environ, start));
                return Body.of("fine\n");
              });
        });
  }

  // ---- what runs them ----

  private static List<String> messages(Breaker breaker) throws Exception {
    List<String> messages = new ArrayList<>();
    breaker.run(
        Lint.reporting(
            report -> {
              for (LintException.Violation violation : report.violations()) {
                messages.add(violation.message());
              }
            }));
    return messages;
  }

  private static Outcome run(Application application) {
    Environ environ =
        Environ.builder(GET).errors(new PrintWriter(new StringWriter(), true)).build();
    return Exchange.of(environ, new Drain()).run(application);
  }

  private static <T> T inOtherThread(Callable<T> task) throws Exception {
    FutureTask<T> future = new FutureTask<>(task);
    new Thread(future, "other").start();
    return future.get();
  }

  /** Takes every response. */
  private static final class Drain implements ResponseSink {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void head(int status, Headers headers) {}

    @Override
    public void write(byte[] array, int offset, int length) {
      bytes.write(array, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {}
  }

  /** Says a length, whatever its blocks are. */
  private record Blocks(long length, List<ByteBuffer> blocks) implements Body {
    Blocks(long length, ByteBuffer... blocks) {
      this(length, java.util.Arrays.asList(blocks));
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      return blocks.iterator();
    }
  }

  private static final class Unflushed extends FilterOutputStream {
    Unflushed(OutputStream out) {
      super(out);
    }

    @Override
    public void flush() {}
  }
}

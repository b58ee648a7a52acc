package dev.postern.testing;

import static dev.postern.testing.Capability.CUT;
import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.pattern;
import static dev.postern.testing.ContractCases.writeAscii;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** How an exchange ends, and many of them at the same time. */
final class EndCases {
  private EndCases() {}

  static List<ContractCase> all() {
    return Stream.concat(closes().stream(), rest().stream()).toList();
  }

  private static List<ContractCase> closes() {
    return List.of(
        closes("after a response", "GET", 200, out -> writeAscii(out, "body")),
        closes("for HEAD, unwritten", "HEAD", 200, out -> writeAscii(out, "body")),
        closes("for 204, unwritten", "GET", 204, out -> writeAscii(out, "body")),
        closes("for 304, unwritten", "GET", 304, out -> writeAscii(out, "body")),
        closes(
            "after a failure before the commit",
            "GET",
            200,
            out -> {
              throw new IllegalStateException("fails");
            }),
        closes(
            "after a failure after the commit",
            "GET",
            200,
            out -> {
              out.flush();
              throw new IllegalStateException("fails");
            }),
        closes(
                "after more bytes than its length says",
                "GET",
                200,
                out -> out.write(pattern(9)),
                "5")
            .breaks("A10"),
        closes("after fewer bytes than its length says", "GET", 200, out -> out.write(1), "5")
            .breaks("A10"));
  }

  private static ContractCase closes(
      String when, String method, int status, Body.Writer writer, String... length) {
    return new ContractCase(
        "G3",
        "close the body exactly once " + when,
        (environ, start, witness) -> {
          Headers headers = length.length == 0 ? TEXT : TEXT.plus("Content-Length", length[0]);
          start.start(status, status == 200 ? headers : Headers.of());
          return new ClosingBody(writer, witness);
        },
        trial -> {
          try {
            trial.send(TestRequest.of(method, "/"));
          } catch (InterruptedIOException e) {
            throw e;
          } catch (IOException e) {
            // The response was cut before its head. Only the notes count.
          }
          assertThat(trial.notes()).filteredOn("closed"::equals).hasSize(1);
        });
  }

  /** A body that notes its end. */
  private record ClosingBody(Body.Writer writer, Witness witness) implements Body {
    @Override
    public Iterator<ByteBuffer> iterator() {
      throw new UnsupportedOperationException("gateways write");
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      writer.writeTo(out);
    }

    @Override
    public void close() {
      witness.note("closed");
    }
  }

  private static List<ContractCase> rest() {
    return List.of(
        new ContractCase(
            "G1",
            "call the application once",
            ContractCases.says(environ -> "called"),
            trial -> {
              TestRequest post = TestRequest.post("/", "text/plain", "abc");
              for (TestRequest request :
                  List.of(TestRequest.get("/"), post, TestRequest.of("HEAD", "/"))) {
                trial.send(request);
                trial.outcome();
                assertThat(trial.calls()).isEqualTo(1);
              }
            }),
        new ContractCase(
            "G6",
            "give the body a stream on which close does nothing",
            (environ, start, witness) -> {
              start.start(200, TEXT);
              return Body.writing(
                  out -> {
                    writeAscii(out, "one ");
                    out.close();
                    writeAscii(out, "two");
                    out.close();
                  });
            },
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.text()).isEqualTo("one two");
              assertThat(response.isComplete()).isTrue();
            }),
        new ContractCase(
                "A14",
                "refuse what is written after writeTo returned",
                (environ, start, witness) -> {
                  OutputStream[] kept = new OutputStream[1];
                  environ.onFinish(
                      outcome -> {
                        try {
                          kept[0].write('x');
                          witness.note("written");
                        } catch (IOException e) {
                          witness.note("refused");
                        }
                      });
                  start.start(200, TEXT);
                  return Body.writing(
                      out -> {
                        kept[0] = out;
                        writeAscii(out, "whole");
                      });
                },
                trial -> {
                  assertThat(trial.get("/").text()).isEqualTo("whole");
                  assertThat(trial.notes()).containsExactly("refused");
                })
            .breaks("A14"),
        new ContractCase(
            "G29",
            "run onFinish after the body was closed, with what was sent",
            (environ, start, witness) -> {
              environ.onFinish(outcome -> witness.note("first " + outcome.status()));
              environ.onFinish(outcome -> witness.note("second " + outcome.bytes()));
              start.start(201, TEXT);
              return new ClosingBody(out -> writeAscii(out, "12345"), witness);
            },
            trial -> {
              trial.get("/");
              assertThat(trial.notes()).containsExactly("closed", "first 201", "second 5");
            }),
        new ContractCase(
                "G29",
                "say in the outcome that a response is whole",
                ContractCases.says(environ -> "whole"),
                trial -> {
                  assertThat(trial.get("/").text()).isEqualTo("whole");
                  assertThat(trial.outcome()).isEqualTo("200 5 complete");
                })
            // A server that sees the end of a response may tell its program to end at once.
            .needs(CUT),
        new ContractCase(
            "G29",
            "run onFinish for a failure, with what was sent and why",
            (environ, start, witness) -> {
              environ.onFinish(outcome -> witness.note(outcome.status() + " " + outcome.failure()));
              throw new IllegalStateException("why");
            },
            trial -> {
              trial.get("/");
              assertThat(trial.notes()).containsExactly("500 java.lang.IllegalStateException: why");
            }),
        new ContractCase(
            "G30",
            "send a whole response although its close throws",
            (environ, start, witness) -> {
              start.start(200, TEXT);
              return new Body() {
                @Override
                public Iterator<ByteBuffer> iterator() {
                  return Body.of("whole").iterator();
                }

                @Override
                public void close() throws IOException {
                  throw new IOException("secret of the contract");
                }
              };
            },
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.text()).isEqualTo("whole");
              assertThat(response.isComplete()).isTrue();
              assertThat(trial.outcome()).startsWith("200 5 ").endsWith(" java.io.IOException");
            }),
        new ContractCase(
            "G30",
            "run a hook after one that throws",
            (environ, start, witness) -> {
              environ.onFinish(
                  outcome -> {
                    throw new UncheckedIOException(new IOException("secret of the contract"));
                  });
              environ.onFinish(outcome -> witness.note("ran"));
              start.start(200, TEXT);
              return Body.of("whole");
            },
            trial -> {
              assertThat(trial.get("/").text()).isEqualTo("whole");
              assertThat(trial.notes()).containsExactly("ran");
            }),
        together("G31", "keep requests apart that run at the same time", 16, Duration.ZERO),
        together("E22", "not let calls overlap when it says so", 4, Duration.ofMillis(250)));
  }

  /** Makes a case of several requests at once. Each call lingers until it meets another one. */
  private static ContractCase together(String id, String must, int requests, Duration linger) {
    return new ContractCase(
        id,
        must,
        (environ, start, witness) -> {
          byte[] body = environ.input().readAllBytes();
          ContractApplication.awaitOther(environ, witness, linger);
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                writeAscii(out, environ.queryString() + ":");
                for (byte b : body) {
                  out.write(b);
                }
              });
        },
        trial -> {
          ExecutorService clients = Executors.newFixedThreadPool(8);
          try {
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < requests; i++) {
              String own = "client" + i;
              TestRequest request = TestRequest.post("/?" + own, "text/plain", own.repeat(500));
              answers.add(clients.submit(() -> trial.send(request).text()));
            }
            for (int i = 0; i < requests; i++) {
              String own = "client" + i;
              assertThat(answers.get(i).get()).isEqualTo(own + ":" + own.repeat(500));
            }
          } finally {
            clients.shutdownNow();
          }
          assertThat(trial.allNotes()).doesNotContain("overlaps");
        });
  }
}

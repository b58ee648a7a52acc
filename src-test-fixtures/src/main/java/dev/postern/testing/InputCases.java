package dev.postern.testing;

import static dev.postern.testing.Capability.CHUNKED_REQUEST;
import static dev.postern.testing.Capability.CONTINUE;
import static dev.postern.testing.Capability.SHORT_REQUEST;
import static dev.postern.testing.Capability.STREAMED_REQUEST;
import static dev.postern.testing.Capability.STREAMED_RESPONSE;
import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.pattern;
import static dev.postern.testing.ContractCases.says;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;

/** How an application reads the request's body. */
final class InputCases {
  private static final Headers BYTES = Headers.of("Content-Type", "application/octet-stream");

  private static final ContractCase.App ECHO =
      (environ, start, witness) -> {
        start.start(200, BYTES);
        return Body.of(environ.input().readAllBytes());
      };

  private InputCases() {}

  static List<ContractCase> all() {
    return List.of(
        new ContractCase(
            "E19",
            "have no input where the request has no body",
            says(environ -> String.valueOf(read(environ.input()))),
            trial -> {
              assertThat(trial.get("/").text()).isEqualTo("-1");
              assertThat(trial.send(TestRequest.of("POST", "/").withBody(new byte[0])).text())
                  .isEqualTo("-1");
            }),
        echo("pass the bytes of a body", 256),
        echo("pass a body of 1 MiB", 1 << 20),
        new ContractCase(
            "E19",
            "end the input for good",
            (environ, start, witness) -> {
              InputStream input = environ.input();
              int count = 0;
              while (input.read() >= 0) {
                count++;
              }
              start.start(200, TEXT);
              byte[] more = new byte[8];
              return Body.of(count + " " + input.read() + " " + input.read(more, 0, 8));
            },
            trial ->
                assertThat(trial.send(TestRequest.post("/", "text/plain", "123456789")).text())
                    .isEqualTo("9 -1 -1")),
        new ContractCase(
            "E19",
            "give the input in parts, and skip",
            (environ, start, witness) -> {
              InputStream input = environ.input();
              String parts =
                  new String(input.readNBytes(3), US_ASCII)
                      + input.read(new byte[0])
                      + input.skip(2)
                      + (char) input.read();
              start.start(200, TEXT);
              return Body.of(parts + new String(input.readAllBytes(), US_ASCII));
            },
            trial ->
                assertThat(trial.send(TestRequest.post("/", "text/plain", "abcdefgh")).text())
                    .isEqualTo("abc02fgh")),
        new ContractCase(
            "E19",
            "bear an application that closes the input",
            (environ, start, witness) -> {
              String read;
              try (InputStream input = environ.input()) {
                read = new String(input.readNBytes(2), US_ASCII);
              }
              start.start(200, TEXT);
              return Body.of(read);
            },
            trial -> {
              for (int i = 0; i < 3; i++) {
                assertThat(trial.send(TestRequest.post("/", "text/plain", "abcdef")).text())
                    .isEqualTo("ab");
              }
            }),
        new ContractCase(
                "E19",
                "take the chunks away from a chunked body",
                ECHO,
                trial -> {
                  for (int size : new int[] {1, 100_000}) {
                    TestRequest request = TestRequest.of("POST", "/");
                    TestResponse response = trial.send(request.withChunkedBody(pattern(size)));
                    assertThat(response.body()).isEqualTo(pattern(size));
                  }
                })
            .needs(CHUNKED_REQUEST),
        new ContractCase(
                "E20",
                "throw where a body is shorter than was announced",
                (environ, start, witness) -> {
                  try {
                    witness.note("whole with " + environ.input().readAllBytes().length);
                  } catch (IOException e) {
                    witness.note("cut");
                  }
                  start.start(200, TEXT);
                  return Body.empty();
                },
                trial -> {
                  sendHalf(trial);
                  if (trial.calls() > 0) {
                    assertThat(trial.notes()).containsExactly("cut");
                  }
                })
            .needs(SHORT_REQUEST),
        new ContractCase(
                "G34",
                "answer an application that lets a short body's exception through with 400",
                (environ, start, witness) -> {
                  witness.note("read");
                  environ.input().readAllBytes();
                  witness.note("whole");
                  start.start(200, TEXT);
                  return Body.empty();
                },
                InputCases::checkClientsFault)
            .needs(SHORT_REQUEST),
        new ContractCase(
                "G34",
                "answer an application that wraps a short body's exception with 400",
                (environ, start, witness) -> {
                  start.start(200, TEXT);
                  witness.note("read");
                  return Body.of(String.valueOf(readAll(environ.input())));
                },
                InputCases::checkClientsFault)
            .needs(SHORT_REQUEST),
        new ContractCase(
            "G27",
            "answer an application that does not read a small body",
            says(environ -> "unread by " + environ.method()),
            trial -> {
              for (int i = 0; i < 3; i++) {
                checkUnread(trial, TestRequest.post("/", "text/plain", "small"));
              }
            }),
        new ContractCase(
            "G27",
            "answer an application that does not read a body of 1 MiB",
            says(environ -> "unread by " + environ.method()),
            trial -> checkUnread(trial, TestRequest.of("POST", "/").withBody(new byte[1 << 20]))),
        new ContractCase(
                "G28",
                "let an application read a body whose client waits to be told to go on",
                ECHO,
                trial -> {
                  TestRequest request =
                      TestRequest.post("/", "text/plain", "waited")
                          .withHeader("Expect", "100-continue");
                  assertThat(trial.send(request).text()).isEqualTo("waited");
                })
            .needs(CONTINUE),
        new ContractCase(
                "G32",
                "let an application read and answer while the client still sends",
                (environ, start, witness) -> {
                  start.start(200, BYTES);
                  return Body.writing(
                      out -> {
                        InputStream input = environ.input();
                        out.write(input.readNBytes(10));
                        out.flush();
                        out.write(input.readAllBytes());
                      });
                },
                trial -> {
                  byte[] body = pattern(200_000);
                  TestRequest request = TestRequest.of("POST", "/").withBody(body);
                  try (GatewayClient.Conversation talk = trial.open(request)) {
                    talk.write(Arrays.copyOf(body, 10));
                    assertThat(talk.read(10)).isEqualTo(Arrays.copyOf(body, 10));
                    talk.write(Arrays.copyOfRange(body, 10, body.length));
                    talk.endRequest();
                    assertThat(talk.finish().body())
                        .isEqualTo(Arrays.copyOfRange(body, 10, body.length));
                  }
                })
            .needs(STREAMED_REQUEST, STREAMED_RESPONSE));
  }

  /**
   * Checks that the client's fault is a 400. A gateway that breaks the connection off need not
   * answer, but the outcome that it notes must be the 400.
   */
  private static void checkClientsFault(Trial trial) throws IOException {
    assertThat(sendHalf(trial)).isIn(0, 400);
    if (trial.calls() > 0) {
      assertThat(trial.notes()).containsExactly("read");
      assertThat(trial.outcome()).startsWith("400 ");
    }
  }

  /**
   * Sends half of a body and ends. Returns the status of the answer, 0 if the gateway broke the
   * connection off.
   *
   * @throws InterruptedIOException when the gateway does neither
   */
  private static int sendHalf(Trial trial) throws IOException {
    TestRequest request = TestRequest.of("POST", "/").withBody(new byte[10]);
    try (GatewayClient.Conversation talk = trial.open(request)) {
      talk.write(new byte[5]);
      talk.endRequest();
      return talk.finish().status();
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      return 0;
    }
  }

  /** The body that nobody read must not become a part of the next request. */
  private static void checkUnread(Trial trial, TestRequest request) throws IOException {
    List<TestResponse> both = trial.sendInTurn(request, TestRequest.get("/"));
    assertThat(both.get(0).text()).isEqualTo("unread by POST");
    assertThat(both.get(1).text()).isEqualTo("unread by GET");
  }

  private static int readAll(InputStream input) {
    try {
      return input.readAllBytes().length;
    } catch (IOException e) {
      throw new IllegalArgumentException("form must be readable", e);
    }
  }

  private static ContractCase echo(String must, int size) {
    return new ContractCase(
        "E19",
        must,
        ECHO,
        trial -> {
          TestRequest request = TestRequest.of("POST", "/").withBody(pattern(size));
          assertThat(trial.send(request).body()).isEqualTo(pattern(size));
        });
  }

  private static int read(InputStream input) {
    try {
      return input.read();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

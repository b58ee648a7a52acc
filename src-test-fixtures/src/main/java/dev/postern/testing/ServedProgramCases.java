package dev.postern.testing;

import static dev.postern.testing.ContractCases.pattern;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Programs whose output becomes the answer. */
final class ServedProgramCases {
  private ServedProgramCases() {}

  static List<ProgramCase> all() {
    return Stream.of(documents(), heads(), inputs()).flatMap(List::stream).toList();
  }

  private static List<ProgramCase> documents() {
    return List.of(
        hello("sh", "says-hello.sh"),
        hello("perl", "says-hello.pl"),
        hello("python", "says-hello.py"),
        hello("java", "SaysHello.java"),
        ProgramCase.of(
            "A12",
            "pass every byte of a body",
            "prints-every-byte.py",
            trial -> {
              byte[] body = trial.get("/").body();
              assertThat(body).hasSize(1024);
              for (int i = 0; i < body.length; i++) {
                assertThat(body[i]).isEqualTo((byte) i);
              }
            }),
        ProgramCase.of(
            "A12",
            "pass a body of 1 MiB",
            "prints-a-megabyte.py",
            trial -> assertThat(trial.get("/").body()).isEqualTo(pattern(1 << 20))),
        printed(
            "A10",
            "end a body at the length that the program says",
            "Content-Type: text/plain\nContent-Length: 2\n\nokSEE",
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.text()).isEqualTo("ok");
              assertThat(response.isComplete()).isTrue();
            }),
        ProgramCase.of(
            "A8",
            "keep what a program says on standard error from the client",
            "talks-on-stderr.sh",
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.text()).isEqualTo("public\n");
              assertThat(response.log()).contains("secret of the program");
            }));
  }

  private static ProgramCase hello(String language, String program) {
    return ProgramCase.of(
        "A1",
        "answer with a program in " + language,
        program,
        trial -> {
          TestResponse response = trial.get("/a%20b");
          assertThat(response.text()).isEqualTo("hello from " + language + " /a b\n");
          assertThat(response.status()).isEqualTo(200);
          assertThat(response.header("Content-Type")).isEqualTo("text/plain");
          assertThat(response.isComplete()).isTrue();
        });
  }

  private static List<ProgramCase> heads() {
    return List.of(
        printed(
            "A3",
            "start with the program's status and headers",
            "Status: 404 Not Here\r\nContent-Type: Text/X-Odd; a=\"b c\"\nSet-Cookie: a=1\r\n"
                + "Set-Cookie: b=2, c\nX-A:   b  c \n\ngone",
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.status()).isEqualTo(404);
              assertThat(response.header("Content-Type")).isEqualTo("Text/X-Odd; a=\"b c\"");
              assertThat(response.headers().all("Set-Cookie")).containsExactly("a=1", "b=2, c");
              assertThat(response.header("X-A")).isEqualTo("b  c");
              assertThat(response.headers().contains("Status")).isFalse();
              assertThat(response.text()).isEqualTo("gone");
            }),
        printed(
            "A4",
            "not pass the connection's headers on",
            "Content-Type: text/plain\nConnection: X-A\nKeep-Alive: 5\nX-B: c\n\nx",
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.status()).isIn(200, 502);
              assertThat(response.headers().contains("Connection")).isFalse();
              assertThat(response.headers().contains("Keep-Alive")).isFalse();
            }),
        printed(
            "A3",
            "answer 302 for a Location alone",
            "Location: https://example.test/x\n\n",
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.status()).isEqualTo(302);
              assertThat(response.header("Location")).isEqualTo("https://example.test/x");
            }),
        printed(
            "A3",
            "keep the status of a redirect",
            "Status: 303 See Other\nLocation: /y\nContent-Type: text/plain\n\nsee",
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.status()).isEqualTo(303);
              assertThat(response.text()).isEqualTo("see");
            }),
        printed(
            "G18",
            "answer HEAD without a body",
            "Content-Type: text/plain\nX-A: b\n\nbody",
            trial -> {
              TestResponse response = trial.send(TestRequest.of("HEAD", "/"));
              assertThat(response.status()).isEqualTo(200);
              assertThat(response.header("X-A")).isEqualTo("b");
              assertThat(response.body()).isEmpty();
            }),
        printed(
            "A8",
            "answer 204 without a body",
            "Status: 204\nX-A: b\n\n",
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.status()).isEqualTo(204);
              assertThat(response.header("X-A")).isEqualTo("b");
              assertThat(response.isComplete()).isTrue();
            }),
        ProgramCase.of(
            "E10",
            "give the program the request's variables and none of ours",
            "echoes-environment.sh",
            trial -> {
              TestRequest request =
                  TestRequest.get("/a%20b?c=%20d")
                      .withHeader("Host", "example.test:8080")
                      .withHeader("X-Odd", "1")
                      .withHeader("Proxy", "evil.test:3128")
                      .withHeader("Authorization", "Basic c2VjcmV0");
              assertThat(trial.send(request).text().lines())
                  .contains(
                      "GATEWAY_INTERFACE=CGI/1.1",
                      "REQUEST_METHOD=GET",
                      "PATH_INFO=/a b",
                      "QUERY_STRING=c=%20d",
                      "SERVER_NAME=example.test",
                      "SERVER_PORT=8080",
                      "HTTP_X_ODD=1")
                  .noneMatch(line -> line.startsWith("HTTP_PROXY="))
                  .noneMatch(line -> line.startsWith("HTTP_AUTHORIZATION="))
                  .noneMatch(line -> line.startsWith("CONTENT_LENGTH="))
                  .noneMatch(line -> line.startsWith("JAVA_HOME="));
            }));
  }

  private static ProgramCase printed(
      String id, String must, String output, ProgramCase.Check check) {
    return ProgramCase.printing(id, must, output, check);
  }

  private static List<ProgramCase> inputs() {
    return List.of(
        ProgramCase.of(
            "E19",
            "give the program the request's body",
            "echoes-input.sh",
            trial -> {
              for (int size : new int[] {0, 1, 65_535, 65_536, 65_537, 1 << 20}) {
                TestRequest request = TestRequest.of("POST", "/").withBody(pattern(size));
                assertThat(trial.send(request).body()).isEqualTo(pattern(size));
              }
            }),
        ProgramCase.of(
            "E19",
            "give the program a body of unknown length",
            "echoes-input.sh",
            trial -> {
              TestRequest request = TestRequest.of("POST", "/").withChunkedBody(pattern(100_000));
              assertThat(trial.send(request).body()).isEqualTo(pattern(100_000));
            }),
        ProgramCase.of(
            "G27",
            "answer for a program that never reads",
            "never-reads-input.sh",
            trial -> {
              TestRequest request = TestRequest.of("POST", "/").withBody(new byte[4 << 20]);
              assertThat(trial.send(request).text()).isEqualTo("unread\n");
            }),
        ProgramCase.of(
            "G27",
            "answer for a program that closes its input",
            "closes-input.sh",
            trial -> {
              TestRequest request = TestRequest.of("POST", "/").withBody(new byte[4 << 20]);
              assertThat(trial.send(request).text()).isEqualTo("closed\n");
            }),
        ProgramCase.of(
            "G27",
            "answer for a program that floods standard error before it reads",
            "floods-stderr-before-reading.sh",
            trial -> {
              TestRequest request = TestRequest.of("POST", "/").withBody(new byte[1 << 20]);
              assertThat(trial.send(request).text().trim()).isEqualTo("1048576");
            }),
        ProgramCase.of(
            "G32",
            "let a program answer while the client still sends",
            "echoes-half-then-all.py",
            trial -> {
              byte[] body = pattern(300_000);
              TestRequest request = TestRequest.of("POST", "/").withBody(body);
              try (GatewayClient client = trial.client();
                  GatewayClient.Conversation talk = client.open(request)) {
                talk.write(Arrays.copyOf(body, 100_000));
                assertThat(talk.read(100_000)).isEqualTo(Arrays.copyOf(body, 100_000));
                talk.write(Arrays.copyOfRange(body, 100_000, body.length));
                talk.endRequest();
                assertThat(talk.finish().body())
                    .isEqualTo(Arrays.copyOfRange(body, 100_000, body.length));
              }
              trial.checkLint();
            }));
  }
}

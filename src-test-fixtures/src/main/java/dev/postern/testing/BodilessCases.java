package dev.postern.testing;

import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.answers;
import static dev.postern.testing.ContractCases.body;
import static dev.postern.testing.ContractCases.pattern;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import java.io.IOException;
import java.util.List;

/** Responses that have no body, whatever the application returns. */
final class BodilessCases {
  private static final Headers SIX = TEXT.plus("Content-Length", "6");

  private static final TestRequest HEAD = TestRequest.of("HEAD", "/");

  private BodilessCases() {}

  static List<ContractCase> all() {
    return List.of(
        new ContractCase(
            "G18",
            "send the headers of GET and no body to HEAD",
            answers(200, SIX.plus("X-A", "1"), body("sixsix")),
            trial -> {
              List<TestResponse> both = trial.sendInTurn(HEAD, TestRequest.get("/"));
              TestResponse head = both.get(0);
              assertThat(head.body()).isEmpty();
              assertThat(head.status()).isEqualTo(200);
              TestResponse get = both.get(1);
              assertThat(get.text()).isEqualTo("sixsix");
              for (String name : List.of("Content-Type", "X-A")) {
                assertThat(head.header(name)).isEqualTo(get.header(name));
              }
            }),
        // A server that frames responses itself knows the length of GET only if the body ends soon.
        new ContractCase(
                "G18",
                "send the length of GET to HEAD",
                answers(200, SIX, body("sixsix")),
                trial -> {
                  TestResponse head = trial.send(HEAD);
                  assertThat(head.body()).isEmpty();
                  assertThat(head.header("Content-Length")).isEqualTo("6");
                  assertThat(trial.get("/").header("Content-Length")).isEqualTo("6");
                })
            .needs(Capability.CONTENT_LENGTH),
        new ContractCase(
            "G18",
            "not write the body to HEAD",
            (environ, start, witness) -> {
              start.start(404, TEXT);
              return Body.writing(
                  out -> {
                    witness.note("written");
                    out.write(pattern(100_000));
                  });
            },
            trial -> {
              for (TestResponse head : trial.sendInTurn(HEAD, HEAD)) {
                assertThat(head.status()).isEqualTo(404);
                assertThat(head.body()).isEmpty();
              }
              assertThat(trial.notes()).isEmpty();
            }),
        new ContractCase(
            "G18",
            "answer HEAD for a body whose length it can know",
            answers(200, TEXT, body("sixsix")),
            trial -> {
              TestResponse head = trial.send(HEAD);
              assertThat(head.body()).isEmpty();
              assertThat(head.header("Content-Length")).isIn("6", null);
            }),
        new ContractCase(
            "G19",
            "send no body and no length with 204",
            answers(204, Headers.of("X-A", "1"), body("never")),
            trial -> {
              for (TestResponse response : getTwice(trial)) {
                assertThat(response.status()).isEqualTo(204);
                assertThat(response.body()).isEmpty();
                assertThat(response.headers().contains("Content-Length")).isFalse();
                assertThat(response.headers().contains("Transfer-Encoding")).isFalse();
                assertThat(response.header("X-A")).isEqualTo("1");
              }
            }),
        new ContractCase(
            "G19",
            "send no body with 304",
            answers(304, Headers.of("ETag", "\"x\""), body("never")),
            trial -> {
              for (TestResponse response : getTwice(trial)) {
                assertThat(response.status()).isEqualTo(304);
                assertThat(response.body()).isEmpty();
                assertThat(response.header("ETag")).isEqualTo("\"x\"");
                assertThat(response.headers().contains("Content-Type")).isFalse();
              }
            }),
        new ContractCase(
            "G20",
            "send no body with 205",
            answers(205, Headers.of("X-A", "1"), body("never")),
            trial -> {
              for (TestResponse response : getTwice(trial)) {
                assertThat(response.status()).isEqualTo(205);
                assertThat(response.body()).isEmpty();
                assertThat(response.isComplete()).isTrue();
              }
            }));
  }

  private static List<TestResponse> getTwice(Trial trial) throws IOException {
    return trial.sendInTurn(TestRequest.get("/"), TestRequest.get("/"));
  }
}

package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Programs that end too early, too late, or not at all. */
final class EndedProgramCases {
  private EndedProgramCases() {}

  static List<ProgramCase> all() {
    return List.of(
        cut("is killed in its body", "dies-in-its-body.sh"),
        cut("is silent in its body", "hangs-in-its-body.sh").soon(),
        ProgramCase.printing(
            "A10",
            "cut a response that is shorter than the program said",
            "Content-Type: text/plain\nContent-Length: 20\n\nshort",
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.isComplete()).isFalse();
              assertThat(response.text()).isIn("short", "");
            }),
        whole("exits with 3 after it", "exits-3-after-its-body.sh", "whole\n"),
        whole("leaves a child with its output", "leaves-a-child-with-its-output.sh", "all"),
        whole("closes its output and lives on", "closes-its-output-and-lives-on.sh", "all"),
        ProgramCase.of(
            "G25",
            "pass on what a program printed before it prints more",
            "prints-one-waits-prints-two.sh",
            trial -> {
              Path go = trial.directory().resolve("go");
              try (GatewayClient client = trial.client();
                  GatewayClient.Conversation talk = client.open(TestRequest.get("/?" + go))) {
                assertThat(talk.read(4)).asString(StandardCharsets.US_ASCII).isEqualTo("one ");
                Files.createFile(go);
                assertThat(talk.finish().text()).isEqualTo("two");
              }
              trial.checkLint();
            }),
        ProgramCase.of(
            "G26",
            "end a program whose client is gone",
            "prints-for-ever.sh",
            trial -> {
              String pid;
              try (GatewayClient client = trial.client();
                  GatewayClient.Conversation talk = client.open(TestRequest.get("/"))) {
                pid = new String(talk.read(11), StandardCharsets.US_ASCII).trim();
              }
              trial.awaitEnd(pid);
            }),
        ProgramCase.of(
            "E20",
            "not let a program take half a request for a whole one",
            "notes-a-clean-end-of-its-input.sh",
            trial -> {
              Path noted = trial.directory().resolve("noted");
              TestRequest request =
                  TestRequest.of("POST", "/?" + noted).withBody(new byte[300_000]);
              try (GatewayClient client = trial.client();
                  GatewayClient.Conversation talk = client.open(request)) {
                talk.write(new byte[200_000]);
                talk.endRequest();
                assertThat(talk.finish().status()).isEqualTo(400);
              }
              // The program may write its note after the client has its answer, so wait for its
              // end. If no program was started, there is no file.
              Path started = Path.of(noted + ".pid");
              if (Files.exists(started)) {
                trial.awaitEnd(Files.readString(started).trim());
              }
              assertThat(noted).doesNotExist();
            }));
  }

  private static ProgramCase cut(String how, String program) {
    return ProgramCase.of(
        "G14",
        "cut the response of a program that " + how,
        program,
        trial -> {
          TestResponse response = trial.get(trial.notingPid());
          if (response.status() == 200) {
            assertThat(response.isComplete()).isFalse();
            assertThat(response.text()).isEqualTo("half");
          } else {
            assertThat(response.status()).isIn(502, 504);
            assertThat(response.text()).doesNotContain("half");
          }
        });
  }

  /** A host may let the program, or its child, work on, so that its end is not awaited. */
  private static ProgramCase whole(String how, String program, String body) {
    return ProgramCase.of(
        "G3",
        "deliver the body of a program that " + how,
        program,
        trial -> {
          TestResponse response = trial.get(trial.notingPid());
          assertThat(response.text()).isEqualTo(body);
          assertThat(response.isComplete()).isTrue();
        });
  }
}

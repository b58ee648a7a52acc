package dev.postern.testing;

import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.writeAscii;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/** How an application starts a response, starts it wrongly, and starts it again. */
final class StartCases {
  private StartCases() {}

  static List<ContractCase> all() {
    return Stream.concat(refusals().stream(), rest().stream()).toList();
  }

  private static List<ContractCase> refusals() {
    return List.of(
        refuses("refuse a status below 200", 100, TEXT, "A3"),
        refuses("refuse a status above 599", 600, TEXT, "A3"),
        refuses("refuse Connection", 200, TEXT.plus("connection", "close"), "A4"),
        refuses("refuse Transfer-Encoding", 200, TEXT.plus("Transfer-Encoding", "chunked"), "A4"),
        refuses("refuse Keep-Alive", 200, TEXT.plus("Keep-Alive", "timeout=5"), "A4"),
        refuses("refuse Upgrade", 200, TEXT.plus("Upgrade", "websocket"), "A4"),
        refuses("refuse a header Status", 200, TEXT.plus("Status", "404"), "A5"),
        refuses(
            "refuse a Content-Length of no digits", 200, TEXT.plus("Content-Length", "+5"), "A6"),
        refuses(
            "refuse two Content-Lengths",
            200,
            TEXT.plus("Content-Length", "5").plus("Content-Length", "5"),
            "A6"));
  }

  /**
   * Makes a case in which the application gets the exception of a wrong start, and can still
   * answer.
   */
  private static ContractCase refuses(String must, int status, Headers headers, String rule) {
    return new ContractCase(
            "G10",
            must + " in start",
            (environ, start, witness) -> {
              try {
                start.start(status, headers);
              } catch (IllegalArgumentException e) {
                witness.note("refused");
                start.start(503, TEXT, e);
              }
              return Body.of("instead");
            },
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(trial.notes()).containsExactly("refused");
              assertThat(response.status()).isEqualTo(503);
              assertThat(response.text()).isEqualTo("instead");
            })
        .breaks(rule);
  }

  private static List<ContractCase> rest() {
    return List.of(
        isServerError(
                "answer an application that starts nothing",
                (environ, start, witness) -> Body.of("lost"))
            .breaks("A1"),
        isServerError(
                "answer an application that starts twice",
                (environ, start, witness) -> {
                  start.start(200, TEXT);
                  try {
                    start.start(200, TEXT);
                  } catch (IllegalStateException e) {
                    witness.note("refused");
                  }
                  return Body.of("lost");
                })
            .breaks("A2"),
        isServerError(
                "answer an application that returns null",
                (environ, start, witness) -> {
                  start.start(200, TEXT);
                  return noBody();
                })
            .breaks("A9"),
        isServerError(
                "answer an application that starts too late",
                (environ, start, witness) ->
                    Body.writing(
                        out -> {
                          start.start(200, TEXT);
                          writeAscii(out, "lost");
                        }))
            .breaks("A1"),
        new ContractCase(
            "G8",
            "replace a response within the call",
            (environ, start, witness) -> {
              start.start(200, Headers.of("Content-Type", "text/html", "X-First", "1"));
              start.start(409, TEXT, new IOException("no"));
              return Body.of("second");
            },
            trial -> checkReplaced(trial.get("/"))),
        new ContractCase(
            "G8",
            "replace a response and drop its bytes before the commit",
            (environ, start, witness) -> {
              start.start(200, Headers.of("Content-Type", "text/html", "X-First", "1"));
              return Body.writing(
                  out -> {
                    writeAscii(out, "first, held back");
                    start.start(409, TEXT, new IOException("no"));
                    writeAscii(out, "second");
                  });
            },
            trial -> checkReplaced(trial.get("/"))),
        new ContractCase(
            "G9",
            "throw the error of a start after the commit",
            (environ, start, witness) -> {
              start.start(200, TEXT);
              return Body.writing(
                  out -> {
                    writeAscii(out, "committed");
                    out.flush();
                    IOException error = new IOException("no");
                    try {
                      start.start(500, TEXT, error);
                    } catch (Exception e) {
                      witness.note(e.equals(error) ? "the error" : "another " + e);
                    }
                  });
            },
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(trial.notes()).containsExactly("the error");
              assertThat(response.status()).isEqualTo(200);
              assertThat(response.text()).isEqualTo("committed");
            }));
  }

  private static void checkReplaced(TestResponse response) {
    assertThat(response.status()).isEqualTo(409);
    assertThat(response.text()).isEqualTo("second");
    assertThat(response.header("X-First")).isNull();
    assertThat(response.headers().all("Content-Type")).containsExactly("text/plain");
  }

  @SuppressWarnings("NullAway") // The application under test does what it must not.
  private static Body noBody() {
    return null;
  }

  private static ContractCase isServerError(String must, ContractCase.App app) {
    return new ContractCase(
        "G15",
        must + " with 500",
        app,
        trial -> {
          TestResponse response = trial.get("/");
          assertThat(response.status()).isEqualTo(500);
          assertThat(response.text()).doesNotContain("lost").doesNotContain("Exception");
          assertThat(trial.outcome()).startsWith("500 ");
        });
  }
}

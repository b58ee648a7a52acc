package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** Programs whose output cannot become a response (RFC 9110 15.6.3). */
final class RefusedProgramCases {
  private RefusedProgramCases() {}

  static List<ProgramCase> all() {
    String type = "Content-Type: text/plain\n";
    return List.of(
        refused("A1", "nothing", ""),
        refused("A1", "a head without its end", type),
        refused("A1", "a blank line first", "\n" + type + "\nx"),
        refused("A1", "text in place of a head", "<html>hello</html>\n\n"),
        refused("A3", "a status of HTTP's first line", "HTTP/1.1 200 OK\n" + type + "\nx"),
        refused("A3", "a status of two digits", "Status: 99\n" + type + "\nx"),
        refused("A3", "a status of 600", "Status: 600 No\n" + type + "\nx"),
        refused("A3", "an interim status", "Status: 101 Go\n" + type + "\nx"),
        refused("A3", "a status that is no number", "Status: OK\n" + type + "\nx"),
        refused("A4", "Transfer-Encoding", type + "Transfer-Encoding: chunked\n\n0\n\n"),
        refused("A5", "two statuses", "Status: 200\nStatus: 404\n" + type + "\nx"),
        refused("A6", "two lengths", type + "Content-Length: 1\nContent-Length: 2\n\nx"),
        refused("A6", "a length with a sign", type + "Content-Length: +1\n\nx"),
        refused(
            "A6",
            "a length that no number holds",
            type + "Content-Length: 9223372036854775808\n\nx"),
        refused("A7", "two types", type + "Content-Type: text/html\n\nx"),
        refused("A8", "a body without a type", "X-A: b\n\nx"),
        refused("A4", "a name with a space", type + "X A: b\n\nx"),
        refused("A4", "a space before the colon", type + "X-A : b\n\nx"),
        refused("A4", "no name", type + ": b\n\nx"),
        refused("A4", "a carriage return in a value", type + "X-A: b\rSet-Cookie: c\n\nx"),
        refused("A4", "a NUL in a value", type + "X-A: b\0c\n\nx"),
        refused("A4", "a folded line", type + "X-A: b\n c\n\nx"),
        refused("A4", "a line of 100,000 bytes", type + "X-A: " + "a".repeat(100_000) + "\n\nx"),
        failing("A1", "exits before its head", "exits-3-before-its-head.sh", 502),
        failing("A1", "is killed before its head", "dies-before-its-head.sh", 502),
        failing("A1", "is silent before its head", "hangs-before-its-head.sh", 504).soon());
  }

  private static ProgramCase refused(String id, String what, String output) {
    return ProgramCase.printing(
        id, "answer 502 for " + what, output, trial -> checkRefusal(trial, 502));
  }

  private static ProgramCase failing(String id, String how, String program, int status) {
    return ProgramCase.of(
        id,
        "answer " + status + " for a program that " + how,
        program,
        trial -> checkRefusal(trial, status));
  }

  /** Checks that the client learns nothing but the status, and that the log has the reason. */
  private static void checkRefusal(ProgramCase.Trial trial, int status) throws Exception {
    TestResponse response = trial.get(trial.notingPid());
    assertThat(response.status()).as(response.log()).isEqualTo(status);
    assertThat(response.isComplete()).isTrue();
    assertThat(response.header("Set-Cookie")).isNull();
    assertThat(response.text()).startsWith(status + " ").doesNotContain("/");
    assertThat(response.log()).contains("postern: " + status);
  }
}

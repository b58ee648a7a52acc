package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client gets for what a program writes, and what the log gets. */
class CgiResponseTest {
  @TempDir Path directory;

  @Test
  void s02_malformedOutputs_areOneWellFormed502() throws IOException {
    Map<String, String> outputs = new LinkedHashMap<>();
    outputs.put("", "no-output");
    outputs.put("\nHello", "empty-block");
    outputs.put("Content-Type: text/plain\n", "no-blank-line");
    outputs.put("NNNN\n\n", "no-colon");
    outputs.put("perl cgi\n\n", "bad-name");
    outputs.put("HTTP/1.1 200 OK\r\n\r\n", "status-line");
    outputs.put("X-A: 1\n\nbody", "no-cgi-field");
    outputs.put("Status: 200\n\n<script>", "no-content-type");
    outputs.put("Content-Type: a/b\nFoo: a\rSet-Cookie: b\n\n", "bare-cr");
    outputs.put("Content-Type: a/b\nFoo: a\0b\n\n", "control-character");
    outputs.put("Content-Type: a/b\n c\n\n", "folded-line");
    outputs.put("Content-Type: a/b\nContent-Type: a/b\n\n", "repeated-field");
    outputs.put("Status: 99\n\n", "status");
    outputs.put("Content-Type: a/b\nTransfer-Encoding: chunked\n\n0\r\n\r\n", "transfer-encoding");
    outputs.put("Content-Type: a/b\nContent-Length: +5\n\nhello", "content-length");
    outputs.put("X: y\n".repeat(20_000), "too-many-fields");
    outputs.put("X: " + "y".repeat(100_000), "line-too-long");
    CgiApplication app = raw();
    for (Map.Entry<String, String> output : outputs.entrySet()) {
      Call call = write(output.getKey()).to(app);
      assertThat(call.status).as(output.getValue()).isEqualTo(502);
      assertThat(call.body()).isEqualTo("502 Bad Gateway\n");
      assertThat(call.headers.size()).isEqualTo(2);
      assertThat(call.outcome.complete()).isTrue();
      assertThat(call.rule()).isEqualTo(output.getValue());
      assertThat(call.log()).contains("[" + output.getValue() + "]").doesNotContain("\0");
    }
    assertThat(app.refusals().total()).isEqualTo(outputs.size());
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 205, 304})
  void bodilessAnswerWithoutAType_goesOutWithoutItsBody(int status) throws IOException {
    Call call = write("Status: " + status + "\n\nbody").to(raw());

    assertThat(call.status).isEqualTo(status);
    assertThat(call.body()).isEmpty();
    assertThat(call.outcome.complete()).isTrue();
  }

  /** As CGI.pm's redirect and Python's print write it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Location: http://h/\r\n\n\n",
        "Location: http://h/\n\nbody",
        "Location: http://h/\nContent-Length: 4\n\nbody",
        "Status: 302 Found\nLocation: http://h/\n\nThe page was saved.",
        "Status: 303\nLocation: http://h/\nSet-Cookie: a=b\n\nmoved",
        "Status: 301\nLocation: /other\n\nmoved"
      })
  void s43_redirectWithoutAType_goesOutWithoutItsBody(String output) throws IOException {
    CgiApplication app = raw();
    Call call = write(output).to(app);

    assertThat(call.status).isBetween(301, 303);
    assertThat(call.headers.get("Location")).isIn("http://h/", "/other");
    assertThat(call.headers.contains("Set-Cookie")).isEqualTo(output.contains("Set-Cookie"));
    assertThat(call.headers.get("Content-Length")).isEqualTo("0");
    assertThat(call.body()).isEmpty();
    assertThat(call.outcome.complete()).isTrue();
    assertThat(app.refusals().count("response-untyped")).isEqualTo(1);
    assertThat(app.refusals().total()).isEqualTo(1);
  }

  @Test
  void s43_redirectWithAType_keepsItsBody() throws IOException {
    Call call = write("Location: http://h/\nContent-Type: text/plain\n\nbody").to(raw());

    assertThat(call.status).isEqualTo(302);
    assertThat(call.body()).isEqualTo("body");
  }

  @Test
  void attackD11_endlessHeader_endsTheProgram() throws IOException {
    for (String endless : List.of("X: y", "X")) {
      Path program =
          Programs.sh(
              directory, "e", "echo $$ >" + directory + "/pid", "exec yes " + "'" + endless + "'");
      Call call = Call.get("/").to(CgiApplication.of(program));
      assertThat(call.status).isEqualTo(502);
      Path process = Path.of("/proc", Files.readString(directory.resolve("pid")).trim());
      // Where a process beside this JVM starts the programs, it needs a moment to forget them.
      Awaited.await(() -> !Files.exists(process));
    }
    Path flood = Programs.sh(directory, "e", "exec cat /dev/zero");
    assertThat(Call.get("/").to(CgiApplication.of(flood)).rule()).isEqualTo("control-character");
  }

  @Test
  void attackD18_headInPieces_isTheSame() throws IOException {
    Application app =
        CgiApplication.of(
            Programs.sh(
                directory,
                "p",
                "for p in C ontent-Type: ' text/plain' '\\r' '\\n' '\\r' '\\nbo' dy; do",
                "printf \"$p\"; sleep 0.01; done"));
    Call call = Call.get("/").to(app);

    assertThat(call.headers.get("Content-Type")).isEqualTo("text/plain");
    assertThat(call.body()).isEqualTo("body");
  }

  @Test
  void attackD07_attackD12_s45_lenientType_isHarmless() throws IOException {
    Application lenient = CgiApplication.builder(program()).lenientType().build();
    for (String output : List.of("X-A: 1\n\n<script>", "Status: 200\n\n<script>")) {
      Call call = write(output).to(lenient);
      assertThat(call.status).isEqualTo(200);
      assertThat(call.headers.get("Content-Type")).isEqualTo("application/octet-stream");
      assertThat(call.headers.get("X-Content-Type-Options")).isEqualTo("nosniff");
      assertThat(call.body()).isEqualTo("<script>");
      assertThat(write(output).to(raw()).status).isEqualTo(502);
    }
    Call bodiless = write("X-A: 1\n\n").to(lenient);
    assertThat(bodiless.status).isEqualTo(200);
    assertThat(bodiless.headers.get("Content-Length")).isEqualTo("0");
    assertThat(bodiless.headers.contains("Content-Type")).isFalse();
    Call typed = write("Content-Type: text/html ;charset=x\n\n<p>").to(raw());
    assertThat(typed.headers.get("Content-Type")).isEqualTo("text/html ;charset=x");
    assertThat(typed.headers.contains("X-Content-Type-Options")).isFalse();
  }

  @Test
  void attackD14_requestsAtOnce_getTheirOwnAnswers() throws Exception {
    Application app =
        CgiApplication.of(
            Programs.sh(directory, "p", "printf 'Location: http://x/%s\\n\\n' \"$QUERY_STRING\""));
    List<Call> calls =
        IntStream.range(0, 40)
            .parallel()
            .mapToObj(i -> Call.get("/").with("QUERY_STRING", "q" + i).to(app))
            .toList();
    for (int i = 0; i < 40; i++) {
      assertThat(calls.get(i).headers.get("Location")).isEqualTo("http://x/q" + i);
    }
  }

  @Test
  void attackD16_h30_applications_cannotSplitAResponse() {
    for (String bad : List.of("a\rb", "a\nb", "a\r\nSet-Cookie: b", "a\0b", "a\u0001", "a\u007f")) {
      Application value =
          (environ, startResponse) -> {
            startResponse.start(200, Headers.of("X-A", bad));
            return Body.empty();
          };
      Application name =
          (environ, startResponse) -> {
            startResponse.start(200, Headers.of(bad, "x"));
            return Body.empty();
          };
      Call call = Call.get("/").to(value);
      assertThat(call.status).isEqualTo(500);
      assertThat(call.headers.toString()).isEqualTo("Headers[Content-Type, Content-Length]");
      assertThat(call.outcome.failure()).hasMessageContaining("X-A").hasMessageNotContaining(bad);
      assertThat(Call.get("/").to(name).status).isEqualTo(500);
    }
  }

  @Test
  void attackD15_attackD20_attackK04_droppedFields_areCounted() throws IOException {
    CgiApplication app = raw();
    Call call =
        write(
                "Content-Type: a/b\nX-Sendfile: /etc/passwd\nX-Accel-Redirect: /x\n"
                    + "Connection: close, X-Hop\nX-Hop: 1\nX-CGI-A: 1\nDate: a\nDate: b\n\n")
            .to(app);

    assertThat(call.headers.toString()).isEqualTo("Headers[Content-Type, Date, Content-Length]");
    assertThat(app.refusals().asMap())
        .isEqualTo(
            Map.of(
                "response-file", 2L,
                "response-hop-by-hop", 2L,
                "response-private", 1L,
                "response-repeated", 1L));
  }

  @Test
  void attackD21_eightBitValues_arriveAsBytes() throws IOException {
    Call call = write("Content-Type: a/b\nX-N: caf\u00c3\u00a9\n\n\u00ff\u0080").to(raw());
    assertThat(call.headers.get("X-N")).isEqualTo("caf\u00c3\u00a9");
    assertThat(call.body()).isEqualTo("\u00ff\u0080");
  }

  @Test
  void s41_h25_document_goesOnAsItIs() throws IOException {
    Call call =
        write("Content-Type: text/plain\nSet-Cookie: a=1\nSet-Cookie: b=2\n\nline\r\nline\n")
            .to(raw());
    assertThat(call.status).isEqualTo(200);
    assertThat(call.headers.all("Set-Cookie")).containsExactly("a=1", "b=2");
    assertThat(call.body()).isEqualTo("line\r\nline\n");
  }

  @Test
  void attackD03_attackK01_diagnosis_isInTheLogAndTheOutcome_andNeverAtTheClient()
      throws IOException {
    Path program =
        Programs.sh(
            directory,
            "p",
            "printf 'first\\nfake: \\033[2Jline\\r\\342\\200\\250\\205end\\n' >&2",
            "printf 'X-A: b\\nX-B: \\001evil\\033[2J\\n\\n'",
            "exit 3");
    Call call = Call.get("/x").to(CgiApplication.of(program));

    assertThat(call.failure().diagnosis().rule()).isEqualTo("control-character");
    assertThat(call.failure().diagnosis().offset()).isEqualTo(12);
    assertThat(call.failure().diagnosis().excerpt()).isEqualTo("X-A: b\\nX-B: \\x01");
    assertThat(call.failure().diagnosis().stderr())
        .isEqualTo("first\\nfake: \\x1b[2Jline\\r\\xe2\\x80\\xa8\\x85end\\n");
    assertThat(call.failure().diagnosis().exit()).isEqualTo("exit 3");
    assertThat(call.outcome.facts()).containsEntry("cgi.exit", "exit 3");
    assertThat(call.log())
        .contains("[control-character]", "at byte 12", "exit 3", "\\x01")
        .contains("p: first\n", "p: fake: \\u001B[2Jline\\u000D\\xe2\\x80\\xa8\\x85end\n");
    assertThat(call.log().chars()).allMatch(c -> c == '\n' || c >= ' ' && c <= '~');
    assertThat(call.body()).isEqualTo("502 Bad Gateway\n");
  }

  @Test
  void standardError_isLoggedOnceAsItWasWritten() throws IOException {
    Application app =
        CgiApplication.of(
            Programs.sh(directory, "p", "echo 'say \"x\" \\ y' >&2", "echo second >&2", "exit 3"));

    Call call = Call.get("/").to(app);

    assertThat(call.status).isEqualTo(502);
    assertThat(call.log())
        .containsOnlyOnce("p: say \"x\" \\ y\n")
        .containsOnlyOnce("second")
        .containsOnlyOnce("no-output")
        .contains("exit 3");
  }

  /** Python's cgitb and others write there what is wrong with them. */
  @Test
  void attackK01_outputThatIsRefused_isInTheLog_boundedAndEscaped() throws IOException {
    Application app =
        CgiApplication.of(
            Programs.sh(
                directory,
                "p",
                "seq -f 'no header line %g' 0 2999",
                "printf 'a\\033[31mb\\n'; sleep 0.03; echo 'ZeroDivisionError: \"x\"'"));

    Call call = Call.get("/").to(app);

    assertThat(call.status).isEqualTo(502);
    assertThat(call.log())
        .contains("p: output: ZeroDivisionError: \"x\"\n", "p: output: a\\u001B[31mb\n")
        .doesNotContain("\u001b", "no header line 1000\n");
    assertThat(call.log().lines().filter(line -> line.startsWith("p: output: ")))
        .hasSizeBetween(2, 41);
    assertThat(call.log().length()).isLessThan(8000);
  }

  @Test
  @Timeout(60)
  void refusedOutputThatDrips_delaysItsAnswerLittle() throws IOException {
    Application app =
        CgiApplication.of(
            Programs.sh(directory, "p", "while :; do echo no header line; sleep 0.02; done"));

    Call call = Call.get("/").to(app);

    assertThat(call.status).isEqualTo(502);
    assertThat(call.log()).contains("p: output: no header line\n");
  }

  @Test
  void attackA15_withheldAuthorization_isToldOnceWithTheOption() throws IOException {
    Application app =
        CgiApplication.of(
            Programs.sh(
                directory,
                "p",
                "printf 'Status: 401\\nWWW-Authenticate: Basic\\nContent-Type: text/plain\\n\\n'"));

    assertThat(Call.get("/").to(app).log()).isEmpty();
    assertThat(Call.get("/").with("HTTP_AUTHORIZATION", "Basic eDp5").to(app).log())
        .contains("--pass-authorization")
        .doesNotContain("eDp5");
    assertThat(Call.get("/").with("HTTP_AUTHORIZATION", "Basic eDp5").to(app).log()).isEmpty();
  }

  @Test
  void attackK01_clientData_isEscapedInTheLog() throws IOException {
    Call call =
        Call.get("/\u001b[2J\r\nfake: entry\u0085\u00e2\u0080\u00a8")
            .to(CgiDirectory.of(directory));
    assertThat(call.status).isEqualTo(400);
    assertThat(call.log().lines()).hasSize(1);
    assertThat(call.log().chars()).allMatch(c -> c == '\n' || c >= ' ' && c <= '~');
    Call method = Call.of("TRACE", "/").with("HTTP_HOST", "a\u001b[2J").to(raw());
    assertThat(method.log().chars()).allMatch(c -> c == '\n' || c >= ' ' && c <= '~');
  }

  @Test
  void variableThatIsMissing_isToldInTheLogAlone() throws IOException {
    for (String[] row :
        new String[][] {
          {"Can't locate Foo/Bar.pm in @INC (you may need to install it)", "--env PERL5LIB="},
          {"ModuleNotFoundError: No module named 'foo'", "--env PYTHONPATH="},
          {"fatal: $HOME not set", "--env HOME="},
          {"/x: 3: HOME: parameter not set", "--env HOME="}
        }) {
      Call call =
          Call.get("/")
              .to(
                  CgiApplication.of(
                      Programs.sh(
                          directory,
                          "p",
                          "echo \"" + row[0].replace("$", "\\$") + "\" >&2; exit 2")));
      assertThat(call.status).isEqualTo(502);
      assertThat(call.failure()).hasMessageContaining(row[1]);
      assertThat(call.body()).isEqualTo("502 Bad Gateway\n");
    }
    assertThat(write("").to(CgiApplication.of(Programs.sh(directory, "q", "exit 2"))).failure())
        .hasMessageEndingWith("]");
  }

  @Test
  void attackK04_refusals_areReadAsAValue() throws IOException {
    CgiDirectory app = CgiDirectory.of(directory);
    Refusals before = app.refusals();
    for (int i = 0; i < 3; i++) {
      Call.get("/nothing").to(app);
    }
    Call.get("/../x").to(app);

    assertThat(before.total()).isZero();
    assertThat(before).hasToString("Refusals{}");
    assertThat(app.refusals()).hasToString("Refusals{dot-segment=1, no-program=3}");
    assertThat(app.refusals().count("no-program")).isEqualTo(3);
    assertThat(app.refusals().count("unknown")).isZero();
    assertThat(app.refusals().total()).isEqualTo(4);
  }

  private CgiApplication raw() throws IOException {
    return CgiApplication.of(program());
  }

  /** One program writes whatever is asked of it. */
  private Path program() throws IOException {
    return Programs.sh(directory, "raw", "exec cat '" + directory.resolve("out") + "'");
  }

  private Call write(String output) throws IOException {
    Files.write(directory.resolve("out"), output.getBytes(StandardCharsets.ISO_8859_1));
    return Call.get("/");
  }
}

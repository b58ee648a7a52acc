package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.ResponseSink;
import dev.postern.cgi.CgiApplication;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The outputs that programs should not write, and the ends that responses should not have, under
 * Apache, lighttpd and Postern. Says who answers what, and holds Postern alone to it. The table is
 * written to target/who-answers-what.md.
 */
class WhoAnswersWhatTest {
  private static final List<WebServerKind> PEERS =
      List.of(WebServerKind.APACHE_CGID, WebServerKind.LIGHTTPD);

  /** Apache reads a header that never ends for half a minute, and takes a processor for that. */
  private static final Duration SILENCE = Duration.ofSeconds(6);

  private static final String TEXT = "Content-Type: text/plain\n";

  /**
   * A program and what Postern must answer.
   *
   * @param id the row that it is about
   * @param script of a shell
   */
  private record Case(String id, String about, String script, String answer) {}

  private static final List<Case> CASES =
      List.of(
          raw("D01", "NUL in a value", TEXT + "X-A: a\0b\n\nbody", "502"),
          raw("D01", "0x01 in Content-Type", "Content-Type: text/plain\u0001\n\nbody", "502"),
          raw("D01", "DEL in Location", "Location: /x\u007f\n\n", "502"),
          raw("D02", "bare CR in a value", TEXT + "X-A: a\rSet-Cookie: evil=1\n\nbody", "502"),
          raw("D02", "CR CR LF", TEXT + "X-A: a\r\r\n\r\nbody", "502"),
          raw("D03", "no colon", "N".repeat(1024) + "\n\nbody", "502"),
          raw("D04", "no blank line", TEXT, "502"),
          raw("D05", "no output", "", "502"),
          raw("D06", "blank line first", "\nbody", "502"),
          raw("D07", "no CGI field", "X-A: 1\n\nbody", "502"),
          raw("D08", "two Statuses", "Status: 200\nStatus: 404\n" + TEXT + "\nbody", "502"),
          raw("D08", "two Content-Types", TEXT + "Content-Type: text/html\n\nbody", "502"),
          raw(
              "D08",
              "two Content-Lengths",
              TEXT + "Content-Length: 4\nContent-Length: 2\n\nbody",
              "502"),
          raw("D09", "Status: 99", "Status: 99\n" + TEXT + "\nbody", "502"),
          raw("D09", "Status: 200OK", "Status: 200OK\n" + TEXT + "\nbody", "502"),
          raw("D09", "Status: abc", "Status: abc\n" + TEXT + "\nbody", "502"),
          raw("D10", "status line", "HTTP/1.1 200 OK\r\n" + TEXT + "\nbody", "502"),
          raw("D11", "line of 100 kB", TEXT + "X-A: " + "a".repeat(100_000) + "\n\nbody", "502"),
          new Case("D11", "endless header", "exec yes 'X-A: b'", "502"),
          raw("D12", "no Content-Type", "Status: 200\n\n<script>", "502"),
          raw("D13", "Location: //evil/", "Location: //evil/\n\n", "302, 0 bytes, to //evil/"),
          raw("D15", "X-Sendfile", TEXT + "X-Sendfile: /etc/passwd\n\nbody", "200, 4 bytes"),
          raw("D17", "folded line", TEXT + "X-A: a\n b\n\nbody", "502"),
          raw("D20", "Transfer-Encoding", TEXT + "Transfer-Encoding: chunked\n\n0\r\n\r\n", "502"),
          raw(
              "D20",
              "Connection: keep-alive",
              TEXT + "Connection: keep-alive\n\nbody",
              "200, 4 bytes"),
          raw("D21", "eight bits", TEXT + "X-A: caf\u00c3\u00a9\n\nbody", "200, 4 bytes"),
          raw("E01", "longer than its length", TEXT + "Content-Length: 2\n\nbody", "200, 2 bytes"),
          raw("E02", "shorter than its length", TEXT + "Content-Length: 9\n\nbody", "200, cut"),
          new Case(
              "E03",
              "killed in its body",
              head() + "; printf body; sleep 0.1; kill -9 $$",
              "200, cut"),
          new Case("E03", "killed before its head", "kill -9 $$", "502"),
          new Case(
              "E04", "exit 1 after its body", head() + "; printf body; exit 1", "200, 4 bytes"),
          new Case(
              "E06",
              "grandchild holds the pipe",
              head() + "; printf body; sleep 3 & sleep 0.1",
              "200, 4 bytes"),
          new Case(
              "E07",
              "closes its output early",
              head() + "; printf body; exec >&- 2>&-; sleep 3",
              "200, 4 bytes"),
          raw("E08", "204 with a body", "Status: 204\n" + TEXT + "\nbody", "204, 0 bytes"),
          raw("E08", "304 with a body", "Status: 304\n" + TEXT + "\nbody", "304, 0 bytes"),
          raw("E11", "headers alone", TEXT + "\n", "200, 0 bytes"));

  @Test
  void attackE01_attackE02_malformedOutputs_areRefusedAndCutAnswersLookCut() throws Exception {
    Map<Case, List<String>> answers = new LinkedHashMap<>();
    try (Site site = Site.create()) {
      for (int i = 0; i < CASES.size(); i++) {
        site.program("c" + i, "#!/bin/sh", CASES.get(i).script);
        answers.put(CASES.get(i), new ArrayList<>());
      }
      for (WebServerKind kind : PEERS) {
        try (WebServer server = kind.start(site)) {
          ask(answers, program -> peer(server, "/cgi-bin/" + program));
        }
      }
      ask(answers, program -> ours(site.cgiBin().resolve(program)));
    }
    String table = table(answers);
    Files.writeString(Path.of("target/who-answers-what.md"), table);
    answers.forEach(
        (row, who) ->
            assertThat(who.get(PEERS.size())).as(row.id + " " + row.about).isEqualTo(row.answer));
  }

  /** Several at a time: some programs, and those that wait for them, take seconds. */
  private static void ask(Map<Case, List<String>> answers, UnaryOperator<String> ask)
      throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(6);
    try {
      List<Future<String>> asked = new ArrayList<>();
      for (int i = 0; i < CASES.size(); i++) {
        String program = "c" + i;
        asked.add(clients.submit(() -> ask.apply(program)));
      }
      for (int i = 0; i < CASES.size(); i++) {
        answers.get(CASES.get(i)).add(asked.get(i).get());
      }
    } finally {
      clients.shutdownNow();
    }
  }

  private static String peer(WebServer server, String target) {
    try {
      RawHttp.Answer answer = RawHttp.get(server.port(), target, SILENCE);
      StringBuilder text = new StringBuilder().append(answer.status());
      if (answer.status() < 400) {
        text.append(", ").append(answer.body().length).append(" bytes");
      }
      answer.all("Location").forEach(location -> text.append(", to ").append(location));
      if (!answer.all("Set-Cookie").isEmpty()) {
        text.append(", split");
      }
      return text.toString();
    } catch (EOFException e) {
      return "cut";
    } catch (SocketTimeoutException e) {
      return "silent for " + SILENCE.toSeconds() + " s";
    } catch (IOException | RuntimeException e) {
      return "garbled: " + e.getClass().getSimpleName();
    }
  }

  private static String ours(Path program) {
    Sink sink = new Sink();
    Environ environ =
        Environ.builder(
                Map.of(
                    "REQUEST_METHOD", "GET",
                    "SERVER_NAME", "localhost",
                    "SERVER_PORT", "80",
                    "SERVER_PROTOCOL", "HTTP/1.1"))
            .errors(new PrintWriter(new StringWriter()))
            .build();
    Outcome outcome = Exchange.of(environ, sink).run(CgiApplication.of(program));
    String location = sink.headers.get("Location");
    if (!outcome.complete()) {
      return sink.status + ", cut";
    }
    return sink.status
        + (sink.status < 400 ? ", " + sink.body.size() + " bytes" : "")
        + (location == null ? "" : ", to " + location)
        + (sink.headers.contains("Set-Cookie") ? ", split" : "");
  }

  private static String table(Map<Case, List<String>> answers) {
    StringBuilder table = new StringBuilder("| row | a program's output |");
    PEERS.forEach(kind -> table.append(' ').append(kind).append(" |"));
    table.append(" Postern |\n|---|---|---|---|---|\n");
    answers.forEach(
        (row, who) -> {
          table.append("| ").append(row.id).append(" | ").append(row.about).append(" |");
          who.forEach(answer -> table.append(' ').append(answer).append(" |"));
          table.append('\n');
        });
    return table.toString();
  }

  private static Case raw(String id, String about, String output, String answer) {
    StringBuilder printf = new StringBuilder("exec printf '");
    for (byte b : output.getBytes(StandardCharsets.ISO_8859_1)) {
      if (b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z') {
        printf.append((char) b);
      } else {
        printf.append(String.format("\\%03o", b & 0xFF));
      }
    }
    return new Case(id, about, printf.append("'").toString(), answer);
  }

  private static String head() {
    return "printf 'Content-Type: text/plain\\n\\n'";
  }

  private static final class Sink implements ResponseSink {
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private int status;
    private Headers headers = Headers.of();

    @Override
    public void head(int newStatus, Headers newHeaders) {
      status = newStatus;
      headers = newHeaders;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      body.write(bytes, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {}
  }
}

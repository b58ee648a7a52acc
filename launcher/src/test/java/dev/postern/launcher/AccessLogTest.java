package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.launcher.status.Board;
import dev.postern.launcher.values.LauncherException;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.web.TrustedProxies;
import dev.postern.web.middleware.BasicAuth;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --access-log} writes. */
class AccessLogTest {
  private static final Application HELLO =
      Application.of(
          environ -> {
            if (environ.pathInfo().equals("/fails")) {
              throw new IllegalStateException("broken");
            }
            return Response.of(200, Headers.of("Content-Type", "text/plain"), Body.of("hello"));
          });

  @TempDir Path directory;
  private Path path;

  @BeforeEach
  void namePath() {
    path = directory.resolve("access.log");
  }

  private List<String> lines(AccessLog.Format format, boolean queries, TestRequest... requests)
      throws Exception {
    return lines(HELLO, format, queries, requests);
  }

  private List<String> lines(
      Application application, AccessLog.Format format, boolean queries, TestRequest... requests)
      throws Exception {
    try (LogFile file = LogFile.open("--access-log", path.toString())) {
      Application logged =
          new AccessLog(
              application, file, format, queries, new Board(), TrustedProxies.of("127.0.0.1"));
      for (TestRequest request : requests) {
        InMemoryGateway.builder(logged).unlinted().build().run(request);
      }
    }
    return Files.readAllLines(path);
  }

  @Test
  void combined_isThatOfHttpd() throws Exception {
    List<String> lines =
        lines(
            AccessLog.Format.COMBINED,
            false,
            TestRequest.get("/a?secret=1")
                .withHeader("User-Agent", "a \"b\" \\ c")
                .withHeader("Referer", "http://h/?secret=2")
                .withHeader("Cookie", "secret=3")
                .withHeader("Authorization", "secret=4"),
            TestRequest.get("/fails"));

    assertThat(lines).hasSize(2);
    assertThat(lines.get(0))
        .matches(
            "\\S+ - - \\[\\d\\d/\\w{3}/\\d{4}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4}\\] \"GET /a"
                + " HTTP/1\\.1\" 200 5 \"http://h/\" \"a \\\\\"b\\\\\" \\\\\\\\ c\"");
    assertThat(lines.get(1)).contains("\"GET /fails HTTP/1.1\" 500 ");
  }

  @Test
  void trustedProxy_namesTheClient_andAlsoWhatIsRefusedHasALine() throws Exception {
    List<String> lines =
        lines(
            AccessLog.Format.COMBINED,
            false,
            TestRequest.get("/a").withHeader("X-Forwarded-For", "192.0.2.7"),
            TestRequest.get("/b").withHeader("X-Forwarded-For", "no address"));

    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)).startsWith("192.0.2.7 - - ").contains("\"GET /a HTTP/1.1\" 200 5 ");
    assertThat(lines.get(1)).startsWith("127.0.0.1 - - ").contains("\"GET /b HTTP/1.1\" 400 ");
  }

  @Test
  void userOfHtpasswd_isNamedInBothFormats() throws Exception {
    Application guarded = BasicAuth.of("postern", "al ice", "secret").wrap(HELLO);
    TestRequest known =
        TestRequest.get("/a").withHeader("Authorization", "Basic YWwgaWNlOnNlY3JldA==");

    assertThat(lines(guarded, AccessLog.Format.COMBINED, false, known).get(0))
        .contains(" - al\\x20ice [");
    assertThat(lines(guarded, AccessLog.Format.JSON, false, known).get(1))
        .contains("\"user\":\"al ice\"");
    assertThat(lines(guarded, AccessLog.Format.COMBINED, false, TestRequest.get("/a")).get(2))
        .contains(" - - [");
  }

  @Test
  void queries_areWrittenWhereAskedFor() throws Exception {
    assertThat(lines(AccessLog.Format.COMBINED, true, TestRequest.get("/a?b=c")).get(0))
        .contains("\"GET /a?b=c HTTP/1.1\"");
  }

  @Test
  void json_isAnObjectInALine() throws Exception {
    String line =
        lines(
                AccessLog.Format.JSON,
                false,
                TestRequest.get("/a?b").withHeader("User-Agent", "\"x\"\u0085"))
            .get(0);

    assertThat(line)
        .startsWith("{\"time\":\"")
        .endsWith("}")
        .contains("\"target\":\"/a\"", "\"status\":200", "\"bytes\":5", "\"complete\":true")
        .doesNotContain("\u0085", "?b");
  }

  @Test
  void json_hasTheCharactersThatTheClientSent() throws Exception {
    String line =
        lines(
                AccessLog.Format.JSON,
                false,
                TestRequest.get("/a")
                    .withHeader("User-Agent", "\u00c3\u00a4")
                    .withHeader("Referer", "no UTF-8: \u00e4"))
            .get(0);

    assertThat(line).contains("\"agent\":\"\u00e4\"", "\"referer\":\"no UTF-8: \u00e4\"");
  }

  @Test
  void file_isAppendedToAndOpenedAgain() throws Exception {
    Files.writeString(path, "before\n");
    Path moved = directory.resolve("moved");
    try (LogFile file = LogFile.open("--access-log", path.toString())) {
      file.write("one\n");
      Files.move(path, moved);
      file.write("two\n");
      file.reopen();
      file.write("three\n");
    }
    assertThat(moved).hasContent("before\none\ntwo");
    assertThat(path).hasContent("three");
  }

  @Test
  void fileThatCannotBeWritten_isABadArgument() {
    assertThatThrownBy(() -> LogFile.open("--access-log", directory.toString()))
        .isInstanceOf(LauncherException.class)
        .hasMessageStartingWith("FILE of --access-log must be a file that can be written");
  }
}

package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * RFC 3875 from the program's side, on real processes, under the locales that web servers give
 * them. A test is named after its row of the conformance list.
 */
@ParameterizedClass(name = "LC_ALL={0}")
@ValueSource(strings = {"C", "C.UTF-8"})
class CgiExecutableTest {
  private static final int TERMINATED = 128 + 15;

  @Parameter String locale;
  @TempDir Path directory;
  private Process started;

  @AfterEach
  void endProcess() {
    if (started != null) {
      started.destroyForcibly();
    }
  }

  @Test
  void c01_terminationClosesTheBodyAndEndsTheProcess() throws Exception {
    Executable executable = app("silent");
    started = executable.start();
    assertThat(readUntil(started.getInputStream(), "first\n")).contains("Status: 200 OK");

    long began = System.nanoTime();
    started.toHandle().destroy();
    Executable.Result result = executable.finish();

    assertThat(result.exit()).isEqualTo(TERMINATED);
    assertThat(result.stderr()).containsOnlyOnce("body closed");
    assertThat(System.nanoTime() - began).isLessThan(10_000_000_000L);
    try (Stream<Path> left = Files.list(executable.temporary())) {
      assertThat(left).isEmpty();
    }
  }

  /** lighttpd sends SIGTERM as soon as it has read what Content-Length declares. */
  @Test
  void c01_terminationAfterAWholeResponseChangesNothing() throws Exception {
    Executable executable = app("lingering");
    started = executable.start();
    assertThat(readUntil(started.getInputStream(), "first\n")).contains("Content-Length: 6");

    started.toHandle().destroy();
    Executable.Result result = executable.finish();

    assertThat(result.stderr()).isEqualTo("whole: true\n");
    assertThat(result.exit()).isZero();
  }

  @Test
  void c01_terminationEndsAnApplicationThatDoesNotListen() throws Exception {
    Executable executable = app("deaf");
    started = executable.start();
    readUntil(started.getInputStream(), "f");

    started.toHandle().destroy();

    assertThat(executable.finish().exit()).isEqualTo(TERMINATED);
  }

  @Test
  void c02_leadingZerosOfTheInterfaceVersionAreAccepted() throws Exception {
    assertOk(app("hello").with("GATEWAY_INTERFACE", "CGI/01.1").run(""));
  }

  @Test
  void c03_inputEndsAtContentLength() throws Exception {
    Executable executable = app("count").with("REQUEST_METHOD", "POST").with("CONTENT_LENGTH", "5");
    started = executable.start();
    OutputStream stdin = started.getOutputStream();
    stdin.write("hello, and more".getBytes(StandardCharsets.US_ASCII));
    stdin.flush();

    assertThat(executable.finish().body()).isEqualTo("5:hello");
  }

  @Test
  void c03_whatTheApplicationLeavesIsReadToContentLength() throws Exception {
    int length = 70 * 1024 * 1024;
    Executable executable =
        app("hello")
            .with("REQUEST_METHOD", "POST")
            .with("CONTENT_LENGTH", Integer.toString(length));
    started = executable.start();
    OutputStream stdin = started.getOutputStream();
    stdin.write(new byte[length]);
    stdin.flush();

    assertThat(executable.finish().exit()).isZero();
  }

  @Test
  void c03_shortInputIsTheClientsFault() throws Exception {
    Executable.Result result =
        app("count").with("REQUEST_METHOD", "POST").with("CONTENT_LENGTH", "6").run("hello");

    assertThat(result.head()).first().isEqualTo("Status: 400 Bad Request");
    assertThat(result.stderr())
        .isEqualTo(
            "postern: 400 for Environ[POST \"/cgi-bin/app\"]: request body must have 6 bytes: 5"
                + " came\n");
    assertThat(result.exit()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"</dev/null", "<&-", "<&- 2>&-"})
  void c03_inputThatIsEmptyOrClosedIsTheClientsFault(String redirections) throws Exception {
    Executable.Result result =
        app("count")
            .with("REQUEST_METHOD", "POST")
            .with("CONTENT_LENGTH", "64")
            .redirected(redirections)
            .run("");

    assertThat(result.head()).first().isEqualTo("Status: 400 Bad Request");
    assertThat(result.exit()).isEqualTo(1);
    if (!redirections.contains("2>")) {
      assertThat(result.stderr()).endsWith("request body must have 64 bytes: 0 came\n");
    }
  }

  @Test
  void c03_inputMayBeAFile() throws Exception {
    Path body = Files.writeString(directory.resolve("body"), "hello, and more");

    Executable.Result result =
        app("count")
            .with("REQUEST_METHOD", "POST")
            .with("CONTENT_LENGTH", "5")
            .redirected("<'" + body + "'")
            .run("");

    assertThat(result.body()).isEqualTo("5:hello");
  }

  @Test
  void c26_closedOutputFailsTheRequest() throws Exception {
    Executable.Result result = app("hello").redirected(">&-").run("");

    assertThat(result.output()).isEmpty();
    assertThat(result.exit()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"2>&-", "<&- 2>&-"})
  void c27_closedErrorsAreWrittenNowhere(String redirections) throws Exception {
    Executable.Result result = app("opening").redirected(redirections).run("");

    assertOk(result);
    assertThat(result.body()).isEqualTo("kept");
  }

  @Test
  void c04_answerByAnExceptionIsAWholeResponse() throws Exception {
    Executable.Result result = app("thrown").run("");

    assertThat(result.head()).startsWith("Status: 404 Not Found").contains("X-Why: none");
    assertThat(result.body()).isEqualTo("404 Not Found\n");
    assertThat(result.stderr()).contains("no such page").doesNotContain("\tat ");
    assertThat(result.exit()).isZero();
  }

  @Test
  void c04_unsupportedMethodIsRefusedByTheApplication() throws Exception {
    Executable.Result result = app("refusing").with("REQUEST_METHOD", "PATCH").run("");

    assertThat(result.head()).startsWith("Status: 405 Method Not Allowed").contains("Allow: GET");
    assertThat(result.exit()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"G T", "GET\t", "(GET)", "G\u00e9T"})
  void c04_methodThatIsNoTokenIsRefused(String method) throws Exception {
    Executable.Result result = app("refusing").with("REQUEST_METHOD", method).run("");

    assertThat(result.head()).first().isEqualTo("Status: 400 Bad Request");
    assertThat(result.exit()).isEqualTo(1);
  }

  @Test
  void c05_requestWithoutABodyReadsNothing() throws Exception {
    Executable executable = app("count");
    started = executable.start();
    started.getOutputStream().write('x');
    started.getOutputStream().flush();

    assertThat(executable.finish().body()).isEqualTo("0:");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"abc", "-1", "+5", "1e3", "12345678901234567890", " 5", "5 ", "5,5", "0x5", "5\n"})
  void c06_badContentLengthIsRefusedWithoutReading(String length) throws Exception {
    Executable executable =
        app("count").with("REQUEST_METHOD", "POST").with("CONTENT_LENGTH", length);
    started = executable.start();

    Executable.Result result = executable.finish();

    assertThat(result.head()).first().isEqualTo("Status: 400 Bad Request");
    assertThat(result.exit()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"''", "0"})
  void c06_emptyContentLengthIsAnEmptyBody(String length) throws Exception {
    Executable executable =
        app("count").with("REQUEST_METHOD", "POST").with("CONTENT_LENGTH", length);
    started = executable.start();

    assertThat(executable.finish().body()).isEqualTo("0:");
  }

  @Test
  void c06_contentTypeReachesTheApplication() throws Exception {
    assertThat(seen(app("environ").with("CONTENT_TYPE", "a/b;c=\"d\"")))
        .contains("CONTENT_TYPE=a/b;c=\"d\"");
  }

  @Test
  void c06_emptyVariablesAreAbsent() throws Exception {
    Executable empty =
        app("environ")
            .with("AUTH_TYPE", "")
            .with("CONTENT_LENGTH", "")
            .with("CONTENT_TYPE", "")
            .with("REMOTE_USER", "")
            .with("QUERY_STRING", "");

    assertThat(seen(empty))
        .contains("QUERY_STRING=")
        .noneMatch(entry -> entry.matches("(AUTH_TYPE|CONTENT_.*|REMOTE_USER)="));
  }

  @Test
  void c07_headHasNoBodyAndTheBodyIsClosed() throws Exception {
    Executable.Result result = app("endless").with("REQUEST_METHOD", "HEAD").run("");

    assertOk(result);
    assertThat(result.body()).isEmpty();
    assertThat(result.stderr()).containsOnlyOnce("body closed");
  }

  @Test
  void c08_serverProtocolReachesTheApplication() throws Exception {
    assertThat(seen(app("environ").with("SERVER_PROTOCOL", "HTTP/2.0")))
        .contains("SERVER_PROTOCOL=HTTP/2.0");
  }

  @Test
  void c09_argumentsNeverReachTheApplication() throws Exception {
    assertThat(seen(app("environ").argument("-s").argument("secret").with("QUERY_STRING", "a+b")))
        .contains("QUERY_STRING=a+b")
        .noneMatch(entry -> entry.contains("secret") || entry.contains("-s"));
  }

  @Test
  void c10_outputIsParsedNeverComplete() throws Exception {
    Executable.Result result = app("hello").with("SCRIPT_NAME", "/cgi-bin/nph-app").run("");

    assertThat(result.output()).startsWith("Status: 200 OK\r\n");
  }

  @Test
  void c11_applicationThatStartsNothingIsAnError() throws Exception {
    Executable.Result result = app("nostart").run("");

    assertThat(result.head())
        .containsExactly(
            "Status: 500 Internal Server Error",
            "Content-Type: text/plain;charset=utf-8",
            "Content-Length: 26");
    assertThat(result.body()).isEqualTo("500 Internal Server Error\n");
    assertThat(result.stderr()).contains("IllegalStateException");
    assertThat(result.exit()).isEqualTo(1);
  }

  @Test
  void c11_withoutARequestMethodItAnswersAPerson() throws Exception {
    Executable.Result result = app("environ").without("REQUEST_METHOD").run("");

    assertOk(result);
    assertThat(result.body()).contains("REQUEST_METHOD=GET\0").contains("PATH_INFO=/\0");
    assertThat(result.stderr()).contains("no REQUEST_METHOD");
  }

  @Test
  void c12_bodyThatComesShortIsCutAndTold() throws Exception {
    Executable.Result result = app("short").run("");

    assertThat(result.exit()).isEqualTo(1);
    assertThat(result.head()).first().isEqualTo("Status: 500 Internal Server Error");
  }

  @Test
  void c12_failureAfterTheCommitIsCutAndTold() throws Exception {
    Executable.Result result = app("failing").run("");

    assertThat(result.output()).startsWith("Status: 200 OK\r\n").endsWith("\r\n\r\nhalf");
    assertThat(result.exit()).isEqualTo(1);
  }

  @Test
  void c13_documentHasAContentType() throws Exception {
    assertThat(app("untyped").run("").head())
        .containsExactly(
            "Status: 200 OK", "Content-Type: application/octet-stream", "Content-Length: 5");
  }

  @Test
  void c13_noDocumentNeedsNoContentType() throws Exception {
    assertThat(app("nothing").run("").head()).containsExactly("Status: 204 No Content", "X-A: b");
  }

  @Test
  void c17_pageOfAnErrorKeepsTheErrorsStatus() throws Exception {
    assertThat(app("hello").with("REDIRECT_STATUS", "404").run("").head())
        .containsExactly("Content-Type: text/plain; charset=utf-8", "Content-Length: 6");
  }

  @ParameterizedTest
  @CsvSource({
    "hello, 200, 200 OK",
    "hello, '', 200 OK",
    "hello, CGI, 200 OK",
    "hello, 4o4, 200 OK",
    "hello, 604, 200 OK",
    "thrown, 410, 404 Not Found",
    "nothing, 404, 204 No Content",
    "placed, 404, 200 OK",
  })
  void c17_statusComesFirstWhereItIsNoErrorsPage(String app, String redirect, String status)
      throws Exception {
    assertThat(app(app).with("REDIRECT_STATUS", redirect).run("").head())
        .first()
        .isEqualTo("Status: " + status);
  }

  @ParameterizedTest
  @CsvSource({
    "c14, local, /x",
    "c15, client, http://example.com/x",
    "c19, network, //example.com/x"
  })
  void c14_c15_c16_c19_redirectIsAlwaysTheClients(String row, String app, String location)
      throws Exception {
    assertThat(app(app).run("").head())
        .containsExactly(
            "Status: 302 Found", "Location: " + location, "X-More: 1", "Content-Length: 0");
  }

  @Test
  void c17_c18_c22_statusComesFirstThenTypeThenTheRestInOrder() throws Exception {
    assertThat(app("fields").run("").head())
        .containsExactly(
            "Status: 200 OK",
            "Content-Type: text/html; charset=ISO-8859-15",
            "X-First: 1",
            "Set-Cookie: a=b",
            "X-CGI-Private: p",
            "Set-Cookie: c=d",
            "Content-Length: 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"splitting", "hop"})
  void c17_c21_headersThatBreakTheResponseAreErrors(String app) throws Exception {
    Executable.Result result = app(app).run("");

    assertThat(result.head()).first().isEqualTo("Status: 500 Internal Server Error");
    assertThat(result.output()).doesNotContain("X-C").doesNotContain("keep-alive");
    assertThat(result.exit()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "200, 200 OK",
    "599, 599",
    "199, 500 Internal Server Error",
    "600, 500 Internal Server Error"
  })
  void c20_statusHasThreeDigits(String status, String line) throws Exception {
    assertThat(app("status").with("QUERY_STRING", status).run("").head().get(0).trim())
        .isEqualTo("Status: " + line);
  }

  @Test
  void c23_oddPathsReachTheApplicationAsTheyAre() throws Exception {
    assertThat(seen(app("environ").with("PATH_INFO", "/a//b/../c/./d")))
        .contains("PATH_INFO=/a//b/../c/./d");
  }

  @Test
  void c24_bodyOverTheLimitIsRefusedBeforeItIsRead() throws Exception {
    byte[] large = new byte[5_000_000];
    String refused = "Status: 413 Content Too Large\r\n";
    Executable executable =
        app("count")
            .argument("--max-body")
            .argument("4")
            .with("REQUEST_METHOD", "POST")
            .with("CONTENT_LENGTH", Integer.toString(large.length));
    started = executable.start();

    assertThat(started.getInputStream().readNBytes(refused.length()))
        .asString(StandardCharsets.ISO_8859_1)
        .isEqualTo(refused);
    // Some servers lose the response of a program that does not take the body.
    started.getOutputStream().write(large);
    started.getOutputStream().close();
    assertThat(executable.finish().exit()).isEqualTo(1);
  }

  @Test
  void c25_environmentIsExactToTheByte() throws Exception {
    StringBuilder all = new StringBuilder("/");
    for (char c = 1; c <= 0xFF; c++) {
      all.append(c);
    }

    assertThat(
            seen(
                app("environ")
                    .with("PATH_INFO", "/caf\u00e9/\u00ff")
                    .with("HTTP_X_ALL", all.toString())
                    .with("HTTP_X_UTF8", "\u00e2\u0082\u00ac")
                    .with("EMPTY", "")
                    .with("EQUALS", "a=b=c")))
        .contains("PATH_INFO=/caf\u00e9/\u00ff", "HTTP_X_ALL=" + all)
        .contains("HTTP_X_UTF8=\u00e2\u0082\u00ac", "EMPTY=", "EQUALS=a=b=c");
  }

  @Test
  void c26_vanishedReaderEndsTheBodyAndTheProcess() throws Exception {
    Executable executable = app("endless");
    started = executable.start();
    InputStream out = started.getInputStream();
    assertThat(out.readNBytes(10)).hasSize(10);

    out.close();

    assertThat(executable.exit()).isEqualTo(1);
    assertThat(executable.stderr()).containsOnlyOnce("body closed");
  }

  @Test
  void c27_nothingButTheResponseIsOnStandardOutput() throws Exception {
    Executable.Result result = app("noisy").run("");

    assertOk(result);
    assertThat(result.body()).isEqualTo("one\ntwo\n");
    assertThat(result.stderr())
        .contains("noise on System.out", "noise of a logger", "noise in the body")
        .contains("noise in close");
  }

  @Test
  void c28_includedIsHttp10() throws Exception {
    assertThat(seen(app("environ").with("SERVER_PROTOCOL", "INCLUDED")))
        .contains("SERVER_PROTOCOL=HTTP/1.0");
  }

  @Test
  void c29_httpProxyReachesNobody() throws Exception {
    assertThat(seen(app("environ").with("HTTP_PROXY", "http://attacker.invalid:1/")))
        .noneMatch(entry -> entry.contains("attacker") || entry.startsWith("HTTP_PROXY"))
        .contains("property.http.proxyHost=null", "property.https.proxyHost=null");
  }

  @Test
  void flags_sayWhatAnExecutableIs() throws Exception {
    assertThat(seen(app("environ").with("HTTPS", "ON")))
        .contains("postern.run_once=true", "postern.multiprocess=true")
        .contains("postern.multithread=false", "postern.url_scheme=https");
  }

  private Executable app(String name) {
    return new Executable(directory, locale, name);
  }

  private static List<String> seen(Executable environ) throws Exception {
    Executable.Result result = environ.run("");
    assertOk(result);
    return List.of(result.body().split("\0"));
  }

  private static void assertOk(Executable.Result result) {
    assertThat(result.head()).as(result.stderr()).first().isEqualTo("Status: 200 OK");
    assertThat(result.exit()).isZero();
  }

  private static String readUntil(InputStream in, String end) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf("\r\n\r\n") < 0 || !read.toString().endsWith(end)) {
      int b = in.read();
      assertThat(b).as(read.toString()).isNotNegative();
      read.append((char) b);
    }
    return read.toString();
  }
}

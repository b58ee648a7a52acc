package dev.postern.cgi.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.Isolation;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Init parameters: what each does, and what stops the servlet from starting. */
@EnabledOnOs(OS.LINUX)
class CgiServletParametersTest {
  private static final String HELLO = "printf 'Content-Type: text/plain\\n\\n'\n";

  @TempDir Path webApplication;

  @BeforeEach
  void makeDirectory() throws IOException {
    Files.createDirectories(webApplication.resolve("WEB-INF/cgi"));
  }

  private Path program(String name, String text) throws IOException {
    Path file = Files.writeString(webApplication.resolve("WEB-INF/cgi").resolve(name), text);
    // As Tomcat unpacks it.
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    return file;
  }

  private static Map<String, String> parameters(String... pairs) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      parameters.put(pairs[i], pairs[i + 1]);
    }
    return parameters;
  }

  private Application programs(String... pairs) throws ServletException {
    return new CgiServlet().application(new FakeConfig(webApplication, parameters(pairs)));
  }

  private static TestResponse answer(Application application, TestRequest request) {
    return InMemoryGateway.builder(application).scriptName("/app/cgi-bin").build().run(request);
  }

  private TestResponse answer(TestRequest request, String... pairs) throws ServletException {
    return answer(programs(pairs), request);
  }

  @Test
  void executable_runsAllFiles_withItsArguments() throws Exception {
    program("p", HELLO + "echo \"$- $0 $#\"");

    TestResponse response =
        answer(TestRequest.get("/p"), "executable", "/bin/sh", "executable-arg-1", "-f");

    assertThat(response.text()).startsWith("f").contains(webApplication + "/WEB-INF/cgi/p 0");
  }

  @Test
  void executable_isFoundInTheSystemsDirectories() throws Exception {
    program("p", HELLO + "echo yes");
    assertThat(answer(TestRequest.get("/p"), "executable", "sh").text()).isEqualTo("yes\n");
  }

  @Test
  void executable_thatIsEmpty_letsProgramsRunThemselves() throws Exception {
    Path file = program("p", "#!/bin/sh\n" + HELLO + "echo self");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
    assertThat(answer(TestRequest.get("/p"), "executable", "").text()).isEqualTo("self\n");
  }

  @Test
  void interpreter_isThatOfTheExtension() throws Exception {
    program("p.x", HELLO + "echo sh");
    program("p.y", "ignored");

    Application programs = programs("interpreter.x", "sh", "interpreter.y", "/bin/cat /dev/null");

    assertThat(answer(programs, TestRequest.get("/p.x")).text()).isEqualTo("sh\n");
    // cat shows its files, which is no header block.
    assertThat(answer(programs, TestRequest.get("/p.y")).status()).isEqualTo(502);
    // No execute bit, and nothing that runs it.
    program("p.z", HELLO);
    assertThat(answer(programs, TestRequest.get("/p.z")).status()).isEqualTo(403);
  }

  @Test
  void variables_areThoseOfCgiServlet() throws Exception {
    Path file = program("p", HELLO + "env");

    List<String> lines =
        answer(
                TestRequest.get("/p/a/b"),
                "executable",
                "sh",
                "environment-variable-COLOUR",
                "green")
            .text()
            .lines()
            .toList();

    assertThat(lines)
        .contains(
            "COLOUR=green",
            "X_TOMCAT_SCRIPT_PATH=" + file,
            "SCRIPT_FILENAME=" + file,
            "SCRIPT_NAME=/app/cgi-bin/p",
            "PATH_INFO=/a/b",
            "PATH_TRANSLATED=" + webApplication + "/a/b")
        .doesNotContain("HOME=" + System.getenv("HOME"));
  }

  @Test
  void headers_areThoseThatTheExpressionMatches() throws Exception {
    program("p", HELLO + "env");
    TestRequest request =
        TestRequest.get("/p")
            .withHeader("Accept-Language", "de")
            .withHeader("X-Other", "1")
            .withHeader("Proxy", "http://h/")
            .withHeader("Authorization", "Basic eDp5");

    String standard = answer(request, "executable", "sh").text();
    String all = answer(request, "executable", "sh", "envHttpHeaders", ".*").text();
    String some = answer(request, "executable", "sh", "envHttpHeaders", "X-O.*").text();
    String authorized = answer(request, "executable", "sh", "passAuthorization", "true").text();

    assertThat(standard)
        .contains("HTTP_ACCEPT_LANGUAGE=de")
        .doesNotContain("HTTP_X_OTHER", "HTTP_AUTHORIZATION");
    assertThat(all)
        .contains("HTTP_ACCEPT_LANGUAGE=de", "HTTP_X_OTHER=1", "HTTP_AUTHORIZATION=Basic eDp5")
        .doesNotContain("HTTP_PROXY");
    assertThat(some).contains("HTTP_X_OTHER=1").doesNotContain("HTTP_ACCEPT_LANGUAGE");
    assertThat(authorized).contains("HTTP_AUTHORIZATION=Basic eDp5").doesNotContain("HTTP_X_OTHER");
  }

  @Test
  void shellEnvironment_isPassedWhereAsked() throws Exception {
    program("p", HELLO + "env");
    assertThat(System.getenv()).containsKey("HOME");

    assertThat(
            answer(TestRequest.get("/p"), "executable", "sh", "passShellEnvironment", "true")
                .text())
        .contains("HOME=" + System.getenv("HOME"));
  }

  @Test
  void methods_areGetAndPostUnlessGiven() throws Exception {
    program("p", HELLO + "echo $REQUEST_METHOD");
    TestRequest put = TestRequest.of("PUT", "/p");

    TestResponse refused = answer(put, "executable", "sh");

    assertThat(refused.status()).isEqualTo(405);
    assertThat(refused.header("Allow")).isEqualTo("GET, POST, HEAD");
    assertThat(answer(put, "executable", "sh", "cgiMethods", "*").text()).isEqualTo("PUT\n");
    assertThat(answer(put, "executable", "sh", "cgiMethods", "GET, PUT").text()).isEqualTo("PUT\n");
  }

  @Test
  void head_isServedWithGet() throws Exception {
    program("p", HELLO + "echo $REQUEST_METHOD >&2");
    TestRequest head = TestRequest.of("HEAD", "/p");

    assertThat(answer(head, "executable", "sh").status()).isEqualTo(200);
    assertThat(answer(head, "executable", "sh", "cgiMethods", "GET, PUT").status()).isEqualTo(200);
    assertThat(answer(head, "executable", "sh", "cgiMethods", "POST").status()).isEqualTo(405);
  }

  /** The group of workers ends with the servlet. */
  @Test
  void workers_areOfTheServlet() throws Exception {
    program("p.pl", "print \"Content-Type: text/plain\\n\\n$$\";\n");
    Application programs =
        programs(
            "executable",
            "perl",
            "workers",
            "scripts",
            "workers.spares",
            "0",
            "workers.maximumRequests",
            "100",
            "delegate",
            "/*.pl");
    try {
      assertThat(answer(programs, TestRequest.get("/p.pl")).text()).matches("\\d+");
    } finally {
      ((AutoCloseable) programs).close();
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("postern-worker"));
  }

  @Test
  void directory_isOutsideOfTheWebApplication(@TempDir Path outside) throws Exception {
    Files.writeString(outside.resolve("p"), HELLO + "echo out");
    FakeConfig packed =
        new FakeConfig(null, parameters("executable", "sh", "directory", outside.toString()));

    assertThat(answer(new CgiServlet().application(packed), TestRequest.get("/p")).text())
        .isEqualTo("out\n");
  }

  @Test
  void webApplication_thatIsNotUnpacked_saysSo() {
    assertThatThrownBy(() -> new CgiServlet().application(new FakeConfig(null, parameters())))
        .isInstanceOf(ServletException.class)
        .hasMessageContaining("web application must be unpacked")
        .hasMessageContaining("unpackWARs")
        .hasMessageContaining("directory");
  }

  @Test
  void directory_thatIsNotThere_isNamed() {
    assertThatThrownBy(() -> programs("executable", "sh", "cgiPathPrefix", "cgi-none"))
        .isInstanceOf(ServletException.class)
        .hasMessageContaining("directory of programs must be there")
        .hasMessageContaining("cgi-none");
  }

  /** Is told of each run. */
  public static final class Listener implements Consumer<CgiRun> {
    static final List<String> RUNS = new CopyOnWriteArrayList<>();

    @Override
    public void accept(CgiRun run) {
      RUNS.add(run.program().getFileName() + " " + run.status());
    }
  }

  /** Answers local redirects. */
  public static final class Redirects implements Application {
    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      startResponse.start(200, dev.postern.Headers.of("Content-Type", "text/plain"));
      return Body.of("redirected to " + environ.pathInfo());
    }
  }

  /** Counts how often it is closed. */
  public static final class Closing implements Application, Consumer<CgiRun>, AutoCloseable {
    static final AtomicInteger CLOSED = new AtomicInteger();

    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      throw new IllegalStateException("must not be called");
    }

    @Override
    public void accept(CgiRun run) {}

    @Override
    public void close() {
      CLOSED.incrementAndGet();
    }
  }

  @Test
  void objectsOfNamedClasses_areClosed_alsoIfTheServletDoesNotStart() throws Exception {
    Closing.CLOSED.set(0);
    String name = Closing.class.getName();
    AutoCloseable programs =
        (AutoCloseable) programs("executable", "sh", "localRedirects", name, "onRun", name);
    assertThat(Closing.CLOSED).hasValue(0);
    programs.close();
    assertThat(Closing.CLOSED).hasValue(2);
    assertThatThrownBy(() -> programs("localRedirects", name, "onRun", name, "headerTimeot", "3"))
        .isInstanceOf(ServletException.class);
    assertThat(Closing.CLOSED).hasValue(4);
    assertThatThrownBy(() -> programs("directory", "/no/such", "localRedirects", name))
        .isInstanceOf(ServletException.class);
    assertThat(Closing.CLOSED).hasValue(5);
  }

  @Test
  void options_ofTheBuilders_areParameters(@TempDir Path start) throws Exception {
    program("p.cgi", HELLO + "pwd; echo $TENANT; echo $FILE");
    program("r.cgi", "printf 'Location: /there\\n\\n'");
    program("q.cgi", HELLO);
    Application programs =
        programs(
            "executable",
            "sh",
            "workingDirectory",
            start.toString(),
            "index",
            "p.cgi",
            "allow",
            "p.cgi, r.cgi",
            "passVariable",
            "TENANT",
            "fileVariable",
            "FILE",
            "localRedirects",
            Redirects.class.getName(),
            "onRun",
            Listener.class.getName(),
            "maxBody",
            "1K",
            "headerTimeout",
            "20",
            "idleTimeout",
            "90 s",
            "totalTimeout",
            "2m",
            "afterOutput",
            "500ms",
            "maxProcesses",
            "3",
            "queue",
            "1",
            "programLimit",
            "2",
            "followLinks",
            "if-owner-matches",
            "isolation.openFiles",
            "64",
            "requireLevel",
            "L0");

    assertThat(answer(programs, TestRequest.get("/")).text())
        .isEqualTo(start + "\n\n" + webApplication + "/WEB-INF/cgi/p.cgi\n");
    assertThat(answer(programs, TestRequest.get("/r.cgi")).text())
        .isEqualTo("redirected to /there");
    assertThat(answer(programs, TestRequest.get("/q.cgi")).status()).isEqualTo(404);
    assertThat(
            answer(programs, TestRequest.post("/p.cgi", "text/plain", "x".repeat(1025))).status())
        .isEqualTo(413);
    assertThat(Listener.RUNS).contains("p.cgi 200", "r.cgi 302");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "headerTimeot | 3 | init parameter must be one that there is: \"headerTimeot\"",
        "application | org.example.A | init parameter must be one that there is: \"application\"",
        "headerTimeout | soon | headerTimeout must be a time above 0, in seconds or with ms, s, m or h: \"soon\"",
        "idleTimeout | 0 | idleTimeout must be a time above 0",
        "totalTimeout | -1 | totalTimeout must be a time above 0",
        "maxBody | 1T | maxBody must be a number of bytes, or one with K, M or G: \"1T\"",
        "maxProcesses | 0 | maxProcesses must be a number, at least 1: \"0\"",
        "queue | 3 | queue must be given together with maxProcesses",
        "strictExit | yes | strictExit must be true or false: \"yes\"",
        "enableCmdLineArguments | true | a query string never becomes a command line [R6]",
        "cmdLineArgumentsEncoded | [a-z]* | cmdLineArgumentsEncoded must be left out",
        "cmdLineArgumentsDecoded | [a-z]* | cmdLineArgumentsDecoded must be left out",
        "parameterEncoding | utf-9 | parameterEncoding must be a charset: \"utf-9\"",
        "parameterEncoding | ? | parameterEncoding must be a charset: \"?\"",
        "envHttpHeaders | [ | envHttpHeaders must be a regular expression",
        "executable | no-such-thing | executable must be an absolute path, or the name of a program",
        "executable-arg-2 | x | executable-arg-2 must be numbered from 1 without a gap",
        "interpreter.x | '' | interpreter.x must be an absolute path",
        "interpreter.a/b | sh | interpreter.a/b must be allowed: extension must start with a dot",
        "environment-variable-PATH_INFO | x | environment-variable-PATH_INFO must be allowed",
        "environment-variable-A-B | x | environment-variable-A-B must be allowed",
        "cgiMethods | , | cgiMethods must be a list",
        "stderrTimeout | 2s | stderrTimeout must be a number, at least 0: \"2s\"",
        "cgiPathPrefix | ../.. | cgiPathPrefix must be a path in the web application",
        "directory | cgi | directory must be an absolute path: \"cgi\"",
        "documentRoot | www | documentRoot must be an absolute path: \"www\"",
        "index | a/b | index must be allowed: index must be a file name",
        "followLinks | all | followLinks must be one of NO, INSIDE, IF_OWNER_MATCHES: \"all\"",
        "requireLevel | L9 | requireLevel must be one of",
        "requireLevel | L4 | isolation must be at least L4",
        "root | /no/such | root must be allowed",
        "passVariable | HTTP_X | passVariable must be allowed",
        "localRedirects | java.lang.String | localRedirects must name an Application",
        "onRun | no.Such | onRun must name a Consumer of CgiRun",
        "workers.servers | 3 | workers.* must be given together with workers",
        "delegate | /** | delegate must be given together with workers",
        "workers | a b | workers must be allowed: name of a worker group must be letters",
        "isolation.memory | much | isolation.memory must be a number of bytes",
        "isolation.user | no-such-user | isolation.",
      })
  void wrongParameter_stopsTheStart_withItsName(String name, String value, String message) {
    assertThatThrownBy(() -> programs(name, value))
        .isInstanceOf(ServletException.class)
        .hasMessageContaining(message);
  }

  @Test
  void unknownParameter_isToldAllNamesThatThereAre() {
    assertThatThrownBy(() -> programs("wacth", "false"))
        .hasMessageContaining("\"wacth\"; there are ")
        .hasMessageContainingAll(
            ", watch", ", deadline", ", executor", ", variable.*", "headerTimeout")
        .hasMessageNotContaining("application");
  }

  @ParameterizedTest
  @CsvSource({
    "directory, /tmp, cgiPathPrefix, x",
    "stderrTimeout, 5, afterOutput, 5",
    "executable, '', executable-arg-1, x",
    "warm, true, workers, scripts"
  })
  void contradiction_stopsTheStart(String one, String value, String other, String otherValue) {
    assertThatThrownBy(() -> programs(one, value, other, otherValue))
        .isInstanceOf(ServletException.class)
        .hasMessageContaining("must not be given");
  }

  @Test
  void whatCgiServletTakes_isTaken() throws Exception {
    program("p", HELLO);
    assertThat(
            answer(
                    TestRequest.get("/p"),
                    "executable",
                    "/bin/sh",
                    "cgiPathPrefix",
                    "/WEB-INF/cgi/",
                    "debug",
                    "0",
                    "parameterEncoding",
                    "UTF-8",
                    "stderrTimeout",
                    "2000",
                    "enableCmdLineArguments",
                    "false",
                    "watch",
                    "false")
                .status())
        .isEqualTo(200);
  }

  /** docs/cgi-servlet.md has each option of the builders, and each parameter that there is. */
  @Test
  void page_hasEachOption() throws Exception {
    Set<String> options = new TreeSet<>();
    for (Class<?> builder = CgiDirectory.Builder.class;
        builder != null && builder != Object.class;
        builder = builder.getSuperclass()) {
      addOptions(options, "", builder);
    }
    addOptions(options, "isolation.", Isolation.Builder.class);
    String page = Files.readString(Path.of("../docs/cgi-servlet.md"));
    assertThat(found(page, "(?m)^\\|.*\\| `([A-Za-z.]+)\\(")).isEqualTo(options);

    Set<String> known =
        ServletPrograms.known(new FakeConfig(webApplication, parameters("executable", "sh")));
    Set<String> described = found(page, "(?m)^\\| `([A-Za-z.*-]+)`");
    assertThat(described).containsAll(known);
    described.removeAll(known);
    assertThat(described).containsExactlyInAnyOrder("watch", "deadline", "executor", "variable.*");
  }

  private static void addOptions(Set<String> options, String prefix, Class<?> builder) {
    for (Method method : builder.getDeclaredMethods()) {
      if (Modifier.isPublic(method.getModifiers()) && !method.getName().equals("build")) {
        options.add(prefix + method.getName());
      }
    }
  }

  private static Set<String> found(String text, String regex) {
    Set<String> found = new TreeSet<>();
    Matcher matcher = Pattern.compile(regex).matcher(text);
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }
}

package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** {@code postern demo} as a process: all that its page promises. */
class DemoTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern REFERENCE =
      Pattern.compile(" (?:href|src|data-src|data-url)=\"([^\"]*)\"");

  /**
   * Of the demo that those tests share which leave it as it was, or push what no other looks at.
   */
  @TempDir static Path sharedDirectory;

  private static final List<Path> SHORT = new ArrayList<>();

  private static Child sharedChild;
  private static String sharedAddress;

  @TempDir Path directory;
  private final HttpClient client = HttpClient.newHttpClient();
  private Child child;

  @AfterAll
  static void endShared() throws Exception {
    if (sharedChild != null) {
      sharedChild.terminate();
      sharedChild.exit();
      sharedChild = null;
    }
    removeShort();
  }

  static void removeShort() throws IOException {
    for (Path real : SHORT) {
      MoreFiles.deleteRecursively(real, RecursiveDeleteOption.ALLOW_INSECURE);
    }
    SHORT.clear();
  }

  @AfterEach
  void end() {
    if (child != null) {
      child.close();
    }
  }

  @Test
  void page_everyLinkAnswers() throws Exception {
    String address = sharedDemo();
    Set<String> references = references(get(address + "/"));

    assertThat(references)
        .contains("/app/hello?a=1", "/cgi/app/hello?a=1", "/cgi-bin/machine.sh")
        .allMatch(path -> path.startsWith("/"), "is of this server");
    for (String path : references) {
      int expected = path.endsWith("/broken.sh") && path.startsWith("/cgi-bin") ? 502 : 200;
      assertThat(status(address + path)).as(path).isEqualTo(expected);
    }
  }

  @Test
  void page_otherPaths_are404() throws Exception {
    String address = sharedDemo();
    for (String path : List.of("/nowhere", "/demo", "/demo/page.html", "/source/page.html")) {
      assertThat(status(address + path)).as(path).isEqualTo(404);
    }
  }

  @Test
  void inspector_saysHowItIsDeployed() throws Exception {
    String address = sharedDemo();
    String servlet = get(address + "/app/some/path?q");
    String executable = get(address + "/cgi/app/some/path?q");

    assertThat(servlet).contains("servlet: ", "PATH_INFO: /some/path\n", "postern.run_once: false");
    assertThat(executable)
        .contains("CGI executable: ", "PATH_INFO: /some/path\n", "postern.run_once: true");
    assertThat(process(servlet)).isEqualTo(sharedChild.pid()).isNotEqualTo(process(executable));
    assertThat(get(address + "/app/%3Cscript%3E", "text/html"))
        .contains("&lt;script&gt;")
        .doesNotContain("<script>");
  }

  @Test
  void commands_workAsCopied() throws Exception {
    Path curl = require("curl");
    String address = sharedDemo();
    Matcher commands = Pattern.compile("data-copy=\"curl ([^\"]+)\"").matcher(get(address + "/"));
    int found = 0;
    while (commands.find()) {
      String shown = commands.group(1);
      Process process =
          new ProcessBuilder("/bin/sh", "-c", curl + " -s " + shown)
              .redirectErrorStream(true)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(output)
          .as(shown)
          .containsPattern(shown.contains("broken") ? "^HTTP/1.1 502 " : "^GET /[a-z/]+/hello\n");
      found++;
    }
    assertThat(found).isEqualTo(7);
  }

  @Test
  void executables_sayWhatTheyAre_andTheirTrueAge() throws Exception {
    String address = sharedDemo();

    assertThat(get(address + "/fcgi/app/x")).contains("FastCGI server: ");
    assertThat(get(address + "/cgi/app/x")).contains("CGI executable: ");
    assertThat(get(address + "/installed/app/x")).contains("CGI executable: ");
    String first = get(address + "/warm/app/x");
    assertThat(first).contains("CGI executable: ");
    if (Files.isExecutable(Path.of("/usr/bin/perl"))) {
      // While its server begins, an executable answers by itself.
      long start = System.nanoTime();
      while (!first.contains("warm CGI executable: ")) {
        assertThat(System.nanoTime() - start).isLessThan(PATIENCE.toNanos());
        first = get(address + "/warm/app/x");
      }
      String second = get(address + "/warm/app/x");
      assertThat(second).contains("warm CGI executable: ");
      assertThat(process(second)).isEqualTo(process(first));
    }
    long begun = System.nanoTime();
    String text = get(address + "/cgi/app/x");
    long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    Matcher age = Pattern.compile("started ([0-9]+) ms ago").matcher(text);
    assertThat(age.find()).isTrue();
    assertThat(Long.parseLong(age.group(1))).isBetween(10L, took + 20);
  }

  @Test
  void sameProgram_twice_answersTheSame() throws Exception {
    String address = sharedDemo();
    Pattern process = Pattern.compile("process [0-9]+");
    String spawned = get(address + "/java/spawned?a=1");
    assertThat(spawned).contains("static counter says 1", "QUERY_STRING is \"a=1\"");
    for (int i = 0; i < 3; i++) {
      String inside = get(address + "/java/inside?a=1");
      assertThat(process.matcher(inside).replaceAll(""))
          .isEqualTo(process.matcher(spawned).replaceAll(""));
      assertThat(inside).contains("in process " + sharedChild.pid());
    }
    require("perl");
    Pattern changing = Pattern.compile("\"(process|time)\" : [^,\n]*");
    String cold = changing.matcher(get(address + "/perl/cold/words.pl")).replaceAll("");
    assertThat(cold).contains("\"modules\"");
    for (int i = 0; i < 4; i++) {
      assertThat(changing.matcher(get(address + "/perl/warm/words.pl")).replaceAll(""))
          .isEqualTo(cold);
    }
  }

  @Test
  void broken_isToldWithItsDiagnosis() throws Exception {
    String address = sharedDemo();
    assertThat(status(address + "/cgi-bin/broken.sh")).isEqualTo(502);
    assertThat(get(address + "/demo/diagnosis"))
        .contains("status   502", "Connecting to the database", "cannot open orders.db", "exit 1");
    assertThat(get(address + "/status/json")).contains("broken.sh");
  }

  @Test
  void git_cloneAndPush_work() throws Exception {
    Path git = require("git");
    String address = sharedDemo();
    String page = get(address + "/");
    assertThat(page).contains("<code>git clone " + address + "/git/demo.git</code>");

    git(git, directory, "clone", "-q", address + "/git/demo.git", "work");
    Path work = directory.resolve("work");
    byte[] large = new byte[3 << 20];
    new Random(1).nextBytes(large);
    Files.write(work.resolve("large"), large);
    git(git, work, "add", "large");
    git(git, work, "commit", "-q", "-m", "Add <something> large");
    git(git, work, "push", "-q", "origin", "HEAD");
    git(git, directory, "clone", "-q", address + "/git/demo.git", "again");

    assertThat(directory.resolve("again/large")).hasBinaryContent(large);
    assertThat(get(address + "/cgi-bin/log.sh"))
        .contains("Add &lt;something&gt; large", "Open the gate");
  }

  @Test
  void missingPrograms_areSaidOnTheirCards() throws Exception {
    String address = demo(Map.of("PATH", directory.toString()), "--port", "0");
    String page = get(address + "/");

    assertThat(page)
        .contains("perl is not on this machine&#39;s PATH.")
        .contains("python3 is not on this machine&#39;s PATH.")
        .contains("git is not on this machine&#39;s PATH.");
    assertThat(references(page)).noneMatch(path -> path.matches(".*(\\.pl|\\.py|git|log\\.sh).*"));
    for (String path : references(page)) {
      int expected = path.endsWith("/broken.sh") && path.startsWith("/cgi-bin") ? 502 : 200;
      assertThat(status(address + path)).as(path).isEqualTo(expected);
    }
  }

  @Test
  void sigterm_leavesNothingBehind() throws Exception {
    String address = demo(Map.of(), "--port", "0");
    assertThat(status(address + "/cgi-bin/machine.sh")).isEqualTo(200);
    long warm = process(get(address + "/warm/app/x"));
    assertThat(temporary()).isNotEmpty();
    child.terminate();
    assertThat(child.exit()).as(child.errors()).isZero();
    assertThat(temporary()).isEmpty();
    assertThat(ProcessHandle.of(warm).filter(ProcessHandle::isAlive)).isEmpty();
    assertThat(child.errors().lines().filter(line -> !isRootWarning(line))).isEmpty();
  }

  @Test
  void port8080Taken_isAnotherPort() throws Exception {
    try (ServerSocket ours = take(8080)) {
      String address = demo(Map.of());
      assertThat(address).startsWith("http://localhost:").doesNotEndWith(":8080");
      assertThat(status(address + "/")).isEqualTo(200);
      assertThat(ours == null || ours.isBound()).isTrue();
    }
  }

  @Test
  void givenPortTaken_isOneLineAndExit1() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      Path temporary = Files.createDirectory(directory.resolve("tmp"));
      child =
          Child.startJava(
              directory,
              Map.of(),
              "-Djava.io.tmpdir=" + temporary,
              Main.class.getName(),
              "demo",
              "--port",
              Integer.toString(taken.getLocalPort()));
      assertThat(child.rest()).isEmpty();
      assertThat(child.exit()).isEqualTo(1);
      assertThat(child.errors().lines().filter(line -> !isRootWarning(line)))
          .singleElement()
          .asString()
          .startsWith("postern: cannot listen on ");
      assertThat(temporary()).isEmpty();
    }
  }

  /** Ruling R16: as root there is one warning. */
  private static boolean isRootWarning(String line) {
    return line.startsWith("postern: WARNING: ") && line.contains("run as root");
  }

  /** Null when somebody else has it, which is as good. */
  private static ServerSocket take(int port) throws IOException {
    try {
      return new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"));
    } catch (java.net.BindException e) {
      return null;
    }
  }

  private static String sharedDemo() throws Exception {
    if (sharedChild == null) {
      sharedChild = start(sharedDirectory, Map.of(), "--port", "0");
      sharedAddress = sharedChild.address();
    }
    return sharedAddress;
  }

  private String demo(Map<String, String> environment, String... options) throws Exception {
    child = start(directory, environment, options);
    return child.address();
  }

  private static Child start(Path directory, Map<String, String> environment, String... options)
      throws IOException {
    List<String> args = new ArrayList<>();
    args.add("-Djava.io.tmpdir=" + shortDirectory(directory));
    args.add(Main.class.getName());
    args.add("demo");
    args.addAll(List.of(options));
    return Child.startJava(directory, environment, args.toArray(new String[0]));
  }

  /** Sockets have short paths alone, which those of temporary directories of tests are not. */
  static Path shortDirectory(Path directory) throws IOException {
    String name = Integer.toString(new Random().nextInt(1_000_000), Character.MAX_RADIX);
    Path real = Files.createDirectory(Path.of(System.getProperty("java.io.tmpdir"), "p" + name));
    SHORT.add(real);
    return Files.createSymbolicLink(directory.resolve("tmp"), real);
  }

  private List<Path> temporary() throws IOException {
    try (var files = Files.list(directory.resolve("tmp"))) {
      return files.filter(file -> !file.getFileName().toString().startsWith("hsperfdata")).toList();
    }
  }

  private static Set<String> references(String page) {
    Set<String> references = new TreeSet<>();
    Matcher matcher = REFERENCE.matcher(page);
    while (matcher.find()) {
      references.add(matcher.group(1).replace("&amp;", "&"));
    }
    return references;
  }

  private static long process(String text) {
    Matcher matcher = Pattern.compile("Process: ([0-9]+),").matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return Long.parseLong(matcher.group(1));
  }

  private String get(String url) throws Exception {
    return get(url, "*/*");
  }

  private String get(String url, String accept) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE).header("Accept", accept).build();
    return client.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8)).body();
  }

  /** Leaves a streamed body early. */
  private int status(String url) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE).build();
    HttpResponse<InputStream> response =
        client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    response.body().close();
    return response.statusCode();
  }

  private void git(Path git, Path work, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(git.toString()));
    command.addAll(List.of("-c", "user.name=Test", "-c", "user.email=test@postern.example"));
    command.addAll(List.of(arguments));
    Path output = Files.createTempFile(directory, "git", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(work.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
    builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
    builder.environment().put("GIT_TERMINAL_PROMPT", "0");
    builder.environment().put("HOME", directory.toString());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ended", command).isTrue();
      assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  private static Path require(String program) {
    for (String path : System.getenv("PATH").split(":")) {
      Path file = Path.of(path, program);
      if (Files.isExecutable(file)) {
        return file;
      }
    }
    String message = program + " is not installed";
    if ("1".equals(System.getenv("POSTERN_REQUIRE_ALL"))) {
      throw new AssertionError(message);
    }
    throw new TestAbortedException(message);
  }
}

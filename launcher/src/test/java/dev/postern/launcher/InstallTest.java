package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code postern install} as a process. */
class InstallTest {
  @TempDir Path directory;

  @BeforeEach
  void compile() throws Exception {
    Sources.compile(directory, "Hello", Sources.HELLO);
  }

  @Test
  void install_check_showsTheAnswerAndTheTime() throws Exception {
    Path file = directory.resolve("hello");
    try (Child child =
        Child.start(
            directory,
            Map.of(),
            "install",
            "--classpath",
            ".",
            "--lib",
            "lib",
            "--check",
            "Hello",
            "hello")) {
      assertThat(child.rest())
          .startsWith("Status: 200")
          .contains("Hello from ")
          .containsPattern("\nHello from \npostern: hello answered in [0-9.]+ ms, exit 0\n$");
      assertThat(child.exit()).as(child.errors()).isZero();
    }
    assertThat(answer(file)).startsWith("Status: 200").endsWith("Hello from /x\n");
    assertThat(directory.resolve("lib/run")).doesNotExist();
  }

  @Test
  void install_checkOfAnAnswerInUtf8WithoutALineEnd_showsTheTextAndEndsTheLine() throws Exception {
    Sources.compile(directory, "Hello", Sources.HELLO.replace("\\n", "caf\\u00e9"));
    try (Child child = install("--check", "Hello", "hello")) {
      assertThat(child.rest())
          .contains("\r\n\r\nHello from caf\u00e9\npostern: hello answered in ");
      assertThat(child.exit()).as(child.errors()).isZero();
    }
  }

  @Test
  void install_fieldAndResponder_answer() throws Exception {
    Sources.compile(
        directory,
        "Fields",
        """
        import dev.postern.*;
        public final class Fields implements Responder {
          public static final Responder TWO = environ -> text("two");
          static Response text(String text) {
            return Response.of(200, Headers.of("Content-Type", "text/plain"), Body.of(text));
          }
          public Response respond(Environ environ) {
            return text("itself");
          }
        }
        """);
    for (String name : List.of("Fields", "Fields::TWO")) {
      try (Child child = install(name, "fields")) {
        assertThat(child.exit()).as(child.errors()).isZero();
      }
      assertThat(answer(directory.resolve("fields")))
          .startsWith("Status: 200")
          .endsWith(name.equals("Fields") ? "itself" : "two");
    }
    try (Child child = install("Fields::GONE", "fields")) {
      assertThat(child.exit()).isEqualTo(2);
      assertThat(child.errors())
          .contains("CLASS::FIELD must be public, static, and an Application or a Responder");
    }
  }

  @Test
  void install_warm_writesTheStub() throws Exception {
    try (Child child =
        install("--warm", "--idle", "0.2", "--max-requests", "100", "Hello", "hello")) {
      assertThat(child.rest()).isEmpty();
      assertThat(child.exit()).as(child.errors()).isZero();
    }
    assertThat(answer(directory.resolve("hello"))).endsWith("Hello from /x\n");
    assertThat(directory.resolve("lib/run")).isDirectory();
    awaitIdleServer();
  }

  @Test
  void warm_listsAndStopsServers() throws Exception {
    assertThat(warm("--list", directory.toString())).isEmpty();
    try (Child child = install("--warm", "--keep", "A", "--keep", "B", "Hello", "hello")) {
      assertThat(child.exit()).as(child.errors()).isZero();
    }
    answer(directory.resolve("hello"));
    String line = "[0-9]+ " + System.getProperty("user.name") + " hello-[0-9]+ [0-9]+\n";

    assertThat(warm("--list", "lib")).matches(line);
    assertThat(warm("--stop", "lib")).matches("stopped " + line);
    assertThat(warm("--stop", "lib")).isEmpty();
  }

  private String warm(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("warm"));
    all.addAll(List.of(words));
    try (Child child = Child.start(directory, Map.of(), all.toArray(String[]::new))) {
      String output = child.rest();
      assertThat(child.exit()).as(child.errors()).isZero();
      return output;
    }
  }

  @Test
  void install_warm_takesTheCompilerFromTheEnvironment() throws Exception {
    assertThat(installWarm("")).doesNotContain("compiler");
    assertThat(installWarm("/no/such/cc -O1"))
        .contains("postern: no C compiler made a stub")
        .contains(": /no/such/cc -O1\n");
  }

  /** What is told on the way, by an installation whose stub is Perl. */
  private String installWarm(String compiler) throws Exception {
    String[] words = {"install", "--classpath=.", "--lib=lib", "--warm", "Hello", "hello"};
    try (Child child = Child.start(directory, Map.of("CC", compiler), words)) {
      assertThat(child.exit()).as(child.errors()).isZero();
      assertThat(directory.resolve("hello")).content().startsWith("#!/usr/bin/perl\n");
      return child.errors();
    }
  }

  @Test
  void install_checkThatFails_isExit1() throws Exception {
    Sources.compile(
        directory,
        "Failing",
        Sources.HELLO
            .replace("Hello implements", "Failing implements")
            .replaceFirst("\\{", "{ public Failing() { throw new IllegalStateException(\"x\"); }"));
    try (Child child = install("--check", "Failing", "failing")) {
      assertThat(child.rest()).contains("failing answered in").contains("exit 1");
      assertThat(child.exit()).isEqualTo(1);
      assertThat(child.errors()).contains("failed on GET /");
    }
  }

  /** The first request has started one, which ends by itself. */
  private void awaitIdleServer() throws InterruptedException {
    String run = directory.resolve("lib/run").toString();
    long began = System.nanoTime();
    while (ProcessHandle.allProcesses()
        .flatMap(process -> Stream.of(process.info().arguments().orElse(new String[0])))
        .anyMatch(argument -> argument.startsWith(run))) {
      assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(60));
      Thread.sleep(20);
    }
  }

  private Child install(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("install", "--classpath=.", "--lib=lib"));
    all.addAll(List.of(words));
    return Child.start(directory, Map.of(), all.toArray(String[]::new));
  }

  /** What the executable answers, in the environment that a web server would give it. */
  private static String answer(Path file) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(file.toString());
    builder.environment().clear();
    builder
        .environment()
        .putAll(Map.of("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/x", "PATH", "/usr/bin:/bin"));
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(answer).isZero();
    assertThat(Files.isExecutable(file)).isTrue();
    return answer;
  }
}

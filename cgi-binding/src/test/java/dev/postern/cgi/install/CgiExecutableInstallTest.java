package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.server.JavaProgram;
import dev.postern.cgi.server.OtherJava;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CgiExecutableInstallTest {
  @TempDir Path directory;
  private InstalledProgram program;

  @BeforeEach
  void create() throws IOException {
    program = new InstalledProgram(directory);
  }

  @Test
  void install_writesAnExecutableThatAnswers() throws Exception {
    program.install(program.of(InstallApps.Telling.class));

    assertThat(program.get("/")).isEqualTo("hello\n");
    assertThat(program.get("/once")).isEqualTo("true");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(program.file)))
        .isEqualTo("rwxr-xr-x");
    try (Stream<Path> files = Files.list(installed().get(0))) {
      assertThat(files)
          .allMatch(file -> Files.isReadable(file))
          .extracting(file -> file.getFileName().toString())
          .containsExactlyInAnyOrder("0-classes.jar", "postern.jar", "classes.jsa", "cold");
    }
  }

  @Test
  void closedStreams_areNoFilesOfTheJvm() throws Exception {
    program.install(program.of(InstallApps.Telling.class));
    Map<String, String> post = Map.of("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "64");

    Process withoutInput = program.redirected("<&-", "/size", post);
    assertThat(InstalledProgram.read(withoutInput.getInputStream()))
        .startsWith("Status: 400 Bad Request\r\n");
    assertThat(InstalledProgram.exit(withoutInput)).isEqualTo(1);
    assertThat(program.errors()).endsWith("request body must have 64 bytes: 0 came\n");

    Process withoutOutput = program.redirected(">&-", "/", Map.of());
    assertThat(InstalledProgram.read(withoutOutput.getInputStream())).isEmpty();
    assertThat(InstalledProgram.exit(withoutOutput)).isEqualTo(1);
  }

  /** Its Content-Length is 0, so that only the exit status tells the host that it is whole. */
  @Test
  void errorThatIsAnsweredByARedirect_isDelivered() throws Exception {
    program.install(program.of(InstallApps.Telling.class));

    Process process = program.start("/moved", "", Map.of());
    assertThat(InstalledProgram.read(process.getInputStream()))
        .startsWith("Status: 302 Found\r\n")
        .contains("\r\nContent-Length: 0\r\n");
    assertThat(InstalledProgram.exit(process)).isZero();

    TestResponse response =
        InMemoryGateway.of(CgiDirectory.of(program.file.getParent()))
            .run(TestRequest.get("/app/moved"));
    assertThat(response.status()).isEqualTo(302);
    assertThat(response.headers().get("Location")).isEqualTo("http://localhost/there");
  }

  @Test
  void install_loadsEveryClassFromTheArchive() throws Exception {
    program.install(program.of(InstallApps.Telling.class).jvmOption("-Xlog:class+load:stderr"));

    program.get("/");

    assertThat(program.errors().lines())
        .filteredOn(line -> line.contains(" source: "))
        .anyMatch(line -> line.contains("dev.postern."))
        .allMatch(line -> line.contains("shared objects file"), "from the archive");
  }

  @Test
  void arguments_areIgnored() throws Exception {
    program.install(program.of(InstallApps.Telling.class));

    Process process = program.start("/", "", Map.of(), "-version", "@/etc/passwd", "x");

    assertThat(InstalledProgram.read(process.getInputStream())).endsWith("\r\n\r\nhello\n");
    assertThat(InstalledProgram.exit(process)).isZero();
  }

  @Test
  void check_showsAnswerAndTime() throws Exception {
    program.install(program.of(InstallApps.Telling.class));

    CgiExecutable.Check check = CgiExecutable.check(program.file);

    assertThat(check.passed()).isTrue();
    assertThat(check.output()).startsWith("Status: 200 OK\r\n").endsWith("hello\n");
    assertThat(check.time()).isPositive();
  }

  @ParameterizedTest
  @CsvSource({
    "no.such.Class, class must be on the class path",
    "dev.postern.cgi.install.InstallApps$Other, class must implement dev.postern.Application",
    "dev.postern.cgi.install.InstallApps$Abstract, class must be public and not abstract",
    "dev.postern.cgi.install.InstallApps$Demanding, class must have a public constructor",
  })
  void badClass_isRefusedInOneLine(String name, String message) throws IOException {
    Files.writeString(program.file, "before");

    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                CgiExecutable.builder(name)
                    .classPath(List.of(JavaProgram.source(InstallApps.class)))
                    .library(program.library)
                    .build()
                    .install(program.file))
        .withMessageStartingWith(message)
        .withMessageContaining(name)
        .withMessageNotContaining("\n");
    assertThat(program.file).hasContent("before");
    assertThat(installed()).isEmpty();
  }

  @Test
  void placesThatDoNotDo_areRefusedInOneLine() {
    CgiExecutable.Builder good = program.of(InstallApps.Telling.class);

    assertRefused("bin/java", good.javaHome(directory));
    good.javaHome(Path.of(System.getProperty("java.home")));
    assertRefused("library directory", good.library(directory.resolve("no/such")));
    assertRefused("ASCII", good.library(directory.resolve("caf\u00e9")));
    assertRefused("colon", good.library(directory.resolve("a:b")));
    good.library(program.library);
    assertRefused("class path", good.classPath(List.of(directory.resolve("none.jar"))));
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> good.build().install(directory))
        .withMessageContaining("must not be a directory");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> good.build().install(directory.resolve("none/app")))
        .withMessageContaining("writable");
  }

  @Test
  void applicationThatFailsOnGet_isInstalledWithANote() throws Exception {
    assertThat(program.install(program.of(InstallApps.Failing.class)))
        .first()
        .asString()
        .contains("failed on GET /")
        .contains("no database here")
        .doesNotContain("\n");
    assertThat(CgiExecutable.check(program.file).passed()).isFalse();
  }

  /** The JVM starts with one collector only. */
  @Test
  void collectorOfTheUser_takesThePlaceOfTheUsualOne() throws Exception {
    String option = "-XX:+UseParallelGC";
    assertThat(program.install(program.of(InstallApps.Telling.class).jvmOption(option))).isEmpty();

    assertThat(program.get("/")).isEqualTo("hello\n");
    assertThat(program.errors()).isEmpty();
    assertThat(installed().get(0).resolve("cold")).content().containsOnlyOnce("GC\n");
  }

  @Test
  void optionsWithWhichJavaDoesNotStart_areRefusedInOneLine() throws Exception {
    program.install(program.of(InstallApps.Telling.class));
    List<Path> before = installed();

    assertRefused(
        "java must start with its options: -Xmx1k: ",
        program.of(InstallApps.Telling.class).jvmOption("-Xmx1k"));

    assertThat(installed()).isEqualTo(before);
    assertThat(program.get("/")).isEqualTo("hello\n");
  }

  @Test
  void libraryOutOfReach_isNoted() throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));

    assertThat(program.install(program.of(InstallApps.Telling.class)))
        .anyMatch(note -> note.endsWith("may not reach the library directory: " + directory));
  }

  @Test
  void oddPaths_areQuoted() throws Exception {
    Path odd = Files.createDirectory(directory.resolve("it's a \"library\" \\ $HOME #1"));
    InstalledProgram other = new InstalledProgram(odd);

    other.install(other.of(InstallApps.Telling.class));

    assertThat(other.get("/")).isEqualTo("hello\n");
  }

  @Test
  void reinstall_neverBreaksARequest() throws Exception {
    program.install(program.of(InstallApps.Telling.class));
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger good = new AtomicInteger();
    Thread client =
        new Thread(
            () -> {
              while (!stop.get()) {
                try {
                  assertThat(program.get("/")).isEqualTo("hello\n");
                  good.incrementAndGet();
                } catch (Throwable e) {
                  good.set(Integer.MIN_VALUE);
                  throw new AssertionError(e);
                }
              }
            });
    client.start();
    for (int i = 0; i < 3; i++) {
      program.install(program.of(InstallApps.Telling.class));
    }
    stop.set(true);
    client.join();

    assertThat(good.get()).isPositive();
    assertThat(installed()).as("this one and the last").hasSize(2);
  }

  @Test
  void spoiltArchive_isHarmlessAndSilent() throws Exception {
    program.install(program.of(InstallApps.Telling.class));
    Path archive = installed().get(0).resolve("classes.jsa");
    byte[] bytes = Files.readAllBytes(archive);

    for (int length : new int[] {0, 100, bytes.length / 2}) {
      Files.write(archive, Arrays.copyOf(bytes, length));
      assertThat(program.get("/")).isEqualTo("hello\n");
      assertThat(program.errors()).isEmpty();
    }
    Files.delete(archive);
    assertThat(program.get("/")).isEqualTo("hello\n");
    assertThat(program.errors()).isEmpty();
  }

  @Test
  void archiveOfAnotherJava_isHarmlessAndSilent() throws Exception {
    Path other = OtherJava.require();
    program.install(program.of(InstallApps.Telling.class).javaHome(other));
    assertThat(program.get("/")).isEqualTo("hello\n");
    String text = Files.readString(program.file);
    String mine = System.getProperty("java.home") + "/bin/java";

    Files.writeString(program.file, text.replaceFirst(other + "/bin/java", mine));

    assertThat(program.get("/")).isEqualTo("hello\n");
    assertThat(program.errors()).isEmpty();
  }

  private void assertRefused(String part, CgiExecutable.Builder builder) {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> builder.build().install(program.file))
        .withMessageContaining(part)
        .withMessageNotContaining("\n");
  }

  private List<Path> installed() throws IOException {
    if (!Files.exists(program.library)) {
      return List.of();
    }
    try (Stream<Path> directories = Files.list(program.library)) {
      return directories.filter(path -> !path.endsWith("run")).sorted().toList();
    }
  }
}

package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.cgi.JavaProgram.State;
import dev.postern.cgi.javaprograms.Exits;
import dev.postern.cgi.javaprograms.Hangs;
import dev.postern.cgi.javaprograms.Leaves;
import dev.postern.cgi.javaprograms.Libraries;
import dev.postern.cgi.javaprograms.Opens;
import dev.postern.cgi.javaprograms.Statics;
import dev.postern.cgi.javaprograms.Surroundings;
import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a Java program inside the server may get wrong, and what comes of it. */
class JavaProgramTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  @TempDir Path directory;

  // ---- what is no program ----

  @Test
  void file_thatIsNoJar_is500() throws IOException {
    Path file = Files.writeString(directory.resolve("p.jar"), "no jar");

    Call call = Call.get("/").to(CgiApplication.of(JavaProgram.of(file)));

    assertThat(call.status).isEqualTo(500);
    assertThat(call.rule()).isEqualTo("not-a-program");
  }

  @Test
  void classWithoutMain_is500() {
    Call call = Call.get("/").to(app(JavaProgramFixture.inside(Exits.class).build()));

    assertThat(call.rule()).isEqualTo("not-a-program");
    assertThat(call.failure()).hasMessageContaining("must have a main method");
  }

  @Test
  void classThatIsNotThere_is500() {
    JavaProgram program =
        JavaProgram.builder(List.of(JavaProgramFixture.classes()), "no.Such").build();

    Call call = Call.get("/").to(app(program));

    assertThat(call.rule()).isEqualTo("not-a-program");
  }

  @Test
  void classFileOfTomorrow_is500() throws IOException {
    Path classes = Files.createDirectory(directory.resolve("classes"));
    byte[] bytes =
        Files.readAllBytes(
            JavaProgramFixture.classes()
                .resolve(Exits.InTryFinally.class.getName().replace('.', '/') + ".class"));
    bytes[6] = 1;
    Files.write(classes.resolve("Tomorrow.class"), bytes);

    Call call = Call.get("/").to(app(JavaProgram.builder(List.of(classes), "Tomorrow").build()));

    assertThat(call.status).isEqualTo(500);
    assertThat(call.rule()).isEqualTo("not-a-program");
  }

  @Test
  void missingFile_is500() {
    Call call = Call.get("/").to(CgiApplication.of(JavaProgram.of(directory.resolve("none.jar"))));

    assertThat(call.status).isEqualTo(500);
    assertThat(call.rule()).isEqualTo("no-program");
  }

  @Test
  void source_isCompiledOnce_andAgainWhenItChanges() throws IOException {
    Path source = directory.resolve("Page.java");
    Files.writeString(source, page("one"));
    JavaProgram program = JavaProgram.of(source);
    CgiApplication app = CgiApplication.of(program);

    assertThat(Call.get("/").to(app).body()).isEqualTo("one");
    Files.writeString(source, page("other"));
    assertThat(program.check()).isNotEmpty();
    assertThat(Call.get("/").to(app).body()).isEqualTo("other");
  }

  /** As {@code java page.java} does. */
  @Test
  void source_runsItsFirstClass_andSeesNoClassOfTheServer() throws IOException {
    Path source = directory.resolve("page.java");
    String code = page("first").replace("public class Page", "class Zulu extends Base");
    code += " class Base {} " + page("second").replace("public class Page", "class Alpha");
    Files.writeString(source, code);
    CgiApplication app = CgiApplication.of(JavaProgram.of(source));
    assertThat(Call.get("/").to(app).body()).isEqualTo("first");

    Files.writeString(source, code + " class Sees { dev.postern.Body body; }");
    assertThat(Call.get("/").to(app).rule()).isEqualTo("not-a-program");
  }

  @Test
  void brokenVersion_is500_untilItIsMended() throws IOException {
    Path source = Files.writeString(directory.resolve("Page.java"), page("one"));
    CgiApplication app = CgiApplication.of(JavaProgram.of(source));
    assertThat(Call.get("/").to(app).body()).isEqualTo("one");

    Files.writeString(source, "public class Page {");
    for (int i = 0; i < 2; i++) {
      assertThat(Call.get("/").to(app).rule()).isEqualTo("not-a-program");
    }

    Files.writeString(source, page("other"));
    assertThat(Call.get("/").to(app).body()).isEqualTo("other");
  }

  private static String page(String text) {
    return "public class Page { static int count; public static void main(String[] a) {"
        + " System.out.print(\"Content-Type: text/plain\\n\\n"
        + text
        + "\"); } }";
  }

  @Test
  void sourceThatDoesNotCompile_is500() throws IOException {
    Path source = Files.writeString(directory.resolve("Page.java"), "public class Page {");

    Call call = Call.get("/").to(CgiApplication.of(JavaProgram.of(source)));

    assertThat(call.rule()).isEqualTo("not-a-program");
    assertThat(call.body()).doesNotContain("Page.java");
  }

  @Test
  void directory_runsItsJavaFilesInside() throws IOException {
    Files.writeString(directory.resolve("Page.java"), page("inside"));
    List<CgiRun> runs = new CopyOnWriteArrayList<>();
    try (CgiDirectory app =
        CgiDirectory.builder(directory).java(".jar").java(".java").onRun(runs::add).build()) {
      assertThat(Call.get("/Page.java/x").to(app).body()).isEqualTo("inside");
      assertThat(runs.get(0).start()).isEqualTo("inside");
      assertThat(Call.get("/Other.java").to(app).status).isEqualTo(404);
      assertThat(app.isolationLevel()).isEqualTo(IsolationLevel.NONE);
    }
    assertThatThrownBy(
            () ->
                CgiDirectory.builder(directory)
                    .java(".jar")
                    .requireLevel(IsolationLevel.L0)
                    .build())
        .hasMessageContaining("[isolation]");
  }

  @Test
  void exitWithTheStatusOfASignal_countsAsOne() {
    List<CgiRun> runs = new CopyOnWriteArrayList<>();
    try (JavaProgram program = JavaProgramFixture.inside(Exits.AsIfKilled.class).build()) {
      Call call = Call.get("/").to(CgiApplication.builder(program).onRun(runs::add).build());

      // Told before the head went out, or cut after it: never a whole answer of the program.
      assertThat(call.status == 502 || !call.outcome.complete()).isTrue();
      assertThat(runs.get(0).exit()).isEqualTo("signal 9");
      assertThat(runs.get(0).rule()).isEqualTo("bad-exit");
    }
  }

  @Test
  void slowHook_isAwaited() {
    try (JavaProgram program = JavaProgramFixture.inside(Exits.WithSlowHook.class).build()) {
      assertThat(Call.get("/").to(app(program)).body()).isEqualTo("hook\n");
    }
  }

  // ---- what does not end ----

  @ParameterizedTest
  @ValueSource(
      classes = {
        Hangs.InLoop.class,
        Hangs.InSleepForEver.class,
        Hangs.CatchesAll.class,
        Hangs.ForLock.class,
        Hangs.InInitializers.class,
        Hangs.InRead.class
      })
  void hangingProgram_isStopped_andTheNextRequestIsRight(Class<?> hanging) {
    List<CgiRun> runs = new CopyOnWriteArrayList<>();
    try (JavaProgram program =
        JavaProgramFixture.inside(hanging).stopGrace(Duration.ofSeconds(20)).build()) {
      CgiApplication app =
          CgiApplication.builder(program).headerTimeout(SHORT).onRun(runs::add).build();

      Call hung = Call.get("/").to(app);
      assertThat(hung.status).isEqualTo(504);
      assertThat(hung.rule()).isEqualTo("program-timeout");
      assertThat(runs.get(0).exit()).isEqualTo("stopped");
      assertThat(runs.get(0).limits()).contains("term");
      assertThat(program.report().abandoned()).isZero();

      assertThat(Call.get("/").with("QUERY_STRING", "go").to(app).body()).isEqualTo("went");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "url",
        "method reference",
        "content",
        "connection",
        "https",
        "factory",
        "tls",
        "asynchronous"
      })
  void programThatWaitsForASilentServer_isStopped(String how) throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        JavaProgram program =
            JavaProgramFixture.inside(Opens.WaitsForServer.class)
                .stopGrace(Duration.ofSeconds(20))
                .build()) {
      CgiApplication app =
          CgiApplication.builder(program)
              .environment("PORT", Integer.toString(silent.getLocalPort()))
              .headerTimeout(Duration.ofSeconds(1))
              .build();

      Call hung = Call.get("/").with("QUERY_STRING", how).to(app);
      assertThat(hung.rule()).as(hung.log()).isEqualTo("program-timeout");
      assertThat(program.report().discarded()).doesNotContainKey("abandoned");
      assertThat(Call.get("/").with("QUERY_STRING", "go").to(app).body()).isEqualTo("went");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"wait", "loop"})
  void exitThatTheJdkHasSwallowed_endsTheProgram(String query) {
    try (JavaProgram program = JavaProgramFixture.inside(Hangs.AfterSwallowedExit.class).build()) {
      for (int i = 0; i < 2; i++) {
        Call call = Call.get("/").with("QUERY_STRING", query).to(app(program));
        assertThat(call.body()).as(call.log()).isEqualTo("left");
        assertThat(program.report().abandoned()).isZero();
      }
    }
  }

  @Test
  void filesToDelete_areDeleted_alsoWhenTheProgramIsStopped() throws IOException {
    try (JavaProgram program = JavaProgramFixture.inside(Hangs.WithFileToDelete.class).build()) {
      Call call =
          Call.get("/")
              .to(
                  CgiApplication.builder(program)
                      .workingDirectory(directory)
                      .totalTimeout(SHORT)
                      .build());
      assertThat(call.body()).as(call.log()).isEqualTo("true");
    }
    assertThat(directory).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void programStuckInTheSystem_isAbandoned_andTooManyAre503(boolean silent) throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Closeable writer = silent ? new RandomAccessFile(fifo.toFile(), "rw") : null;
    JavaProgram program =
        JavaProgramFixture.inside(Hangs.InPipe.class).stopGrace(SHORT).abandonedLimit(1).build();
    List<CgiRun> runs = new CopyOnWriteArrayList<>();
    CgiApplication app =
        CgiApplication.builder(program)
            .workingDirectory(directory)
            .headerTimeout(SHORT)
            .onRun(runs::add)
            .build();

    assertThat(Call.get("/").to(app).status).isEqualTo(504);
    assertThat(runs.get(0).exit()).isEqualTo("abandoned");
    assertThat(program.report().abandoned()).isEqualTo(1);

    Call refused = Call.get("/").with("QUERY_STRING", "go").to(app);
    assertThat(refused.status).isEqualTo(503);
    assertThat(refused.rule()).isEqualTo("abandoned-limit");
    assertThat(refused.headers.get("Retry-After")).isNotNull();

    // Its other end lets it go: it ends, and so does the refusal.
    (silent ? writer : Files.newOutputStream(fifo)).close();
    while (program.report().abandoned() > 0) {
      Thread.onSpinWait();
    }
    assertThat(Call.get("/").with("QUERY_STRING", "go").to(app).body()).isEqualTo("went");
  }

  @Test
  void clientGone_stopsTheProgram() {
    List<CgiRun> runs = new CopyOnWriteArrayList<>();
    try (JavaProgram program = JavaProgramFixture.inside(Hangs.WritesForEver.class).build()) {
      CgiApplication app = CgiApplication.builder(program).onRun(runs::add).build();
      Call call = Call.get("/");
      call.discard = true;
      call.goneAfter = 1_000_000;
      call.to(app);

      assertThat(runs.get(0).exit()).isEqualTo("stopped");
      assertThat(program.report().busy()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {Hangs.OutOfMemory.class, Hangs.OutOfStack.class})
  void programThatExhaustsTheJvm_hasFailed_andTheNextRequestIsRight(Class<?> greedy) {
    try (JavaProgram program = JavaProgramFixture.inside(greedy).build()) {
      CgiApplication app = app(program);

      Call call = Call.get("/").to(app);
      assertThat(call.status).isEqualTo(502);
      assertThat(call.log()).contains(greedy.getName());
      assertThat(program.report().discarded()).containsKey("error");

      assertThat(Call.get("/").with("QUERY_STRING", "go").to(app).body()).isEqualTo("went");
    }
  }

  // ---- options ----

  @Test
  void setterForAllOfTheJvm_isRefused() {
    try (JavaProgram program = JavaProgramFixture.inside(Hangs.SetsForAll.class).build()) {
      assertThat(Call.get("/").to(app(program)).body())
          .contains(
              "java.net.Authenticator.setDefault must not be called",
              "java.net.HttpURLConnection.setFollowRedirects must",
              "java.net.URLConnection.setDefaultUseCaches must",
              "javax.naming.spi.NamingManager.setObjectFactoryBuilder must",
              "java.rmi.server.RMISocketFactory.setFailureHandler must",
              "javax.imageio.ImageIO.setCacheDirectory must",
              "java.net.CookieHandler.setDefault must",
              "java.net.ProxySelector.setDefault must")
          .endsWith("[jvm-wide]\n")
          .doesNotContain("set\n");
      assertThat(program.report().findings())
          .contains("refused: java.net.Authenticator.setDefault");
    }
  }

  @Test
  void logWriterOfJdbc_isRefused() {
    try (JavaProgram program = JavaProgramFixture.inside(Hangs.SetsLogWriter.class).build()) {
      assertThat(Call.get("/").to(app(program)).body())
          .contains("java.sql.DriverManager.setLogWriter must not be called");
    }
    assertThat(DriverManager.getLogWriter()).isNull();
  }

  @Test
  void kept_keepsStatics() {
    try (JavaProgram program =
        JavaProgramFixture.inside(Statics.Counts.class).state(State.KEPT).build()) {
      CgiApplication app = app(program);

      assertThat(Call.get("/").to(app).body()).startsWith("1 1");
      assertThat(Call.get("/").to(app).body()).startsWith("2 2");
    }
  }

  @Test
  void kept_givesChildrenTheEnvironmentOfTheirRequest() {
    try (JavaProgram program =
        JavaProgramFixture.inside(Surroundings.KeepsBuilder.class).state(State.KEPT).build()) {
      for (String query : List.of("first", "second")) {
        Call call = Call.get("/").with("QUERY_STRING", query).to(app(program));
        assertThat(call.body()).isEqualTo(query + "\n");
      }
    }
  }

  @Test
  void kept_keepsLoggersAndDrivers() {
    try (JavaProgram logs = JavaProgramFixture.inside(Leaves.Logs.class).state(State.KEPT).build();
        JavaProgram database =
            JavaProgramFixture.inside(Libraries.WithDatabase.class).state(State.KEPT).build()) {
      for (String query : List.of("first", "second")) {
        Call call = Call.get("/").with("QUERY_STRING", query).to(app(logs));
        assertThat(call.log()).contains("logged " + query);
        call = Call.get("/").with("QUERY_STRING", query).to(app(database));
        assertThat(call.body()).as(call.log()).isEqualTo(query + " 6\n");
      }
    }
  }

  @Test
  void maxRequests_givesUpAnInstance() {
    try (JavaProgram program =
        JavaProgramFixture.inside(Statics.Counts.class).state(State.KEPT).maxRequests(1).build()) {
      CgiApplication app = app(program);

      assertThat(Call.get("/").to(app).body()).startsWith("1 1");
      assertThat(Call.get("/").to(app).body()).startsWith("1 1");
      assertThat(program.report().discarded()).containsEntry("requests", 2L);
    }
  }

  @Test
  void close_endsIdleInstances() {
    JavaProgram program = JavaProgramFixture.inside(Statics.Counts.class).build();
    Call.get("/").to(app(program));
    assertThat(program.report().idle()).isEqualTo(1);

    program.close();
    program.close();

    assertThat(program.report().idle()).isZero();
  }

  @Test
  void isolation_isNone() {
    JavaProgram program = JavaProgramFixture.inside(Statics.Counts.class).build();

    assertThat(app(program).isolationLevel()).isEqualTo(IsolationLevel.NONE);
    assertThatThrownBy(() -> CgiApplication.builder(program).isolation(Isolation.builder().build()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("[isolation]");
    assertThatThrownBy(
            () -> CgiApplication.builder(program).requireLevel(IsolationLevel.L0).build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("[isolation]");
  }

  @Test
  void check_tellsWithoutRunning() throws IOException {
    List<String> lines = JavaProgramFixture.inside(Hangs.SetsForAll.class).build().check();

    assertThat(lines)
        .contains(
            "redirected: java.lang.System.exit",
            "redirected: java.lang.System.getenv",
            "refused: java.net.Authenticator.setDefault");
  }

  @Test
  void options_areChecked() {
    JavaProgram.Builder builder = JavaProgramFixture.inside(Statics.Counts.class);

    assertThatThrownBy(() -> builder.instances(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.maxRequests(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.abandonedLimit(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.idle(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> JavaProgram.builder(List.of(), "X"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static CgiApplication app(JavaProgram program) {
    return CgiApplication.of(program);
  }
}

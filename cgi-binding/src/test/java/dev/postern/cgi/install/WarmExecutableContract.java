package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.postern.cgi.server.Tools;
import dev.postern.process.ProcessTable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a warm executable does, whatever its stub is. An installation takes seconds, so tests share
 * one; each begins without servers and without what they left. A test that needs other options, or
 * changes what is installed, has an installation of its own.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class WarmExecutableContract {
  private static final long SECONDS = 60;

  @TempDir Path directory;
  InstalledProgram program;
  private Path notes;
  private SharedProgram shared;

  @BeforeEach
  void create() throws IOException {
    Tools.require("perl");
    program = new InstalledProgram(directory);
    notes = directory.resolve("notes");
  }

  @AfterEach
  void endServers() throws IOException {
    if (program != null) {
      program.endServers();
    }
    if (shared != null) {
      shared.assertUnchanged();
    }
  }

  @AfterAll
  void removeShared() throws IOException {
    if (shared != null) {
      shared.close();
    }
  }

  @Test
  void firstRequest_isColdAndStartsAServerForTheOthers() throws Exception {
    install();

    String first = program.get("/pid");
    String second = warmPid();

    assertThat(first).isNotEqualTo(second);
    assertThat(program.get("/pid")).isEqualTo(second);
    assertThat(program.get("/once")).isEqualTo("false");
    assertThat(program.servers())
        .extracting(ProcessHandle::pid)
        .containsExactly(Long.valueOf(second));
  }

  @Test
  void state_staysInTheServer() throws Exception {
    install();
    warmPid();

    int before = Integer.parseInt(program.get("/calls"));

    assertThat(program.get("/calls")).isEqualTo(Integer.toString(before + 1));
  }

  @Test
  void concurrentFirstRequests_startOneServer() throws Exception {
    install();
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      processes.add(program.start("/pid", "", Map.of()));
    }
    for (Process process : processes) {
      assertThat(InstalledProgram.read(process.getInputStream())).startsWith("Status: 200 OK");
      assertThat(InstalledProgram.exit(process)).isZero();
    }

    String pid = warmPid();

    assertThat(program.servers()).extracting(ProcessHandle::pid).containsExactly(Long.valueOf(pid));
  }

  @Test
  void requestsAtOnce_areAnsweredByOneServer() throws Exception {
    install();
    String pid = warmPid();
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      processes.add(program.start("/pid", "", Map.of()));
    }
    Set<String> pids = new HashSet<>();
    for (Process process : processes) {
      String output = InstalledProgram.read(process.getInputStream());
      pids.add(output.substring(output.indexOf("\r\n\r\n") + 4));
    }

    assertThat(pids).contains(pid);
    assertThat(program.servers()).hasSize(1);
  }

  @Test
  void socket_isItsUsersAlone() throws Exception {
    install();
    warmPid();

    Path mine = runDirectory();
    assertThat(mode(mine)).isEqualTo("rwx------");
    try (Stream<Path> files = Files.list(mine)) {
      assertThat(files.filter(file -> file.toString().endsWith(".sock")))
          .singleElement()
          .satisfies(socket -> assertThat(mode(socket)).isEqualTo("rw-------"));
    }
  }

  @Test
  void directoryOpenToOthers_isNotTrusted() throws Exception {
    install();
    String pid = warmPid();
    Path mine = runDirectory();
    Files.setPosixFilePermissions(mine, PosixFilePermissions.fromString("rwxrwx---"));

    assertThat(program.get("/pid")).isNotEqualTo(pid);
    assertThat(program.errors())
        .startsWith("postern: there is no warm server")
        .endsWith(mine + " must be a directory of user " + mine.getFileName() + " alone\n");
  }

  @Test
  void killedServer_isReplaced() throws Exception {
    install();
    String pid = warmPid();
    program.endServers();

    assertThat(program.get("/pid")).isNotEqualTo(pid);
    makeOld();
    assertThat(warmPid()).isNotEqualTo(pid);
  }

  @Test
  void stoppedServer_isNotWaitedForLong() throws Exception {
    install();
    String pid = warmPid();
    stop(pid);

    assertThat(program.get("/pid")).isNotEqualTo(pid);
    signal("CONT", pid);
    assertThat(program.get("/pid")).isEqualTo(pid);
  }

  @Test
  void stoppedServer_neverRunsWhatItDidNotTake() throws Exception {
    install();
    String pid = warmPid();
    int before = Integer.parseInt(program.get("/calls"));
    stop(pid);
    assertThat(program.get("/calls")).isEqualTo("1");
    signal("CONT", pid);

    assertThat(program.get("/calls")).isEqualTo(Integer.toString(before + 1));
  }

  @Test
  void serverThatDiesBeforeItsAnswer_isAnErrorAndNothingRunsTwice() throws Exception {
    install();
    warmPid();

    Process process = program.start("/halt", notes.toString(), Map.of());

    assertThat(InstalledProgram.read(process.getInputStream()))
        .startsWith("Status: 500 Internal Server Error\r\n")
        .endsWith("\r\n\r\n500 Internal Server Error\n");
    assertThat(InstalledProgram.exit(process)).isEqualTo(1);
    assertThat(notes).hasContent("called");
    assertThat(program.errors()).contains("warm server ended");
  }

  @Test
  void serverThatDiesInItsAnswer_cutsItAndNothingRunsTwice() throws Exception {
    install();
    warmPid();

    Process process = program.start("/halfway", notes.toString(), Map.of());

    assertThat(InstalledProgram.read(process.getInputStream()))
        .startsWith("Status: 200 OK\r\n")
        .endsWith("\r\n\r\nh");
    assertThat(InstalledProgram.exit(process)).isEqualTo(1);
    assertThat(notes).hasContent("called");
  }

  @Test
  void terminatedStub_endsTheRequest() throws Exception {
    install();
    warmPid();
    Process process = program.start("/silent", notes.toString(), Map.of());
    readUntil(process.getInputStream(), "s\n");

    process.toHandle().destroy();

    assertThat(InstalledProgram.exit(process)).isEqualTo(128 + 15);
    await("the body is closed", () -> Files.exists(notes));
  }

  @Test
  void vanishedReader_endsTheRequest() throws Exception {
    install();
    warmPid();
    Process process = program.start("/endless", notes.toString(), Map.of());
    assertThat(process.getInputStream().readNBytes(10)).hasSize(10);

    process.getInputStream().close();

    assertThat(InstalledProgram.exit(process)).isNotZero();
    await("the body is closed", () -> Files.exists(notes));
  }

  @Test
  void terminatedServer_closesBodies() throws Exception {
    install();
    String pid = warmPid();
    Process process = program.start("/silent", notes.toString(), Map.of());
    readUntil(process.getInputStream(), "s\n");

    signal("TERM", pid);

    assertThat(InstalledProgram.exit(process)).isEqualTo(1);
    await("the body is closed", () -> Files.exists(notes));
    await("the server has ended", () -> program.servers().isEmpty());
  }

  @Test
  void wholeAnswer_doesNotWaitForTheEndOfItsRequest() throws Exception {
    install();
    warmPid();
    Path hook = Files.createDirectory(notes);

    Process process = program.start("/hook", hook.toString(), Map.of());

    readUntil(process.getInputStream(), "\r\n\r\nanswer\n");
    assertThat(hook.resolve("ended")).doesNotExist();
    Files.createFile(hook.resolve("go"));
    assertThat(InstalledProgram.exit(process)).isZero();
  }

  @Test
  void terminatedServer_sendsTheAnswerThatIsWhole() throws Exception {
    install();
    String pid = warmPid();
    Path hook = Files.createDirectory(notes);
    Process process = program.start("/hook", hook.toString(), Map.of());
    await("the hook has begun", () -> Files.exists(hook.resolve("began")));

    signal("TERM", pid);

    assertThat(InstalledProgram.read(process.getInputStream()))
        .startsWith("Status: 200 OK\r\n")
        .endsWith("\r\n\r\nanswer\n");
    await("the server has ended", () -> program.servers().isEmpty());
  }

  @Test
  void body_reachesTheServer() throws Exception {
    install();
    warmPid();
    int before = Integer.parseInt(program.get("/calls"));
    byte[] body = new byte[300_000];

    Process process =
        program.start(
            "/size", "", Map.of("REQUEST_METHOD", "POST", "CONTENT_LENGTH", body.length + ""));
    try (OutputStream in = process.getOutputStream()) {
      in.write(body);
    }

    assertThat(InstalledProgram.read(process.getInputStream())).endsWith("\r\n\r\n300000");
    assertThat(InstalledProgram.exit(process)).isZero();
    assertThat(program.get("/calls")).isEqualTo(Integer.toString(before + 2));
  }

  @Test
  void bodyThatNobodyReads_isTakenToItsEnd() throws Exception {
    install();
    warmPid();
    byte[] body = new byte[70 * 1024 * 1024];

    Process process =
        program.start(
            "/", "", Map.of("REQUEST_METHOD", "POST", "CONTENT_LENGTH", body.length + ""));
    try (OutputStream in = process.getOutputStream()) {
      in.write(body);
    }

    assertThat(InstalledProgram.read(process.getInputStream())).endsWith("hello\n");
    assertThat(InstalledProgram.exit(process)).isZero();
  }

  @Test
  void closedStreams_areNoFilesOfTheStub() throws Exception {
    install();
    String pid = warmPid();

    for (String closed : List.of("<&-", "2>&-", "<&- 2>&-")) {
      assertThat(
              InstalledProgram.read(program.redirected(closed, "/pid", Map.of()).getInputStream()))
          .as(closed)
          .endsWith("\r\n\r\n" + pid);
    }
    for (String closed : List.of(">&-", "<&- >&-", "<&- >&- 2>&-")) {
      Process process = program.redirected(closed, "/pid", Map.of());

      assertThat(InstalledProgram.read(process.getInputStream())).as(closed).isEmpty();
      assertThat(InstalledProgram.exit(process)).as(closed).isEqualTo(1);
    }
  }

  @Test
  void closedInput_isABodyThatIsTooShort() throws Exception {
    install();
    Map<String, String> post = Map.of("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "64");

    for (boolean warm : new boolean[] {false, true}) {
      if (warm) {
        warmPid();
      }
      Process process = program.redirected("<&-", "/size", post);

      assertThat(InstalledProgram.read(process.getInputStream()))
          .as("warm: " + warm)
          .startsWith("Status: 400 Bad Request\r\n");
      assertThat(InstalledProgram.exit(process)).isEqualTo(1);
    }
  }

  @Test
  void environmentThatFillsTheSocket_reachesTheServer() throws Exception {
    install();
    warmPid();
    int before = Integer.parseInt(program.get("/calls"));
    Map<String, String> fillers = new HashMap<>();
    for (int i = 0; i < 6; i++) {
      fillers.put("HTTP_X_FILLER_" + i, "f".repeat(100_000));
    }

    Process process = program.start("/filler", "", fillers);

    assertThat(InstalledProgram.read(process.getInputStream())).endsWith("\r\n\r\n600000");
    assertThat(InstalledProgram.exit(process)).isZero();
    assertThat(program.get("/calls")).isEqualTo(Integer.toString(before + 2));
  }

  @Test
  void outputThatMustNotBeWaitedFor_isWholeAllTheSame() throws Exception {
    install();
    warmPid();
    // O_NONBLOCK of fcntl(2), as an event-driven web server may leave it on its end's other side.
    String nonBlocking = "fcntl(STDOUT, 4, 2048) or die; exec @ARGV";
    Process process =
        program.start(
            List.of("/usr/bin/perl", "-e", nonBlocking, program.file.toString()),
            "/large",
            "",
            Map.of());
    assertThat(process.getInputStream().readNBytes(10)).hasSize(10);
    Thread.sleep(200);

    String rest = InstalledProgram.read(process.getInputStream());

    assertThat(InstalledProgram.exit(process)).isZero();
    assertThat(rest.substring(rest.indexOf("\r\n\r\n") + 4)).isEqualTo("large\n".repeat(200_000));
  }

  @Test
  void answerInSingleBytes_isPutTogether() throws Exception {
    String answer = "re\0\0\0\2w\no\0\0\0\0011x\0\0\0\1\3";
    try (FakeServer server =
        new FakeServer(installWithoutServer(), answer, FakeServer.Manner.BYTE_BY_BYTE)) {
      Process process = program.start("/", "", Map.of());

      assertThat(InstalledProgram.read(process.getInputStream())).isEqualTo("1");
      assertThat(InstalledProgram.exit(process)).isEqualTo(3);
      assertThat(program.errors()).isEqualTo("w\n");
      assertThat(server.requests()).isEqualTo(1);
    }
  }

  @Test
  void serverThatDoesNotTakeTheRequest_isLeftOut() throws Exception {
    Path socket = installWithoutServer();
    for (String answer : List.of("", "R", "o\0\0\0\1x")) {
      try (FakeServer server = new FakeServer(socket, answer, FakeServer.Manner.AT_ONCE)) {
        assertThat(program.get("/")).as(answer).isEqualTo("hello\n");
        assertThat(server.requests()).isEqualTo(1);
      }
    }
  }

  @Test
  void serverThatTakesTheRequestAndNoMore_isAnError() throws Exception {
    Path socket = installWithoutServer();
    for (String answer : List.of("r", "ro\0\0", "re\0\0\0\0")) {
      try (FakeServer server = new FakeServer(socket, answer, FakeServer.Manner.AT_ONCE)) {
        Process process = program.start("/", "", Map.of("REQUEST_METHOD", "HEAD"));

        assertThat(InstalledProgram.read(process.getInputStream()))
            .as(answer)
            .startsWith("Status: 500 Internal Server Error\r\n")
            .endsWith("\r\n\r\n");
        assertThat(InstalledProgram.exit(process)).isEqualTo(1);
        assertThat(program.errors()).contains("warm server ended");
        assertThat(server.requests()).isEqualTo(1);
      }
    }
  }

  @Test
  void errors_reachTheRequestsLog() throws Exception {
    install();
    warmPid();

    assertThat(program.get("/warn")).isEqualTo("warned\n");
    assertThat(program.errors()).isEqualTo("a warning: \u00e9\n");
  }

  @Test
  void server_hasNothingOfTheRequestThatStartedIt() throws Exception {
    program.install(warm().keep("KEPT").keep("NOT_THERE"));
    Path open = Files.writeString(directory.resolve("open"), "of the web server");
    String line = "ulimit -S -t 900 && ulimit -S -n 200 && exec \"$0\" 9<'" + open + "'";
    Map<String, String> more = new HashMap<>();
    for (String name : List.of("HTTP_COOKIE", "REMOTE_USER", "SECRET", "MODPERL_X", "JAVAX")) {
      more.put(name, "secret");
    }
    for (String name : List.of("KEPT", "LC_TIME", "JAVA_X", "TZ", "LANG", "HOME", "USER")) {
      more.put(name, "kept");
    }
    program.start(List.of("/bin/sh", "-c", line, program.file.toString()), "/", "", more).waitFor();
    Path process = Path.of("/proc", warmPid());

    // PWD is the shell's own.
    assertThat(program.get("/getenv").replaceAll("PWD=[^,}]*,? ?", ""))
        .isEqualTo(
            "{HOME=kept, JAVA_X=kept, KEPT=kept, LANG=kept, LC_ALL=C, LC_TIME=kept,"
                + " PATH=/usr/bin:/bin, TZ=kept, USER=kept}");
    assertThat(process.resolve("cwd").toRealPath()).isEqualTo(Path.of("/"));
    assertThat(openFiles(process)).isNotEmpty().doesNotContain(open.toRealPath().toString());
    assertThat(Files.readString(process.resolve("limits")))
        .doesNotContainPattern("Max cpu time +900 ")
        .doesNotContainPattern("Max open files +200 ");
  }

  private static List<String> openFiles(Path process) throws IOException {
    List<String> names = new ArrayList<>();
    try (Stream<Path> links = Files.list(process.resolve("fd"))) {
      for (Path link : links.toList()) {
        // A JVM opens and closes some now and then.
        if (Files.isSymbolicLink(link)) {
          names.add(Files.readSymbolicLink(link).toString());
        }
      }
    }
    return names;
  }

  @Test
  void log_isContinuedAndBounded() throws Exception {
    install();
    warmPid();
    program.endServers();
    makeOld();
    Path log = files(".log").get(0);
    Files.writeString(log, "earlier\n");
    warmPid();
    assertThat(log).content().startsWith("earlier\n");

    assertThat(program.get("/flood")).isEqualTo("flooded\n");

    Path last = log.resolveSibling(log.getFileName() + ".1");
    await("the log has been cut", () -> size(last) > 1024 * 1024 && size(log) < 1024 * 1024);
    assertThat(last).content().startsWith("earlier\n");
    program.get("/flood");
    await("the log has been cut again", () -> size(log) < 1024 * 1024);
  }

  @Test
  void longLog_isSetAsideByTheNextServer() throws Exception {
    Path socket = installWithoutServer();
    Path log = files(".log").get(0);
    Files.writeString(log, "l".repeat(1024 * 1024 + 1));
    makeOld();
    Files.delete(socket);

    warmPid();

    assertThat(size(log)).isLessThan(1024);
    assertThat(size(log.resolveSibling(log.getFileName() + ".1"))).isEqualTo(1024 * 1024 + 1);
  }

  @Test
  void lock_namesTheServer() throws Exception {
    install();

    String pid = warmPid();

    assertThat(files(".lock"))
        .singleElement()
        .asString()
        .satisfies(lock -> assertThat(Path.of(lock)).hasContent(pid));
  }

  @Test
  void lockOfTheFuture_isAnOldOne() throws Exception {
    install();
    String pid = warmPid();
    program.endServers();
    long tomorrow = System.currentTimeMillis() + TimeUnit.DAYS.toMillis(1);
    Files.setLastModifiedTime(files(".lock").get(0), FileTime.fromMillis(tomorrow));

    assertThat(warmPid()).isNotEqualTo(pid);
  }

  @Test
  void warmProcesses_areListedAndStopped() throws Exception {
    install();
    assertThat(WarmProcess.of(program.library)).isEmpty();
    String pid = warmPid();

    WarmProcess server = WarmProcess.of(program.library).get(0);

    assertThat(WarmProcess.of(program.library)).containsExactly(server);
    assertThat(server.pid()).isEqualTo(Long.parseLong(pid));
    assertThat(server.name()).isEqualTo(installed().getFileName().toString());
    assertThat(server.user()).isEqualTo(System.getProperty("user.name"));
    assertThat(WarmProcess.of(directory)).as("another directory").isEmpty();
    assertThat(server.stop(Duration.ofSeconds(SECONDS))).isTrue();
    assertThat(program.servers()).isEmpty();
    assertThat(server.stop(Duration.ofSeconds(SECONDS))).as("it has ended").isTrue();
  }

  @Test
  void warmProcessThatHangs_isNotWaitedForLongerThanTold() throws Exception {
    install();
    stop(warmPid());

    WarmProcess server = WarmProcess.of(program.library).get(0);

    assertThat(server.stop(Duration.ofMillis(1))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "A B", "A=1", "1A", "A-B", "A\n", "\u00c4"})
  void keep_refusesWhatIsNoName(String name) {
    assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> warm().keep(name));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"HTTP_COOKIE", "QUERY_STRING", "REMOTE_USER", "SERVER_NAME", "REDIRECT_STATUS"})
  void keep_refusesWhatARequestSets(String name) {
    assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> warm().keep(name));
  }

  @Test
  void idleServer_endsInOrder() throws Exception {
    program.install(warm().idle(Duration.ofMillis(300)));
    String pid = warmPid();

    await("the server has ended", () -> program.servers().isEmpty());

    assertThat(files(".sock")).isEmpty();
    assertThat(warmPid()).as("the next one starts at once").isNotEqualTo(pid);
  }

  @Test
  void serverEnds_afterItsMaximumOfRequests() throws Exception {
    program.install(warm().maxRequests(3));
    String pid = warmPid();
    for (int i = 0; i < 3; i++) {
      program.get("/");
    }

    await("the server has ended", () -> program.servers().stream().noneMatch(p -> is(p, pid)));

    assertThat(program.get("/")).isEqualTo("hello\n");
  }

  @Test
  void lastRequestThatTakesLong_keepsNoNewServerOut() throws Exception {
    program.install(warm().maxRequests(2));
    String pid = warmPid();
    Process last = program.start("/silent", notes.toString(), Map.of());
    readUntil(last.getInputStream(), "s\n");

    assertThat(warmPid()).isNotEqualTo(pid);

    assertThat(program.servers()).anyMatch(server -> is(server, pid));
    assertThat(last.isAlive()).isTrue();
    last.destroy();
  }

  @Test
  void requestsAtOnce_areNoMoreThanTheMaximum() throws Exception {
    program.install(warm().maxRequests(4));
    String pid = warmPid();
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      processes.add(program.start("/pid", "", Map.of()));
    }
    int warm = 1;
    for (Process process : processes) {
      String output = InstalledProgram.read(process.getInputStream());
      assertThat(output).startsWith("Status: 200 OK");
      warm += output.endsWith("\r\n\r\n" + pid) ? 1 : 0;
    }

    assertThat(warm).isLessThanOrEqualTo(4);
  }

  @Test
  void serverThatCannotStart_isNotTriedAtEachRequest() throws Exception {
    installOwn();
    Path arguments = installed().resolve("warm");
    Files.writeString(arguments, "-XX:NoSuchOption\nNone\n");

    assertThat(program.get("/")).isEqualTo("hello\n");
    await("the server has ended", () -> program.servers().isEmpty());
    Path log = files(".log").get(0);
    await("it has said why", () -> size(log) > 0);
    Files.delete(log);
    assertThat(program.get("/")).isEqualTo("hello\n");

    assertThat(files(".log")).isEmpty();
  }

  @Test
  void serverThatCannotListen_ends() throws Exception {
    program.install(warm().jvmOption("-Dthread=true"));
    warmPid();
    program.endServers();
    Path unnamed = Path.of(files(".lock").get(0).toString().replace(".lock", ".sock.new"));
    Files.createDirectories(unnamed.resolve("in the way"));
    makeOld();

    assertThat(program.get("/")).isEqualTo("hello\n");

    await("it has said why", () -> log().contains("DirectoryNotEmptyException"));
    await("the server has ended", () -> program.servers().isEmpty());
  }

  @Test
  void newInstallation_isNotAnsweredByTheOldServer() throws Exception {
    installOwn();
    String pid = warmPid();

    installOwn();

    assertThat(program.get("/pid")).isNotEqualTo(pid);
    assertThat(warmPid()).isNotEqualTo(pid);
  }

  @Test
  void postern_cold_keepsTheServerOut() throws Exception {
    install();
    assertThat(CgiExecutable.check(program.file).passed()).isTrue();
    assertThat(program.servers()).isEmpty();
    String pid = warmPid();

    assertThat(program.body("/pid", Map.of("POSTERN_COLD", "1"))).isNotEqualTo(pid);
    assertThat(program.body("/pid", Map.of("POSTERN_COLD", "0"))).isEqualTo(pid);
    assertThat(program.body("/pid", Map.of("POSTERN_COLD", ""))).isEqualTo(pid);
  }

  @Test
  void libraryWithUnusualCharacters_isFound() throws Exception {
    program = new InstalledProgram(Files.createDirectory(directory.resolve("%s%n'{run}\\\"$x")));
    installOwn();

    assertThat(program.get("/pid")).isNotEqualTo(warmPid());
  }

  @Test
  void lostStubFile_isAnError() throws Exception {
    installOwn();
    Files.delete(installed().resolve("rest.pl"));

    Process process = program.start("/", "", Map.of());

    assertThat(InstalledProgram.read(process.getInputStream())).isEmpty();
    assertThat(InstalledProgram.exit(process)).isEqualTo(1);
  }

  @Test
  void longLibraryPath_isRefused() throws Exception {
    Path deep = Files.createDirectories(directory.resolve("d".repeat(60)));

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> warm().library(deep).build().install(program.file))
        .withMessageContaining("shorter path");
    assertThat(program.file).doesNotExist();
  }

  /** The command that compiles the stub; empty for Perl alone. */
  abstract List<String> compiler();

  final CgiExecutable.Builder warm() {
    return warm(program);
  }

  private CgiExecutable.Builder warm(InstalledProgram installed) {
    return installed
        .of(InstallApps.Telling.class)
        .warm()
        .idle(Duration.ofSeconds(SECONDS))
        .compiler(compiler())
        // The second compiler would take longer than the few requests of a test.
        .jvmOption("-XX:TieredStopAtLevel=1")
        .jvmOption("-XX:CompileThresholdScaling=3");
  }

  /** The installation with usual options, which tests share and none may change. */
  final void install() throws IOException {
    if (shared == null) {
      shared = SharedProgram.of(this::warm);
    }
    program = shared.fresh();
  }

  /** One with usual options that the test may change. */
  final void installOwn() throws IOException {
    assertThat(program.install(warm())).isEmpty();
  }

  /** Installs, and lets the server be killed: the socket's name is left. */
  final Path installWithoutServer() throws Exception {
    install();
    warmPid();
    program.endServers();
    return files(".sock").get(0);
  }

  /** The server's, as soon as one answers. */
  final String warmPid() throws Exception {
    long began = System.nanoTime();
    while (System.nanoTime() - began < TimeUnit.SECONDS.toNanos(SECONDS)) {
      String pid = program.get("/pid");
      List<ProcessHandle> servers = program.servers();
      if (servers.stream().anyMatch(server -> is(server, pid))) {
        return pid;
      }
      // Each cold request is a JVM, which would take the processors from the server's start.
      await(
          "the server listens, or has ended",
          () -> listens() || servers.stream().noneMatch(ProcessTable::isRunning));
    }
    throw new AssertionError("no server answered: " + log());
  }

  /** Whether a server has made its socket, which may have ended since. */
  private boolean listens() {
    try {
      return !files(".sock").isEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean is(ProcessHandle process, String pid) {
    return Long.toString(process.pid()).equals(pid);
  }

  /** As if the last attempt to start a server was long ago. */
  private void makeOld() throws IOException {
    Files.setLastModifiedTime(files(".lock").get(0), FileTime.fromMillis(0));
  }

  private String log() {
    try {
      List<Path> logs = files(".log");
      return logs.isEmpty() ? "no log" : Files.readString(logs.get(0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Path> files(String ending) throws IOException {
    try (Stream<Path> files = Files.list(runDirectory())) {
      return files.filter(file -> file.toString().endsWith(ending)).toList();
    }
  }

  private Path runDirectory() throws IOException {
    try (Stream<Path> users = Files.list(program.library.resolve("run"))) {
      return users.findFirst().orElseThrow();
    }
  }

  final Path installed() throws IOException {
    try (Stream<Path> directories = Files.list(program.library)) {
      return directories.filter(path -> !path.endsWith("run")).findFirst().orElseThrow();
    }
  }

  static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0;
    }
  }

  /** The kernel stops one thread after the other, and any of them could still take a request. */
  private static void stop(String pid) throws Exception {
    signal("STOP", pid);
    await("all its threads have stopped", () -> isStopped(Path.of("/proc", pid, "task")));
  }

  private static boolean isStopped(Path tasks) {
    try (Stream<Path> threads = Files.list(tasks)) {
      for (Path thread : threads.toList()) {
        String stat = Files.readString(thread.resolve("stat"));
        if (!stat.startsWith(") T", stat.lastIndexOf(')'))) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void signal(String name, String pid) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor()).isZero();
  }

  private static void readUntil(InputStream in, String end) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf("\r\n\r\n") < 0 || !read.toString().endsWith(end)) {
      int b = in.read();
      assertThat(b).as(read.toString()).isNotNegative();
      read.append((char) b);
    }
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long began = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - began).as(what).isLessThan(TimeUnit.SECONDS.toNanos(SECONDS));
      Thread.sleep(10);
    }
  }
}

package dev.postern.cgi;

import static dev.postern.cgi.Awaited.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The servers of a group: when they begin and end, and what a request sees of that. */
class WarmGroupTest {
  private static final String HEAD = "$| = 1; print qq(Content-Type: text/plain\\n\\n);";

  @TempDir Path directory;

  @BeforeAll
  static void requirePerl() {
    Tools.require("perl");
    Tools.require("python3");
    Tools.require("ruby");
  }

  private WarmSite site(UnaryOperator<WorkerGroup.Builder> options) {
    return new WarmSite(directory, options, host -> host);
  }

  private void perl(String name, String... lines) throws IOException {
    Programs.write(directory.resolve(name), "#!/usr/bin/perl\n" + String.join("\n", lines) + "\n");
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isRunning(long pid) {
    return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
  }

  private static void kill(long pid) {
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
  }

  @Test
  void firstRequests_areSpawnedAndSayWhy() throws IOException {
    perl("p.pl", HEAD);
    Programs.sh(directory, "s.sh", "printf 'Content-Type: text/plain\\n\\n'");
    try (WarmSite site = site(group -> group)) {
      site.ask(() -> Call.get("/p.pl"));
      assertThat(site.last().start()).isEqualTo("spawn");
      assertThat(site.last().coldReason()).contains("first time");
      site.fork(() -> Call.get("/p.pl"));
      assertThat(site.last().coldReason()).isEmpty();
      assertThat(site.last()).asString().contains("by fork");
      site.ask(() -> Call.get("/s.sh"));
      assertThat(site.last().coldReason()).contains("no script of Perl, Python or Ruby");
      assertThat(site.changes).extracting(WorkerStatus::state).startsWith("loading", "ready");
    }
  }

  /** A spare that was there has not begun, so that the request is spawned: never a 502. */
  @ParameterizedTest
  @ValueSource(strings = {"pl", "py", "rb"})
  void killedServer_isReplacedAndSpawnedMeanwhile(String language) throws IOException {
    Path runs = Files.createFile(directory.resolve("runs"));
    String name = "p." + language;
    counting(name, runs);
    try (WarmSite site = site(group -> group.learn(false))) {
      site.fork(() -> Call.get("/" + name));
      for (int i = 0; i < 10; i++) {
        long server = site.status(name).pid();
        kill(server);
        await(() -> !isRunning(server));
        int id = i;
        WarmSite.Answer first =
            site.ask(() -> Call.get("/" + name).with("QUERY_STRING", "id" + id));
        assertThat(first.status()).as(first.log()).isEqualTo(200);
        assertThat(first.body()).isEqualTo("ok");
        assertThat(first.complete()).isTrue();
        assertThat(site.last().start()).isEqualTo("spawn");
        assertThat(site.fork(() -> Call.get("/" + name)).body()).isEqualTo("ok");
      }
      assertThat(Files.readAllLines(runs))
          .filteredOn(line -> line.startsWith("id"))
          .hasSize(10)
          .doesNotHaveDuplicates();
    }
  }

  /** A script that counts its runs in a file, and answers. */
  private void counting(String name, Path runs) throws IOException {
    String text =
        switch (name.substring(name.indexOf('.') + 1)) {
          case "pl" ->
              "#!/usr/bin/perl\n"
                  + "open F, '>>', '%s'; syswrite F, \"$ENV{QUERY_STRING}\\n"
                  + "\"; close F;\n"
                  + "print qq(Content-Type: text/plain\\n"
                  + "\\n"
                  + "ok);\n";
          case "py" ->
              "#!/usr/bin/python3\nimport os\nwith open('%s', 'a') as f:\n"
                  + "  f.write(os.environ.get('QUERY_STRING', '') + '\\n')\n"
                  + "print('Content-Type: text/plain\\n\\nok', end='')\n";
          default ->
              "#!/usr/bin/ruby\nFile.open('%s', 'a') { |f| f.puts ENV['QUERY_STRING'] }\n"
                  + "print \"Content-Type: text/plain\\n\\nok\"\n";
        };
    Programs.write(directory.resolve(name), String.format(text, runs));
  }

  private static void signal(String name, long pid) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor())
        .isZero();
  }

  /** A request waits for a child of a server that does not answer any more, and is then killed. */
  @Test
  void serverKilledBeforeItForks_hasItsRequestSpawned() throws Exception {
    Path runs = Files.createFile(directory.resolve("runs"));
    counting("p.pl", runs);
    try (WarmSite site = site(group -> group.learn(false).spares(0))) {
      site.fork(() -> Call.get("/p.pl"));
      long server = site.status("p.pl").pid();
      signal("STOP", server);
      CompletableFuture<WarmSite.Answer> answer =
          CompletableFuture.supplyAsync(
              () -> site.ask(() -> Call.get("/p.pl").with("QUERY_STRING", "id")),
              task -> new Thread(task).start());
      await(() -> site.status("p.pl").requests() >= 2);
      kill(server);
      assertThat(answer.get(60, TimeUnit.SECONDS).body()).isEqualTo("ok");
      assertThat(site.last().start()).isEqualTo("spawn");
      assertThat(lines(runs)).filteredOn("id"::equals).hasSize(1);
    }
  }

  /** A child was given its request, and has not taken it when its server is killed. */
  @Test
  void serverKilledBeforeItsChildBegins_hasItsRequestSpawned() throws Exception {
    Path runs = Files.createFile(directory.resolve("runs"));
    counting("p.pl", runs);
    try (WarmSite site = site(group -> group.learn(false))) {
      site.fork(() -> Call.get("/p.pl"));
      long server = site.status("p.pl").pid();
      await(() -> ProcessHandle.of(server).stream().flatMap(ProcessHandle::children).count() == 1);
      long spare = ProcessHandle.of(server).orElseThrow().children().findFirst().get().pid();
      signal("STOP", spare);
      CompletableFuture<WarmSite.Answer> answer =
          CompletableFuture.supplyAsync(
              () -> site.ask(() -> Call.get("/p.pl").with("QUERY_STRING", "id")),
              task -> new Thread(task).start());
      await(() -> site.status("p.pl").requests() >= 2);
      LockSupport.parkNanos(20_000_000);
      kill(server);
      await(() -> !isRunning(server));
      signal("CONT", spare);
      assertThat(answer.get(60, TimeUnit.SECONDS).body()).isEqualTo("ok");
      assertThat(site.last().start()).isEqualTo("spawn");
      assertThat(lines(runs)).filteredOn("id"::equals).hasSize(1);
    }
  }

  @Test
  void eager_loadsBeforeTheFirstRequest() throws Exception {
    perl("p.pl", HEAD + "print 'ok';");
    perl("other.pl", HEAD);
    Files.writeString(directory.resolve("data.pl"), "no program, as nobody may run it");
    WarmPrograms.awaitWritten();
    try (WarmSite site = site(WorkerGroup.Builder::eager)) {
      await(() -> site.group.status().stream().filter(s -> s.state().equals("ready")).count() == 2);
      assertThat(site.ask(() -> Call.get("/p.pl")).body()).isEqualTo("ok");
      assertThat(site.last().start()).isEqualTo("fork");
    }
  }

  @Test
  void eager_doesNotLoadAProgramThatMustNotRun() throws Exception {
    perl("p.pl", HEAD);
    Path program = directory.resolve("p.pl");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xrwx"));
    try (LogLines log = LogLines.of("dev.postern.cgi");
        WorkerGroup group = WorkerGroup.builder("eager").eager().build();
        CgiApplication app = CgiApplication.builder(program).workers(group).build()) {
      assertThat(log.warnings()).anyMatch(line -> line.contains("must not be world-writable"));
      assertThat(group.status()).isEmpty();
      assertThat(Call.get("/").to(app).rule()).isEqualTo("world-writable");
    }
  }

  @ParameterizedTest
  @EnumSource(WorkerMode.class)
  void scriptOfACommand_isWatchedAsAProgramIs(WorkerMode mode) throws Exception {
    perl("app.pl", HEAD + "print 'old';");
    Path script = directory.resolve("app.pl");
    List<CgiRun> runs = new CopyOnWriteArrayList<>();
    try (WorkerGroup group = WorkerGroup.builder("command").mode(mode).processes(1).build();
        CgiApplication app =
            CgiApplication.builder(List.of(Tools.require("perl"), script.toString()))
                .workers(group)
                .onRun(runs::add)
                .build()) {
      awaitWarm(app, runs, "old");
      assertThat(group.status()).extracting(WorkerStatus::program).containsExactly(script);
      perl("app.pl", HEAD + "print 'newer';");
      assertThat(Call.get("/").to(app).body()).isEqualTo("newer");
      awaitWarm(app, runs, "newer");
      perl("app.pl", "print 1 if;");
      await(
          () -> {
            Call.get("/").to(app);
            WorkerStatus status = group.status().get(0);
            return status.state().equals("cold") && !status.why().isEmpty();
          });
      perl("app.pl", HEAD + "print 'mended';");
      awaitWarm(app, runs, "mended");
    }
  }

  private static void awaitWarm(CgiApplication app, List<CgiRun> runs, String body) {
    await(
        () -> {
          assertThat(Call.get("/").to(app).body()).isEqualTo(body);
          return !runs.get(runs.size() - 1).start().equals("spawn");
        });
  }

  @Test
  void umask_isThatOfTheGroupHoweverAProgramIsStarted() throws Exception {
    perl("p.pl", HEAD + "printf '%03o', umask;");
    try (WarmSite site = site(group -> group.umask("0137"))) {
      assertThat(site.ask(() -> Call.get("/p.pl")).body()).isEqualTo("137");
      assertThat(site.last().start()).isEqualTo("spawn");
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo("137");
    }
  }

  /** A shell sets the umask, and adds variables. bash leaves one of them. */
  @Test
  void variables_areTheSameWithAUmask() throws Exception {
    perl("p.pl", HEAD + "print map { \"$_=$ENV{$_}\\n\" } grep { !/^SHLVL$/ } sort keys %ENV;");
    try (WarmSite site = site(group -> group.umask("0137"))) {
      WarmSite.Answer spawned = site.ask(() -> Call.get("/p.pl"));
      assertThat(site.last().start()).isEqualTo("spawn");
      assertThat(spawned).isEqualTo(site.spawn(() -> Call.get("/p.pl")));
      assertThat(site.fork(() -> Call.get("/p.pl"))).isEqualTo(spawned);
    }
  }

  @ParameterizedTest
  @EnumSource(WorkerMode.class)
  void modules_areLoadedAheadAndThoseThatCannotBeAreLeftOut(WorkerMode mode) throws Exception {
    Programs.write(
        directory.resolve("p.py"),
        "#!/usr/bin/python3\nimport sys\nprint('Content-Type: text/plain\\n')\n"
            + "print('email.message' in sys.modules, file=sys.stderr)\n");
    perl("p.pl", HEAD + "print STDERR exists $INC{'Text/Wrap.pm'} ? 'True' : 'False';");
    try (LogLines log = LogLines.ofAll("dev.postern.cgi");
        WarmSite site =
            new WarmSite(
                directory,
                mode,
                group ->
                    group.learn(false).modules("email.message", "Text::Wrap", "nowhere", "no.such"),
                host -> host)) {
      assertThat(site.fork(() -> Call.get("/p.py")).log()).contains("True");
      assertThat(site.fork(() -> Call.get("/p.pl")).log()).contains("True");
      assertThat(log.all())
          .filteredOn(line -> line.contains("ahead"))
          .containsExactlyInAnyOrder(
              "p.py does without loading ahead: no.such nowhere",
              "p.pl does without loading ahead: nowhere.pm");
    }
  }

  /** The child goes on; nobody knows its exit then, so that its answer has to say it is whole. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void serverKilledInARequest_endsNoChildAndHidesNoCut(boolean length) throws Exception {
    Path began = directory.resolve("began");
    Path go = directory.resolve("go");
    perl(
        "p.pl",
        "$| = 1; print qq(Content-Type: text/plain\\n), "
            + (length ? "qq(Content-Length: 4\\n)" : "''")
            + ", qq(\\n);",
        "if ($ENV{QUERY_STRING}) { open F, '>', '" + began + "'; close F;",
        "  select undef, undef, undef, 0.01 until -e '" + go + "' } print 'done';");
    try (WarmSite site = site(group -> group)) {
      site.fork(() -> Call.get("/p.pl"));
      CompletableFuture<Call> answer =
          CompletableFuture.supplyAsync(
              () -> Call.get("/p.pl").with("QUERY_STRING", "wait").to(site.warm),
              task -> new Thread(task).start());
      await(() -> Files.exists(began));
      kill(site.status("p.pl").pid());
      LockSupport.parkNanos(20_000_000);
      Files.createFile(go);
      Call call = answer.get(60, TimeUnit.SECONDS);
      assertThat(call.body()).isEqualTo("done");
      // Whoever is its parent then may have let the kernel forget it before we could look.
      boolean known = "exit 0".equals(call.outcome.facts().get("cgi.exit"));
      assertThat(call.outcome.complete()).isEqualTo(length || known);
      assertThat(call.aborted).isEqualTo(!length && !known);
    }
  }

  @Test
  void serversKilledAgainAndAgain_runNothingTwice() throws Exception {
    Path runs = Files.createFile(directory.resolve("runs"));
    perl(
        "p.pl",
        "open F, '>>', '" + runs + "'; syswrite F, \"$ENV{QUERY_STRING}\\n\"; close F;",
        HEAD + "print $ENV{QUERY_STRING};");
    try (WarmSite site = site(group -> group)) {
      site.fork(() -> Call.get("/p.pl").with("QUERY_STRING", "warm"));
      CompletableFuture<Void> killer =
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; i < 40; i++) {
                  kill(site.status("p.pl").pid());
                  LockSupport.parkNanos(5_000_000L + 1_700_000L * (i % 7));
                }
              },
              task -> new Thread(task).start());
      int asked = 0;
      int whole = 0;
      while (!killer.isDone()) {
        String id = "id" + asked++;
        Call call = Call.get("/p.pl").with("QUERY_STRING", id).to(site.warm);
        if (call.outcome.complete() && call.status == 200) {
          assertThat(call.body()).isEqualTo(id);
          whole++;
        } else {
          // Then it has begun, and nobody can tell how it ended.
          await(() -> lines(runs).contains(id));
        }
      }
      List<String> lines =
          Files.readAllLines(runs).stream().filter(l -> !l.equals("warm")).toList();
      assertThat(lines).doesNotHaveDuplicates();
      assertThat(lines).hasSizeBetween(whole, asked);
      assertThat(whole).isPositive();
    }
  }

  @Test
  void maximumRequests_loadAnotherBeforeTheOldOneGoes() throws Exception {
    perl("p.pl", HEAD + "print 'ok';");
    try (WarmSite site = site(group -> group.maximumRequests(5))) {
      site.fork(() -> Call.get("/p.pl"));
      int before = site.runs.size();
      long first = site.status("p.pl").pid();
      await(
          () -> {
            Call.get("/p.pl").to(site.warm);
            return site.status("p.pl").generation() >= 3;
          });
      assertThat(site.runs.subList(before, site.runs.size()))
          .extracting(CgiRun::start)
          .containsOnly("fork");
      await(() -> !isRunning(first));
    }
  }

  /** In its server alone, which perl tells by the command. */
  private static String atLoad(String code) {
    return "BEGIN { open C, '<', '/proc/self/cmdline'; $s = <C>; close C; if ($s =~ /Postern/) { "
        + code
        + " } }";
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void limitThatTheLoadPasses_loadsNoOtherServer(boolean memory) throws Exception {
    perl("p.pl", atLoad("$e = (times)[0] + .4; 1 while (times)[0] < $e"), HEAD + "print 'ok';");
    try (LogLines log = LogLines.ofAll("dev.postern.cgi");
        WarmSite site =
            site(
                group ->
                    memory
                        ? group.learn(false).maximumMemory(1)
                        : group.learn(false).maximumCpu(Duration.ofMillis(200)))) {
      for (int i = 0; i < 5; i++) {
        assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo("ok");
      }
      assertThat(site.changes).extracting(WorkerStatus::state).containsExactly("loading", "ready");
      assertThat(log.all())
          .filteredOn(line -> line.contains("maximumMemory"))
          .hasSize(memory ? 1 : 0);
    }
  }

  @Test
  void ageOfAServer_countsFromItsLoad() throws Exception {
    perl("p.pl", atLoad("select undef, undef, undef, .7"), HEAD + "print 'ok';");
    try (WarmSite site = site(group -> group.learn(false).maximumAge(Duration.ofMillis(500)))) {
      await(
          () -> {
            site.fork(() -> Call.get("/p.pl"));
            return generations(site, "loading").size() > 1;
          });
      List<Instant> begun =
          site.changes.stream()
              .filter(change -> change.state().equals("loading"))
              .map(WorkerStatus::begun)
              .toList();
      assertThat(begun.get(0)).isBefore(begun.get(1).minusMillis(1200));
    }
  }

  /** No lock is held meanwhile that the status or another script needs. */
  @ParameterizedTest
  @EnumSource(WorkerMode.class)
  void listener_mayAskTheGroup(WorkerMode mode) throws Exception {
    perl("p.pl", HEAD + "print 'old';");
    perl("bad.pl", "print if;");
    AtomicReference<WorkerGroup> group = new AtomicReference<>();
    List<String> told = new CopyOnWriteArrayList<>();
    Consumer<WorkerStatus> asking =
        change -> {
          told.add(change.state());
          try {
            CompletableFuture.supplyAsync(
                    () -> group.get().status(), task -> new Thread(task).start())
                .get(2, TimeUnit.SECONDS);
          } catch (InterruptedException | ExecutionException | TimeoutException e) {
            told.add("without an answer");
          }
        };
    try (WarmSite site =
        new WarmSite(directory, mode, g -> g.processes(1).onChange(asking), host -> host)) {
      group.set(site.group);
      site.fork(() -> Call.get("/p.pl"));
      perl("p.pl", HEAD + "print 'new';");
      await(() -> site.fork(() -> Call.get("/p.pl")).body().equals("new"));
      await(
          () -> {
            Call.get("/bad.pl").to(site.warm);
            return told.contains("cold");
          });
      assertThat(told).contains("loading", "ready", "recycled").doesNotContain("without an answer");
    }
  }

  @Test
  void serverWhoseScriptChangesMeanwhile_isToldToHaveEnded() throws Exception {
    perl("p.pl", atLoad("sleep 60"), HEAD);
    try (WarmSite site = site(group -> group)) {
      await(
          () -> {
            Call.get("/p.pl").to(site.warm);
            return !site.changes.isEmpty();
          });
      perl("p.pl", HEAD + "print 'ok';");
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo("ok");
      await(
          () ->
              site.changes.stream()
                  .filter(change -> change.generation() == 1)
                  .map(WorkerStatus::state)
                  .toList()
                  .equals(List.of("loading", "recycled", "ended")));
    }
  }

  @Test
  void servers_areBoundedAndTheIdleOneEnds() throws Exception {
    perl("a.pl", HEAD);
    perl("b.pl", HEAD);
    try (WarmSite site = site(group -> group.servers(1))) {
      site.fork(() -> Call.get("/a.pl"));
      long first = site.status("a.pl").pid();
      site.fork(() -> Call.get("/b.pl"));
      await(() -> !isRunning(first));
      assertThat(site.status("a.pl").state()).isEqualTo("cold");
    }
  }

  @Test
  void inactiveServer_ends() throws Exception {
    perl("p.pl", HEAD);
    try (WarmSite site = site(group -> group.inactivityTimeout(Duration.ofMillis(300)))) {
      site.fork(() -> Call.get("/p.pl"));
      long server = site.status("p.pl").pid();
      await(() -> !isRunning(server));
      assertThat(site.changes).extracting(WorkerStatus::state).contains("recycled");
    }
  }

  @Test
  void loadThatHangs_isEndedAndSpawned() throws Exception {
    Path flag = directory.resolve("serving");
    perl("p.pl", "BEGIN { sleep 99 if getppid() && -p STDERR && -e '" + flag + "' }", HEAD);
    try (WarmSite site = site(group -> group.startupTimeout(Duration.ofMillis(300)).learn(false))) {
      Call.get("/p.pl").to(site.warm);
      Files.createFile(flag);
      // A script that was written just now has no server yet: ask until it has one.
      await(
          () -> {
            Call.get("/p.pl").deadline(Duration.ofMillis(500)).to(site.warm);
            return site.status("p.pl").why().contains("in time");
          });
      Files.delete(flag);
      assertThat(Call.get("/p.pl").to(site.warm).status).isEqualTo(200);
      assertThat(site.last().coldReason()).isEqualTo("it does not load in time");
    }
  }

  @Test
  void close_letsRequestsEndAndLeavesNothing() throws Exception {
    Path go = directory.resolve("go");
    perl(
        "p.pl",
        HEAD + "if ($ENV{QUERY_STRING}) { select undef, undef, undef, 0.01 until -e '" + go + "' }",
        "print 'done';");
    WarmSite site = site(group -> group);
    site.fork(() -> Call.get("/p.pl"));
    long server = site.status("p.pl").pid();
    int before = site.runs.size();
    List<CompletableFuture<Call>> all =
        IntStream.range(0, 8)
            .mapToObj(
                i ->
                    CompletableFuture.supplyAsync(
                        () -> Call.get("/p.pl").with("QUERY_STRING", "wait").to(site.warm),
                        task -> new Thread(task).start()))
            .toList();
    await(() -> ProcessHandle.of(server).stream().flatMap(ProcessHandle::children).count() >= 8);
    CompletableFuture<Void> closing =
        CompletableFuture.runAsync(site::close, task -> new Thread(task).start());
    Files.createFile(go);
    for (CompletableFuture<Call> one : all) {
      assertThat(one.get(60, TimeUnit.SECONDS).body()).isEqualTo("done");
    }
    closing.get(60, TimeUnit.SECONDS);
    await(() -> !isRunning(server));
    assertThat(site.runs.subList(before, site.runs.size())).hasSize(8);
    assertThat(Call.get("/p.pl").to(site.warm).body()).isEqualTo("done");
    assertThat(site.last().coldReason()).isEqualTo("its group is closed");
  }

  @Test
  void timeouts_endTheChildAndNotTheServer() throws Exception {
    Path pid = directory.resolve("pid");
    perl(
        "p.pl",
        "if ($ENV{QUERY_STRING}) { system 'echo $$ >" + pid + "; exec sleep 987' }",
        HEAD + "print 'ok';");
    try (WarmSite site =
        new WarmSite(
            directory, group -> group, host -> host.headerTimeout(Duration.ofMillis(700)))) {
      site.fork(() -> Call.get("/p.pl"));
      long server = site.status("p.pl").pid();
      assertThat(site.fork(() -> Call.get("/p.pl").with("QUERY_STRING", "hang")).status())
          .isEqualTo(504);
      assertThat(site.last().exit()).isIn("signal 15", "exit 255");
      await(() -> !isSleeping(pid));
      site.fork(() -> Call.get("/p.pl"));
      assertThat(site.status("p.pl").pid()).isEqualTo(server);
    }
  }

  /**
   * Whether the process whose number that file holds still sleeps. Without the file, the child was
   * ended before it had started anything.
   */
  private static boolean isSleeping(Path pid) {
    try {
      Path process = Path.of("/proc", Files.readString(pid).strip());
      return Files.readString(process.resolve("cmdline")).contains("987");
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void delegation_isByTheFirstMatch() throws Exception {
    Files.createDirectory(directory.resolve("wiki"));
    for (String name : List.of("wiki/w.pl", "p.pl", "p.cgi")) {
      perl(name, HEAD + "print $ENV{GROUP} // 'none';");
    }
    try (WorkerGroup wiki = WorkerGroup.builder("wiki").environment("GROUP", "wiki").build();
        WorkerGroup scripts = WorkerGroup.builder("rest").environment("GROUP", "rest").build();
        CgiDirectory programs =
            CgiDirectory.builder(directory)
                .delegate("/wiki/**", wiki)
                .delegate("/**.pl", scripts)
                .build()) {
      assertThat(Call.get("/wiki/w.pl").to(programs).body()).isEqualTo("wiki");
      assertThat(Call.get("/p.pl").to(programs).body()).isEqualTo("rest");
      assertThat(Call.get("/p.pl/wiki/x").to(programs).body()).isEqualTo("rest");
      assertThat(Call.get("/p.cgi").to(programs).body()).isEqualTo("none");
      for (int i = 0; i < 20; i++) {
        assertThat(Call.get("/wiki/w.pl").to(programs).body()).isEqualTo("wiki");
      }
    }
  }

  @Test
  void warm_isAGroupThatEndsWithTheApplication() throws Exception {
    perl("p.pl", HEAD + "print getppid();");
    CgiDirectory programs = CgiDirectory.builder(directory).warm().build();
    long self = ProcessHandle.current().pid();
    StringBuilder parent = new StringBuilder(Long.toString(self));
    await(
        () -> {
          parent.setLength(0);
          parent.append(Call.get("/p.pl").to(programs).body());
          return !parent.toString().equals(Long.toString(self));
        });
    programs.close();
    await(() -> !isRunning(Long.parseLong(parent.toString())));
  }

  @Test
  void limitsOfAnIsolation_areThoseOfChildren() throws Exception {
    Isolation isolation =
        Isolation.builder().openFiles(77).cpuTime(Duration.ofSeconds(9)).noNewPrivileges().build();
    perl("p.pl", HEAD + "system 'ulimit -a; grep NoNewPrivs /proc/self/status';");
    try (WarmSite site =
        new WarmSite(directory, group -> group, host -> host.isolation(isolation))) {
      assertThat(site.assertSame(() -> Call.get("/p.pl")).body()).contains("77");
    }
  }

  private static List<Integer> generations(WarmSite site, String state) {
    return site.changes.stream()
        .filter(change -> change.state().equals(state))
        .map(WorkerStatus::generation)
        .toList();
  }

  /** A signal stands for what many forks cost. */
  @Test
  void serverWhoseProcessorTimeIsLimited_hasASuccessorBeforeItsEnd() throws Exception {
    perl(
        "p.pl",
        "sub worked { my @t = times; $t[0] + $t[1] }",
        "BEGIN { $SIG{USR1} = sub { my $end = worked() + .1; 1 while worked() < $end } }",
        HEAD + "print 'ok';");
    Isolation isolation = Isolation.builder().cpuTime(Duration.ofSeconds(2)).build();
    try (WarmSite site =
        new WarmSite(directory, group -> group, host -> host.isolation(isolation))) {
      while (site.fork(() -> Call.get("/p.pl")).body().equals("ok")
          && site.status("p.pl").generation() < 4) {
        String server = Long.toString(site.status("p.pl").pid());
        new ProcessBuilder("kill", "-USR1", server).inheritIO().start().waitFor();
      }
      // Who was killed has ended without that.
      assertThat(generations(site, "recycled")).containsAll(generations(site, "ended"));
    }
  }

  /** All requests would share one time. */
  @Test
  void reusedScriptWhoseProcessorTimeIsLimited_staysCold() throws IOException {
    perl("p.pl", HEAD + "print 'ok';");
    Isolation isolation = Isolation.builder().cpuTime(Duration.ofSeconds(9)).build();
    try (WarmSite site =
        new WarmSite(
            directory, WorkerMode.REUSE, UnaryOperator.identity(), h -> h.isolation(isolation))) {
      for (int i = 0; i < 3; i++) {
        assertThat(site.ask(() -> Call.get("/p.pl")).body()).isEqualTo("ok");
        assertThat(site.last().coldReason())
            .isEqualTo("processor time is counted for each run [cpuTime]");
      }
    }
  }

  @Test
  void badOptions_areRefused() {
    assertThatThrownBy(() -> WorkerGroup.builder("a b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a b");
    WorkerGroup.Builder group = WorkerGroup.builder("g");
    assertThatThrownBy(() -> group.spares(-1)).hasMessageContaining("spares");
    assertThatThrownBy(() -> group.servers(0)).hasMessageContaining("servers");
    assertThatThrownBy(() -> group.maximumRequests(-1)).hasMessageContaining("maximum requests");
    assertThatThrownBy(() -> group.startupTimeout(Duration.ZERO)).hasMessageContaining("startup");
    assertThatThrownBy(() -> group.umask("8")).hasMessageContaining("umask");
    assertThatThrownBy(() -> group.modules("a b")).hasMessageContaining("module");
    assertThatThrownBy(() -> group.modules("CGI", "x'y")).hasMessageContaining("module");
    assertThatThrownBy(() -> group.environment("QUERY_STRING", "x"))
        .isInstanceOf(IllegalArgumentException.class);
    CgiDirectory.Builder host = CgiDirectory.builder(directory);
    for (String glob : List.of("no-slash", "/[", "/{a")) {
      assertThatThrownBy(() -> host.delegate(glob, group.build()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /**
   * A link gets another target, as at a release. Then the directory is renamed, and a new one gets
   * its name.
   */
  @ParameterizedTest
  @CsvSource({"FORK, pl", "FORK, py", "FORK, rb", "REUSE, pl", "REUSE, py"})
  void newWorkingDirectory_isThatOfTheNextRequest(WorkerMode mode, String language)
      throws Exception {
    String name = "p." + language;
    perl("p.pl", HEAD + "open F, '<', 'release' or die; print <F>;");
    Programs.write(
        directory.resolve("p.py"),
        "#!/usr/bin/python3\n"
            + "print('Content-Type: text/plain\\n\\n' + open('release').read(), end='')\n");
    Programs.write(
        directory.resolve("p.rb"),
        "#!/usr/bin/ruby\nprint \"Content-Type: text/plain\\n\\n\", File.read('release')\n");
    Path first = release("first", "one");
    Path second = release("second", "two");
    Path current = Files.createSymbolicLink(directory.resolve("current"), first);
    try (WarmSite site =
        new WarmSite(
            directory,
            mode,
            group -> group.processes(1).learn(false),
            host -> host.workingDirectory(current))) {
      assertThat(site.fork(() -> Call.get("/" + name)).body()).isEqualTo("one");

      Files.delete(current);
      Files.createSymbolicLink(current, second);
      assertThat(site.ask(() -> Call.get("/" + name)).body()).isEqualTo("two");
      assertThat(site.last().coldReason()).isEqualTo("its directory has changed");
      assertThat(site.fork(() -> Call.get("/" + name)).body()).isEqualTo("two");

      Files.move(second, directory.resolve("old"));
      release("second", "three");
      assertThat(site.ask(() -> Call.get("/" + name)).body()).isEqualTo("three");
      assertThat(site.last().coldReason()).isEqualTo("its directory has changed");
      assertThat(site.fork(() -> Call.get("/" + name)).body()).isEqualTo("three");
    }
  }

  private Path release(String name, String text) throws IOException {
    Path release = Files.createDirectory(directory.resolve(name));
    Files.writeString(release.resolve("release"), text);
    return release;
  }
}

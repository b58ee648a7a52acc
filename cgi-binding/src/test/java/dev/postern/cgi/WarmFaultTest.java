package dev.postern.cgi;

import static dev.postern.cgi.Awaited.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.HostAndPort;
import dev.postern.Application;
import dev.postern.cgi.server.Tools;
import dev.postern.process.Exclusive;
import dev.postern.process.OtherUser;
import dev.postern.process.StartPath;
import dev.postern.system.Owners;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What can go wrong around workers: the system, the loads, the clients, the host itself. */
@EnabledOnOs(OS.LINUX)
class WarmFaultTest {
  /** A user that nobody is, so that no other process counts. */
  private static final int USER = 61_849;

  private static final String HEAD = "$| = 1; print qq(Content-Type: text/plain\\n\\n);";

  /** What no other program of this machine has as its argument: some 98 seconds. */
  private static final String SLEEP = "98." + ProcessHandle.current().pid();

  @TempDir Path directory;

  @BeforeAll
  static void requireInterpreters() {
    Tools.require("perl");
    Tools.require("python3");
    Tools.require("ruby");
  }

  private void perl(String name, String... lines) throws IOException {
    Programs.write(directory.resolve(name), "#!/usr/bin/perl\n" + String.join("\n", lines) + "\n");
  }

  private static CompletableFuture<Call> begin(Call call, Application application) {
    return CompletableFuture.supplyAsync(
        () -> call.to(application), task -> new Thread(task).start());
  }

  private static boolean isSleeping() {
    return ProcessHandle.allProcesses()
        .anyMatch(p -> p.info().arguments().filter(List.of(SLEEP)::equals).isPresent());
  }

  /** Fork servers, their spares and workers end with the JVM; what runs goes on, as if spawned. */
  @Test
  void killedHost_leavesNoServerAndNoSpareAndEndsNoRun() throws Exception {
    Path began = directory.resolve("began");
    Path go = directory.resolve("go");
    Path done = directory.resolve("done");
    Path programs = Files.createDirectories(directory.resolve("programs/reuse")).getParent();
    String ok = "print qq(Content-Type: text/plain\\n\\n);\n";
    Programs.write(programs.resolve("p.pl"), "#!/usr/bin/perl\n" + ok);
    Programs.write(programs.resolve("reuse/p.pl"), "#!/usr/bin/perl\n" + ok);
    Programs.write(
        programs.resolve("p.py"), "#!/usr/bin/python3\nprint('Content-Type: text/plain\\n')\n");
    Programs.write(
        programs.resolve("reuse/p.py"),
        "#!/usr/bin/python3\nprint('Content-Type: text/plain\\n')\n");
    Programs.write(
        programs.resolve("p.rb"), "#!/usr/bin/ruby\nprint \"Content-Type: text/plain\\n\\n\"\n");
    Programs.write(
        programs.resolve("slow.pl"),
        String.join(
            "\n",
            "#!/usr/bin/perl",
            "if ($ENV{QUERY_STRING}) {",
            "  open F, '>', '" + began + ".new'; print F $$; close F;",
            "  rename '" + began + ".new', '" + began + "';",
            "  select undef, undef, undef, 0.01 until -e '" + go + "';",
            "  open F, '>', '" + done + "'; close F }",
            ok));
    Process host =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                KilledServer.class.getName(),
                "warm",
                programs.toString(),
                "/p.pl",
                "/p.py",
                "/p.rb",
                "/reuse/p.pl",
                "/reuse/p.py",
                "/slow.pl")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("console").toFile())
            .start();
    List<ProcessHandle> left;
    try {
      await(() -> Files.exists(began) || !host.isAlive());
      assertThat(host.isAlive())
          .as(Files.readString(directory.resolve("console"), StandardCharsets.ISO_8859_1))
          .isTrue();
      left = new ArrayList<>(host.descendants().toList());
    } finally {
      host.destroyForcibly();
    }
    assertThat(host.waitFor()).isEqualTo(137);
    long run = Long.parseLong(Files.readString(began));
    assertThat(left.removeIf(p -> p.pid() == run)).isTrue();
    // Four fork servers with a spare each, and two workers.
    assertThat(left).hasSizeGreaterThanOrEqualTo(10);
    await(() -> left.stream().noneMatch(p -> LifecycleTest.isRunning(p.pid())));
    assertThat(LifecycleTest.isRunning(run)).isTrue();
    Files.createFile(go);
    await(() -> Files.exists(done) && !LifecycleTest.isRunning(run));
  }

  /** Root may have as many processes as it likes, and reach those of all others. */
  @Test
  @Exclusive("warm-other-user")
  void refusedForkAndHiddenServer_areSpawnedAndSaidOnce() throws Exception {
    Tools.require("prlimit");
    Path report = directory.resolve("report");
    OtherUser other = new OtherUser(USER, directory);
    other.run(
        Owners.current() == Owners.ROOT ? other.become() : List.of(),
        List.of(Application.class, CgiApplication.class, HostAndPort.class, Assertions.class),
        WarmOtherUser.class,
        directory.resolve("programs"),
        report);

    List<String> lines = Files.readAllLines(report);
    assertThat(lines).as("%s", lines).hasSize(20);
    int next = 0;
    for (String language : List.of("pl", "py", "rb")) {
      assertThat(lines.get(next++))
          .startsWith(language + " ok spawn its server could not fork: ")
          .endsWith(" same");
      assertThat(lines.get(next++)).isEqualTo(language + " ok fork  same");
    }
    assertThat(lines.get(next++)).startsWith("load: it cannot be loaded: fork: ");
    assertThat(lines.get(next++)).isEqualTo("unreadable: false 2");
    String log = Files.readString(directory.resolve("errors"), StandardCharsets.ISO_8859_1);
    String why = "the system does not let its pipes be opened by /proc";
    for (int i = 0; i < 3; i++) {
      // Its server has not loaded it then: each child compiles it.
      assertThat(lines.get(next++)).isEqualTo("fork.pl ok fork ");
    }
    for (String name : List.of("fork.py", "reuse.pl", "reuse.py")) {
      for (int i = 0; i < 3; i++) {
        assertThat(lines.get(next++)).isEqualTo(name + " ok spawn " + why);
      }
      assertThat(log.lines().filter(line -> line.contains(name) && line.contains(why))).hasSize(1);
    }
  }

  /**
   * Who starts a server by hand has it ignore SIGHUP. Programs then ignore it where the JDK starts
   * them, and not where we do: children and workers do as spawned programs do.
   */
  @Test
  void hostUnderNohup_hasTheSignalsOfSpawning() throws Exception {
    Tools.require("nohup");
    Path report = directory.resolve("report");
    run(List.of("nohup"), "signals", report);
    List<String> lines = Files.readAllLines(report);
    assertThat(lines).hasSize(5);
    boolean isIgnored = StartPath.inForce() == StartPath.PORTABLE;
    assertThat(lines).allMatch(line -> line.endsWith(" same, SIGHUP ignored: " + isIgnored));
  }

  /** A root that may not trace others, as in most containers. */
  @Test
  void childThatChangesItsUser_endsAsASpawnedProgramDoes() throws Exception {
    if (Owners.current() != Owners.ROOT) {
      Assumptions.abort("only root can change its user");
    }
    Tools.require("ruby");
    Path report = directory.resolve("report");
    String setpriv = Tools.require("setpriv");
    run(
        List.of(setpriv, "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", "--"),
        "dropped",
        report);
    List<String> lines = Files.readAllLines(report);
    assertThat(lines).hasSize(18);
    assertThat(lines).filteredOn(line -> line.endsWith(" exit 3 same")).hasSize(9);
    assertThat(lines).filteredOn(line -> line.endsWith(" signal 9 same")).hasSize(9);
  }

  /** Without /proc nobody can open the pipes of a child. */
  @Test
  void hiddenProc_isSpawnedAndSaidOnce() throws Exception {
    List<String> apart = List.of(Tools.require("unshare"), "-m");
    Tools.require("mount");
    List<String> trial = new ArrayList<>(apart);
    trial.addAll(List.of("/bin/sh", "-c", "mount -t tmpfs none /proc && ! test -e /proc/self"));
    if (new ProcessBuilder(trial).redirectErrorStream(true).start().waitFor() != 0) {
      Assumptions.abort("this system lets this user mount nothing");
    }
    Path report = directory.resolve("report");
    String log = run(apart, "hidden", report);
    String why = "the system does not let its pipes be opened by /proc";
    List<String> lines = Files.readAllLines(report);
    assertThat(lines).hasSize(15).allMatch(line -> line.endsWith(" ok spawn " + why));
    for (String name : List.of("fork.pl", "fork.py", "fork.rb", "reuse.pl", "reuse.py")) {
      assertThat(log.lines().filter(line -> line.contains(name + " stays cold: " + why)))
          .as(log)
          .hasSize(1);
    }
  }

  /** It has state, so it must not be ended for that. */
  @Test
  void workerThatCannotBeReachedForWantOfDescriptors_waitsForTheNextRequest() throws Exception {
    Tools.require("python3");
    Path report = directory.resolve("report");
    run(List.of(Tools.require("prlimit"), "--nofile=100", "--"), "descriptors", report);
    List<String> lines = Files.readAllLines(report);
    assertThat(lines).startsWith("503 not-started").endsWith("200 same", "same");
    assertThat(lines.subList(0, lines.size() - 1)).containsOnly("503 not-started", "200 same");
  }

  /** What a JVM of its own, behind that prefix, has logged, and what it has reported to a file. */
  private String run(List<String> prefix, String what, Path report) throws Exception {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (StartPath.inForce() == StartPath.NATIVE) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(WarmHost.class.getName(), what));
    command.addAll(List.of(directory.resolve("programs").toString(), report.toString()));
    Path console = directory.resolve("console");
    int exit =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(console.toFile())
            .start()
            .waitFor();
    String log = Files.readString(console, StandardCharsets.ISO_8859_1);
    assertThat(exit).as(log).isZero();
    return log;
  }

  /** An interpreter with a set-user-id bit: its process is another user's as soon as it runs. */
  @Test
  @Exclusive("warm-other-user")
  void serverOfAnotherUser_isSpawnedAndSaidOnce() throws Exception {
    if (Owners.current() != Owners.ROOT) {
      Assumptions.abort("only root can give a file away");
    }
    Path python = Files.createDirectory(directory.resolve("bin")).resolve("python3");
    Files.copy(Path.of(Tools.require("python3")).toRealPath(), python);
    Files.setAttribute(python, "unix:uid", USER + 1);
    Files.setAttribute(python, "unix:mode", 04755);
    OtherUser other = new OtherUser(USER, directory);
    List<String> who = new ArrayList<>(other.become());
    who.addAll(List.of(python.toString(), "-c", "import os; print(os.geteuid())"));
    Process trial = new ProcessBuilder(who).start();
    String answer =
        new String(trial.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).trim();
    if (!answer.equals(Integer.toString(USER + 1))) {
      Assumptions.abort("this system heeds no set-user-id bit here: " + answer);
    }
    Path report = directory.resolve("report");
    other.run(
        other.become(),
        List.of(Application.class, CgiApplication.class, HostAndPort.class, Assertions.class),
        WarmOtherUser.class,
        directory.resolve("programs"),
        report,
        python);

    String why = "the system does not let its pipes be opened by /proc";
    String log = Files.readString(directory.resolve("errors"), StandardCharsets.ISO_8859_1);
    List<String> lines = Files.readAllLines(report);
    for (String name : List.of("fork.py", "reuse.py")) {
      assertThat(lines)
          .filteredOn(line -> line.startsWith(name))
          .containsOnly(name + " " + (USER + 1) + " spawn " + why);
      assertThat(log.lines().filter(line -> line.contains(name) && line.contains(why))).hasSize(1);
    }
  }

  /** Only a load fails, which the script knows by the command of its server. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "loops | 1 while 1 | it does not load in time",
        "writes-1-gb | print 'x' x 65536 for 1 .. 16384 | it does not load in time",
        "errors-1-gb | print STDERR 'x' x 65536 for 1 .. 16384 | it does not load in time",
        "eats-memory | while (1) { $x .= 'x' x 1e6 } | it ends while it loads: exit 1",
        "exits | exit 3 | it ends while it loads: exit 3",
        "dies | die | it ends while it loads: exit 255",
        "kills-itself | kill KILL => $$ | it ends while it loads: signal 9",
        "lies | open F, '>&=', 62; syswrite F, qq(maybe\\n); sleep 9 | must speak the protocol",
        "reads | 1 while <STDIN> | it reads its input while it loads",
      })
  void loadThatFails_isEndedAndSpawned(String name, String code, String why) throws Exception {
    perl(
        "p.pl",
        "BEGIN { open C, '<', '/proc/self/cmdline'; my $server = <C> =~ /Postern/; close C;",
        "  if ($server) { " + code + " } }",
        HEAD + "print 'ok';");
    Isolation isolation = Isolation.builder().memory(300_000_000).build();
    // Memory takes its time to be eaten, and only the first three are to be too slow.
    Duration startup = why.contains("in time") ? Duration.ofMillis(400) : Duration.ofSeconds(30);
    try (WarmSite site =
        new WarmSite(
            directory,
            group -> group.startupTimeout(startup).learn(false),
            host -> host.isolation(isolation))) {
      await(
          () -> {
            WarmSite.Answer answer = site.ask(() -> Call.get("/p.pl"));
            assertThat(answer.body()).as(answer.log()).isEqualTo("ok");
            return site.last().coldReason().contains(why)
                || site.status("p.pl").why().contains(why);
          });
      List<Long> servers =
          site.changes.stream().map(WorkerStatus::pid).filter(pid -> pid > 0).distinct().toList();
      if (!name.equals("reads")) {
        await(() -> servers.stream().noneMatch(LifecycleTest::isRunning));
        assertThat(site.last().start()).isEqualTo("spawn");
      }
    }
  }

  /** Nearly as many variables, and as long ones, as a host passes on at all. */
  @ParameterizedTest
  @CsvSource({"pl,FORK", "pl,REUSE", "py,FORK", "py,REUSE", "rb,FORK"})
  void largeEnvironment_arrivesAsItIs(String language, WorkerMode mode) throws Exception {
    String text =
        switch (language) {
          case "pl" ->
              "#!/usr/bin/perl\nbinmode STDOUT; print qq(Content-Type: text/plain\\n\\n),"
                  + " map { \"$_=$ENV{$_}\\n\" } sort keys %ENV;\n";
          case "py" ->
              "#!/usr/bin/python3\nimport os, sys\nsys.stdout.buffer.write("
                  + "b'Content-Type: text/plain\\n\\n' + b''.join(k + b'=' + v + b'\\n'"
                  + " for k, v in sorted(os.environb.items())))\n";
          default ->
              "#!/usr/bin/ruby\n"
                  + "STDOUT.binmode; STDOUT.write('Content-Type: text/plain', \"\\n"
                  + "\\n"
                  + "\", ENV.to_h.sort.map { |k, v| k.b + '='.b + v.b + \"\\n"
                  + "\".b }.join)\n";
        };
    Programs.write(directory.resolve("p." + language), text);
    StringBuilder bytes = new StringBuilder();
    for (int i = 0x80; i <= 0xFF; i++) {
      bytes.append((char) i);
    }
    String value = bytes.toString().repeat(16);
    try (WarmSite site = new WarmSite(directory, mode, group -> group, host -> host)) {
      WarmSite.Answer answer =
          site.assertSame(
              () -> {
                Call call = Call.get("/p." + language).with("HTTP_X_EMPTY", "");
                for (int i = 0; i < 200; i++) {
                  call.with("HTTP_X_" + i, value);
                }
                return call;
              });
      assertThat(answer.body()).hasSizeGreaterThan(400 * 1024).contains("HTTP_X_EMPTY=\n");
      for (int i = 0; i < 200; i++) {
        assertThat(answer.body().contains("\nHTTP_X_" + i + "=" + value + "\n")).isTrue();
      }
    }
  }

  /** All of the child's group ends, and its server serves on. */
  @ParameterizedTest
  @ValueSource(strings = {"idle", "gone"})
  void silentProgramAndClientThatIsGone_endTheChildAndNotTheServer(String what) throws Exception {
    perl(
        "p.pl",
        "$| = 1; my $what = $ENV{QUERY_STRING} // '';",
        HEAD,
        "if ($what) { if (!fork) { exec 'sleep', '" + SLEEP + "' } print 'begun';",
        "  if ($what eq 'gone') { print 'x' x 4096 while 1 } sleep 98 } print 'ok';");
    try (WarmSite site =
        new WarmSite(directory, group -> group, host -> host.idleTimeout(Duration.ofMillis(700)))) {
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo("ok");
      long server = site.status("p.pl").pid();
      Call call = Call.get("/p.pl").with("QUERY_STRING", what);
      call.goneAfter = what.equals("gone") ? 100_000 : Long.MAX_VALUE;
      call.to(site.warm);
      assertThat(site.last().start()).isEqualTo("fork");
      assertThat(call.outcome.complete()).isFalse();
      await(() -> !isSleeping());
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo("ok");
      assertThat(site.status("p.pl").pid()).isEqualTo(server);
    }
  }

  @Test
  void limitOfProcesses_countsChildrenOfAServer() throws Exception {
    Path go = directory.resolve("go");
    perl(
        "p.pl",
        HEAD + "if ($ENV{QUERY_STRING}) { select undef, undef, undef, 0.01 until -e '" + go + "' }",
        "print 'ok';");
    ProcessLimit limit = ProcessLimit.of(2, Duration.ofMillis(20));
    try (WarmSite site = new WarmSite(directory, group -> group, host -> host.limit(limit))) {
      site.fork(() -> Call.get("/p.pl"));
      List<CompletableFuture<Call>> two = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        two.add(begin(Call.get("/p.pl").with("QUERY_STRING", "wait"), site.warm));
      }
      await(() -> limit.available() == 0);
      assertThat(site.ask(() -> Call.get("/p.pl")).status()).isEqualTo(503);
      Files.createFile(go);
      for (CompletableFuture<Call> one : two) {
        assertThat(one.get(60, TimeUnit.SECONDS).body()).isEqualTo("ok");
      }
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo("ok");
      assertThat(limit.available()).isEqualTo(2);
    }
  }

  /** As an upgrade of its package does it. */
  @Test
  void replacedInterpreter_isStartedAnew() throws Exception {
    Path perl = Files.createDirectory(directory.resolve("bin")).resolve("perl");
    Files.copy(Path.of(Tools.require("perl")), perl, StandardCopyOption.COPY_ATTRIBUTES);
    Programs.write(
        directory.resolve("p.pl"),
        "#!" + perl + "\nprint qq(Content-Type: text/plain\\n\\n), readlink '/proc/self/exe';\n");
    try (WarmSite site =
        new WarmSite(directory, group -> group.reloadEvery(Duration.ofMillis(50)), host -> host)) {
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo(perl.toString());
      long server = site.status("p.pl").pid();
      Path upgrade =
          Files.copy(perl, perl.resolveSibling("new"), StandardCopyOption.COPY_ATTRIBUTES);
      Files.move(upgrade, perl, StandardCopyOption.ATOMIC_MOVE);
      await(
          () -> {
            site.ask(() -> Call.get("/p.pl"));
            return site.last().coldReason().equals("its interpreter was replaced");
          });
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo(perl.toString());
      assertThat(site.status("p.pl").pid()).isNotEqualTo(server);
    }
  }

  /**
   * Children cannot share these. A Perl script that has them as it loads is compiled by each child,
   * and the log says once why.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "socket | use Socket; socket(S, PF_INET, SOCK_STREAM, 0) or die | it has socket:",
        "pipe | pipe R, W or die | it has pipe:",
        "thread | use threads; threads->create(sub { sleep 60 })->detach | it has 2 threads after",
        "child | if (!($p = fork)) { exec 'sleep', '60' } END { kill 9, $p if $p } | it has a"
            + " child",
      })
  void whatLoadCannotShare_isMadeForEachRequest(String name, String code, String why)
      throws Exception {
    String file = name + ".pl";
    perl(file, "BEGIN { " + code + " }", HEAD + "print 'ok';");
    try (LogLines log = LogLines.ofAll("dev.postern.cgi");
        WarmSite site = new WarmSite(directory)) {
      site.assertSame(() -> Call.get("/" + file));
      assertThat(site.status(file).why()).contains(why).contains("after it has loaded");
      for (int i = 0; i < 3; i++) {
        site.fork(() -> Call.get("/" + file));
      }
      assertThat(log.all())
          .filteredOn(line -> line.startsWith(file) && line.contains(why))
          .hasSize(1);
    }
  }

  /** A module that was learned, or that the group names, is left out, and its script stays warm. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "py | socket | import socket; s = socket.socket()",
        "py | pipe | import os; p = os.pipe()",
        "py | writing | f = open('written', 'w')",
        "py | thread | import threading, time; threading.Thread(target=time.sleep, args=(60,),"
            + " daemon=True).start()",
        "py | child | import subprocess, atexit; p = subprocess.Popen(['sleep', '60']);"
            + " atexit.register(p.kill)",
        "pl | writing | open our $f, '>', 'written'",
        "pl | socket | use Socket; socket(S, PF_INET, SOCK_STREAM, 0) or die",
        "pl | thread | use threads; threads->create(sub { sleep 60 })->detach",
        "pl | child | if (!($p = fork)) { exec 'sleep', '60' } END { kill 9, $p if $p }",
      })
  void moduleThatCannotBeShared_isLoadedByEachRequest(String language, String name, String code)
      throws Exception {
    // Not by the name of a module, which others here import.
    String script = "with-" + name + "." + language;
    if (language.equals("py")) {
      Files.writeString(directory.resolve("unshared.py"), code + "\n");
      Files.writeString(directory.resolve("shared.py"), "value = 1\n");
      Programs.write(
          directory.resolve(script),
          "#!/usr/bin/python3\nprint('Content-Type: text/plain\\n')\nimport sys\n"
              + "print(sorted({'shared', 'unshared'} & set(sys.modules)), file=sys.stderr)\n"
              + "import shared, unshared\nprint('ok', end='', flush=True)\n");
    } else {
      Files.writeString(directory.resolve("Unshared.pm"), "package Unshared; " + code + "; 1;\n");
      Files.writeString(directory.resolve("Shared.pm"), "package Shared; 1;\n");
      perl(
          script,
          "use lib '" + directory + "';",
          HEAD,
          "print STDERR join ' ', sort grep /shared/i, keys %INC;",
          "require Shared; require Unshared; print 'ok';");
    }
    String loaded = language.equals("py") ? "['shared']\n" : "Shared.pm";
    try (WarmSite site = new WarmSite(directory)) {
      await(
          () -> {
            WarmSite.Answer answer = site.fork(() -> Call.get("/" + script));
            assertThat(answer.body()).as(answer.log()).isEqualTo("ok");
            assertThat(answer.log()).doesNotContain("'unshared'").doesNotContain("Unshared.pm");
            return answer.log().contains(loaded.trim());
          });
      assertThat(site.status(script).why()).isEmpty();
      assertThat(site.status(script).state()).isEqualTo("ready");
    }
  }

  /** Each child of Ruby runs all of its script, so that there is nothing to share. */
  @Test
  void connectionsAndThreadsOfRuby_areEachRequests() throws Exception {
    Programs.write(
        directory.resolve("p.rb"),
        "#!/usr/bin/ruby\nrequire 'socket'\ns = UDPSocket.new\nt = Thread.new { sleep 60 }\n"
            + "c = spawn 'sleep 60'\n"
            + "print \"Content-Type: text/plain\\n\\n#{t.alive?} #{s.closed?}\"\n"
            + "Process.kill 'KILL', c; Process.wait c\n");
    try (WarmSite site = new WarmSite(directory)) {
      assertThat(site.assertSame(() -> Call.get("/p.rb")).body()).isEqualTo("true false");
      assertThat(site.status("p.rb").why()).isEmpty();
    }
  }
}

package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.Application;
import dev.postern.process.ProcessName;
import dev.postern.process.StartPath;
import dev.postern.system.Cgroups;
import dev.postern.system.Helpers;
import dev.postern.system.Owners;
import dev.postern.system.UserTasks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** How programs are kept apart. */
@EnabledOnOs(OS.LINUX)
class IsolationTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";

  /** Where control groups of version 2 may be: all of them, or those beside version 1. */
  private static final List<Path> CGROUPS =
      Stream.of(
              System.getProperty("postern.cgroup", ""), "/sys/fs/cgroup/unified", "/sys/fs/cgroup")
          .filter(path -> !path.isEmpty())
          .map(Path::of)
          .toList();

  @TempDir Path directory;

  @Test
  void default_isASessionOfItsOwn() throws IOException {
    CgiApplication app = CgiApplication.of(program(HEAD));

    assertThat(app.isolationLevel()).isEqualTo(IsolationLevel.L1);
    assertThat(app.isolationLevel()).hasToString("L1 (a session of its own)");
    assertThat(CgiDirectory.of(directory).isolationLevel()).isEqualTo(IsolationLevel.L1);
  }

  @Test
  void level_isRequiredWhenItIsBuilt() throws IOException {
    CgiApplication.Builder builder =
        CgiApplication.builder(program(HEAD)).requireLevel(IsolationLevel.L2);

    assertThatIllegalStateException()
        .isThrownBy(builder::build)
        .withMessageContaining("L2 (limits and no new privileges)")
        .withMessageContaining("[isolation]");
    Isolation half = Isolation.builder().fileSize(1000).build();
    assertThat(half.level()).isEqualTo(IsolationLevel.L1);
    assertThatIllegalStateException().isThrownBy(builder.isolation(half)::build);
    Isolation whole = Isolation.builder().fileSize(1000).noNewPrivileges().build();
    assertThat(builder.isolation(whole).build().isolationLevel()).isEqualTo(IsolationLevel.L2);
  }

  @Test
  void limits_areThoseOfTheProgram() throws IOException {
    Isolation isolation =
        Isolation.builder()
            .cpuTime(Duration.ofSeconds(7))
            .memory(1L << 30)
            .fileSize(8192)
            .openFiles(50)
            .processes(1000)
            .noNewPrivileges()
            .endWithServer()
            .build();
    Call call = run(isolation, HEAD, "cat /proc/self/limits /proc/self/status; cat");

    assertThat(call.status).isEqualTo(200);
    assertThat(call.body().lines().map(line -> line.replaceAll("[ \t]+", " ")))
        .anyMatch(line -> line.startsWith("Max cpu time 7 7 "))
        .anyMatch(line -> line.startsWith("Max address space 1073741824 1073741824 "))
        .anyMatch(line -> line.startsWith("Max file size 8192 8192 "))
        .anyMatch(line -> line.startsWith("Max core file size 0 0 "))
        .anyMatch(line -> line.startsWith("Max open files 50 50 "))
        .anyMatch(line -> line.matches("Max processes (\\d+) \\1 processes ?"))
        .anyMatch(line -> line.equals("NoNewPrivs: 1"));
    assertThat(call.outcome.facts()).containsEntry("cgi.exit", "exit 0");
  }

  @Test
  void attackF29_diskFiller_isEndedAndOthersAreServed() throws IOException {
    Isolation isolation = Isolation.builder().fileSize(65_536).build();
    Path file = directory.resolve("big");
    Call call = run(isolation, "exec dd if=/dev/zero of=" + file + " bs=1024 count=1000");

    assertThat(call.status).isEqualTo(502);
    assertThat(Files.size(file)).isEqualTo(65_536);
    assertThat(call.failure().diagnosis().exit()).isEqualTo("signal 25");
    assertThat(run(isolation, HEAD, "printf ok").body()).isEqualTo("ok");
  }

  @Test
  void attackF29_memoryHog_isEndedAndOthersAreServed() throws IOException {
    Isolation isolation = Isolation.builder().memory(200L << 20).build();
    Call call = run(isolation, "exec tail /dev/zero");

    assertThat(call.status).isEqualTo(502);
    assertThat(run(isolation, HEAD, "printf ok").body()).isEqualTo("ok");
  }

  @Test
  void attackF29_spinner_isEndedAndOthersAreServed() throws IOException {
    Isolation isolation = Isolation.builder().cpuTime(Duration.ofSeconds(1)).build();
    Call call = run(isolation, "while :; do :; done");

    assertThat(call.status).isEqualTo(502);
    assertThat(call.failure().diagnosis().exit()).isIn("signal 9", "signal 24");
    assertThat(run(isolation, HEAD, "printf ok").body()).isEqualTo("ok");
  }

  @Test
  void attackF29_spinnerWithoutALimit_isEndedWhenItsTimeIsOverAndOthersAreServed()
      throws Exception {
    Path mark = directory.resolve("spins");
    Path spinner = Programs.sh(directory, "spinner", ": >" + mark, "while :; do :; done");
    Application spins =
        CgiApplication.builder(spinner).headerTimeout(Duration.ofMillis(1500)).build();
    CompletableFuture<Call> spun = CompletableFuture.supplyAsync(() -> Call.get("/").to(spins));
    while (!Files.exists(mark) && !spun.isDone()) {
      LockSupport.parkNanos(1_000_000);
    }

    assertThat(run(Isolation.none(), HEAD, "printf ok").body()).isEqualTo("ok");
    Call call = spun.join();
    assertThat(call.status).isEqualTo(504);
    assertThat(call.rule()).isEqualTo("program-timeout");
    awaitNone("/bin/sh\0" + spinner + "\0");
  }

  /** The system counts for each user: {@link ForkBombTest}. */
  @Test
  void processes_areMoreThanThereAre() throws IOException {
    long tasks = UserTasks.count(Owners.current());
    Isolation isolation = Isolation.builder().processes(100).build();
    Call call = run(isolation, HEAD, "ulimit -u 2>/dev/null || ulimit -p");

    assertThat(tasks).isGreaterThan(1);
    assertThat(Long.parseLong(call.body().trim())).isBetween(101L, tasks + 10_000);
  }

  @Test
  void tiedProgram_outlivesTheThreadThatAskedForIt() throws Exception {
    Isolation isolation = Isolation.builder().endWithServer().build();
    Call[] calls = new Call[1];
    Thread thread =
        new Thread(
            () -> {
              try {
                calls[0] = run(isolation, HEAD, "sleep 0.3", "printf ok");
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    thread.start();
    thread.join();

    assertThat(calls[0].body()).isEqualTo("ok");
  }

  @Test
  void group_isEndedWithAllThatHasLeftTheSession() throws IOException {
    Path parent = cgroups();
    Isolation isolation = Isolation.builder().cgroup(parent).build();
    assertThat(isolation.level()).isEqualTo(IsolationLevel.L3);
    Path pid = directory.resolve("pid");
    Call call =
        run(
            isolation,
            HEAD,
            "setsid sh -c 'echo $$ >" + pid + "; exec sleep 987' >/dev/null 2>&1 </dev/null &",
            "until [ -s " + pid + " ]; do sleep 0.02; done; printf ok");

    assertThat(call.body()).isEqualTo("ok");
    long escapee = Long.parseLong(Files.readString(pid).trim());
    assertThat(Files.isDirectory(Path.of("/proc/" + escapee)) && !isZombie(escapee)).isFalse();
    assertThat(groups(parent)).isZero();
  }

  @Test
  void groupsThatAProgramHasMade_endWithItsOwn() throws IOException {
    Path mark = directory.resolve("moved");
    Path parent = cgroups();
    Call call =
        run(
            Isolation.builder().cgroup(parent).build(),
            HEAD,
            "own=" + parent + "/$(sed -n 's/^0::.*\\///p' /proc/self/cgroup)",
            "mkdir -p $own/inner/most && printf made",
            "(setsid sh -c 'echo $$ >'$own'/inner/most/cgroup.procs; : >" + mark + "; sleep 987'",
            ") >/dev/null 2>&1 </dev/null &",
            "until [ -e " + mark + " ]; do sleep 0.02; done");

    assertThat(call.body()).as(call.log()).isEqualTo("made");
    assertThat(call.log()).doesNotContain("control group must end");
    assertThat(groups(parent)).isZero();
  }

  @Test
  void group_ofAProcessThatIsGone_isSwept() throws Exception {
    Path parent = cgroups();
    Process ended = new ProcessBuilder("/bin/true").start();
    ended.waitFor();
    Path stale = Files.createDirectory(parent.resolve("postern-" + ended.pid() + "-1-1"));
    Process left =
        new ProcessBuilder("/bin/sh", "-c", "echo $$ >" + stale + "/cgroup.procs; exec sleep 987")
            .start();
    long start = System.nanoTime();
    while (Files.readString(stale.resolve("cgroup.procs")).isEmpty()) {
      assertThat(System.nanoTime() - start).isLessThan(60_000_000_000L);
      LockSupport.parkNanos(1_000_000);
    }
    Isolation.builder().cgroup(parent).build();

    assertThat(left.waitFor()).isEqualTo(137);
    assertThat(stale).doesNotExist();
  }

  @Test
  void attackF23_groupOfAPidThatIsTakenAgain_isSweptAndThatOfALiveServerKept() throws Exception {
    Path parent = cgroups();
    Process server = new ProcessBuilder("/bin/sleep", "987").start();
    try {
      Path live = make(ProcessName.of(server.toHandle()) + "-1");
      Path notItsOwn = make(server.pid() + "-1-1");
      Path notOurs = make(ProcessHandle.current().pid() + "-1-1");
      Path ours = make(ProcessName.current() + "-0");
      try {
        Isolation.builder().cgroup(parent).build();

        assertThat(notItsOwn).doesNotExist();
        assertThat(notOurs).doesNotExist();
        assertThat(live).exists();
        assertThat(ours).exists();
      } finally {
        for (Path group : new Path[] {live, notItsOwn, notOurs, ours}) {
          Files.deleteIfExists(group);
        }
      }
    } finally {
      server.destroyForcibly().waitFor();
    }
  }

  /** Two applications of a container may each have loaded it. */
  @Test
  void groupThatIsThere_isNotTakenAgain() throws IOException {
    Cgroups groups = Cgroups.of(cgroups(), Map.of());
    Path first = groups.create();
    Files.delete(first);
    String name = first.getFileName().toString();
    int number = Integer.parseInt(name.substring(name.lastIndexOf('-') + 1));
    Path there = make(ProcessName.current() + "-" + (number + 1));
    try {
      Path next = groups.create();
      Files.delete(next);
      assertThat(next).isNotEqualTo(there);
    } finally {
      Files.delete(there);
    }
  }

  private static Path make(String name) throws IOException {
    return Files.createDirectory(cgroups().resolve(Cgroups.PREFIX + name));
  }

  @Test
  void groupThatIsNotDelegated_failsWhenItIsBuilt() {
    assertThatIllegalStateException()
        .isThrownBy(() -> Isolation.builder().cgroup(directory).build())
        .withMessageContaining("[cgroup]");
    assertThatIllegalStateException()
        .isThrownBy(() -> Isolation.builder().groupMemory(1 << 20).build());
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void groupLimit_whoseControllerIsNotDelegated_failsWhenItIsBuilt() throws IOException {
    // Hands no controller on, as every new group.
    Path bare = Files.createDirectory(cgroups().resolve("bare-" + ProcessHandle.current().pid()));
    try {
      assertThatIllegalStateException()
          .isThrownBy(() -> Isolation.builder().cgroup(bare).groupMemory(1 << 20).build())
          .withMessageContainingAll(bare.toString(), "no memory.max", "[cgroup]");
      assertThatIllegalStateException()
          .isThrownBy(() -> Isolation.builder().cgroup(bare).groupProcesses(10).build())
          .withMessageContainingAll(bare.toString(), "no pids.max", "[cgroup]");
      assertThat(groups(bare)).isZero();
      assertThat(Isolation.builder().cgroup(bare).build().level()).isEqualTo(IsolationLevel.L3);
    } finally {
      Files.delete(bare);
    }
  }

  /** Levels are compared, not added up. */
  @Test
  void namespacesAlone_haveNoControlGroup() throws Exception {
    Isolation isolation = namespaces();
    CgiApplication app =
        CgiApplication.builder(program(HEAD))
            .isolation(isolation)
            .requireLevel(IsolationLevel.L3)
            .build();

    assertThat(app.isolationLevel()).isEqualTo(IsolationLevel.L4);
  }

  @Test
  void namespaces_showLittle() throws Exception {
    Isolation isolation = namespaces();
    assertThat(isolation.level()).isEqualTo(IsolationLevel.L4);
    Path secret = Files.writeString(Path.of("target", "secret").toAbsolutePath(), "secret");
    Call call =
        run(
            isolation,
            HEAD,
            "cat " + secret + " 2>&1; ls /proc | grep -c '^[0-9]'",
            "touch \"$SCRIPT_FILENAME\" /usr/x 2>/dev/null && echo writable",
            "grep -c : /proc/net/dev; echo QUERY_STRING=$QUERY_STRING; pwd; exit 3");

    assertThat(call.status).as(call.log()).isEqualTo(200);
    assertThat(call.body())
        .contains("No such file", "QUERY_STRING=\n", directory.toString())
        .doesNotContain("writable");
    assertThat(call.outcome.facts()).containsEntry("cgi.exit", "exit 3");
  }

  /** Root has all capabilities, and the machine's settings are files of its own. */
  @Test
  void namespaces_takeAllCapabilities() throws Exception {
    Path own = Files.createDirectory(directory.resolve("own"));
    Call call =
        run(
            namespaces(),
            HEAD,
            "sed -n 's/^\\(Cap[A-Z][a-z]*\\):[[:space:]]*/\\1 /p' /proc/self/status",
            "for path in " + directory + " " + own + " /usr /proc; do",
            "mount -o remount,rw,bind $path && echo mounted; done",
            "touch " + own.resolve("new") + " && echo written",
            // Opened and no more: nothing would be set even where it could be.
            "(: >>/proc/sys/kernel/core_pattern) && echo opened",
            "echo told >/dev/stderr; printf end");

    assertThat(call.status).as(call.log()).isEqualTo(200);
    assertThat(call.body().lines())
        .as(call.log())
        .contains("CapPrm 0000000000000000", "CapEff 0000000000000000", "CapInh 0000000000000000")
        .contains("CapBnd 0000000000000000", "CapAmb 0000000000000000", "end")
        .doesNotContain("mounted", "written", "opened");
    assertThat(call.log()).contains("told");
    assertThat(own).isEmptyDirectory();
  }

  /** A link to a program may lead through links between directories, and through other links. */
  @Test
  void namespaces_showAProgramBehindLinks() throws Exception {
    Path release = Files.createDirectories(directory.resolve("app/1"));
    Programs.sh(release, "p", HEAD, "printf %s \"$0\"");
    Path current = Files.createSymbolicLink(directory.resolve("app/current"), Path.of("1"));
    Path programs = Files.createDirectory(directory.resolve("programs"));
    Files.createSymbolicLink(programs.resolve("direct"), release.resolve("p"));
    Files.createSymbolicLink(programs.resolve("current"), current.resolve("p"));
    Files.createSymbolicLink(programs.resolve("next"), Path.of("current"));
    Isolation isolation = namespaces();
    CgiDirectory all = CgiDirectory.builder(programs).root(directory).isolation(isolation).build();

    for (String name : List.of("direct", "current", "next")) {
      Path link = programs.resolve(name);
      Call alone = Call.get("/").to(CgiApplication.builder(link).isolation(isolation).build());
      assertThat(alone.body()).as(name + alone.log()).isEqualTo(link.toString());
      Call among = Call.get("/" + name).to(all);
      assertThat(among.body()).as(name + among.log()).isEqualTo(link.toString());
    }
  }

  @Test
  void namespaces_endWithTheirRun() throws Exception {
    Isolation isolation = namespaces();
    Path program = program("setsid sleep 98765 >/dev/null 2>&1 </dev/null &", "exec sleep 98765");
    Application app =
        CgiApplication.builder(program)
            .isolation(isolation)
            .headerTimeout(Duration.ofMillis(700))
            .build();

    assertThat(Call.get("/").to(app).status).isEqualTo(504);
    awaitNone("sleep\u000098765\0");
  }

  /** The kernel ends bwrap with the thread that has started it. */
  @Test
  @Timeout(60)
  void programInNamespaces_worksOnAfterTheThreadsOfItsRequest() throws Exception {
    Isolation isolation = namespaces();
    assertThat(isolation.isTied()).isTrue();
    assertThat(isolation.coldReason(WorkerMode.FORK)).isEmpty();
    Path go = directory.resolve("go");
    BlockingQueue<CgiRun> runs = new LinkedBlockingQueue<>();
    Path program =
        program(
            "printf 'Content-Type: text/plain\\nContent-Length: 2\\n\\nok'",
            "until [ -e " + go + " ]; do sleep 0.02; done",
            "exit 3");
    CgiApplication app =
        CgiApplication.builder(program).isolation(isolation).onRun(runs::add).build();
    CompletableFuture<String> body =
        CompletableFuture.supplyAsync(
            () -> Call.get("/").to(app).body(), task -> new Thread(task).start());

    assertThat(body.get()).isEqualTo("ok");
    // Ends the threads that no program needs now.
    CgiApplication.of(program).close();
    assertThat(runs.poll(500, TimeUnit.MILLISECONDS)).isNull();
    Files.createFile(go);
    assertThat(runs.take().exit()).isEqualTo("exit 3");
    app.close();
  }

  @Test
  void namespaces_refuseToShowWhatTheyHide() throws Exception {
    Isolation isolation = namespaces();
    for (String shown : List.of("/", "/etc", "/run", "/proc", "/sys", "/dev", "/proc/1", "/home")) {
      assertThatIllegalStateException()
          .as(shown)
          .isThrownBy(
              () ->
                  CgiApplication.builder(program(HEAD))
                      .isolation(isolation)
                      .workingDirectory(Path.of(shown))
                      .build())
          .withMessageContaining("[namespaces]");
      assertThatIllegalStateException()
          .as(shown)
          .isThrownBy(() -> Isolation.builder().namespaces().readable(Path.of(shown)).build());
    }
    assertThatIllegalStateException()
        .isThrownBy(() -> CgiDirectory.builder(Path.of("/etc")).isolation(isolation).build());
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("/"));
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                CgiApplication.builder(program(HEAD))
                    .isolation(isolation)
                    .workingDirectory(link)
                    .build());
    Files.delete(link);
    Call call =
        Call.get("/")
            .to(
                CgiApplication.builder(program(HEAD, "ls /proc | grep -c '^[0-9]'; ls -A /tmp"))
                    .isolation(isolation)
                    .workingDirectory(Path.of("/usr"))
                    .build());
    assertThat(call.status).as(call.log()).isEqualTo(200);
    assertThat(Integer.parseInt(call.body().lines().findFirst().orElseThrow())).isLessThan(9);
  }

  @Test
  void r22_user_isAllThatProgramsAre() throws Exception {
    assumeTrue(Owners.current() == Owners.ROOT, "only root can run programs as another user");
    Isolation isolation = Isolation.builder().user("nobody").build();
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Call call =
        run(
            isolation,
            HEAD,
            "sed -n 's/[[:space:]]/ /g; /^[UG]id\\|^Groups\\|^CapEff\\|^CapPrm/p' /proc/self/status",
            "echo $HOME $USER $LOGNAME",
            "touch /root/x 2>/dev/null && echo written");
    String uid = String.valueOf(isolation.user().uid());
    String gid = String.valueOf(isolation.user().gid());

    assertThat(call.status).as(call.log()).isEqualTo(200);
    assertThat(call.body().lines())
        .contains("Uid:" + (" " + uid).repeat(4), "Gid:" + (" " + gid).repeat(4))
        .contains("CapEff: 0000000000000000", "CapPrm: 0000000000000000")
        .contains(isolation.user().home() + " nobody nobody")
        .doesNotContain("written")
        .noneMatch(line -> line.matches("Groups:.* 0( .*)?"));
    Files.setPosixFilePermissions(
        program("echo never"), PosixFilePermissions.fromString("rwx------"));
    Call refused =
        Call.get("/")
            .to(CgiApplication.builder(directory.resolve("p")).isolation(isolation).build());
    assertThat(refused.status).isGreaterThanOrEqualTo(500);
    assertThat(refused.body()).doesNotContain("never");
  }

  @Test
  void r22_user_endsWithItsRun() throws Exception {
    assumeTrue(Owners.current() == Owners.ROOT, "only root can run programs as another user");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Application app =
        CgiApplication.builder(program("sleep 97531 & exec sleep 97531"))
            .isolation(Isolation.builder().user("nobody").build())
            .headerTimeout(Duration.ofMillis(300))
            .build();

    assertThat(Call.get("/").to(app).status).isEqualTo(504);
    awaitNone("sleep\u000097531\0");
  }

  @Test
  void r22_userThatIsNone_orRoot_orLow_isRefused() {
    for (String name : List.of("root", "no-such-user", "-x", "0", "", "a:b", "daemon")) {
      assertThatIllegalStateException()
          .as(name)
          .isThrownBy(() -> Isolation.builder().user(name).build())
          .withMessageEndingWith("[user]");
    }
  }

  @Test
  void programs_leaveNoCoreFiles_onTheNativePath() throws Exception {
    assumeTrue(StartPath.inForce() == StartPath.NATIVE, "ProcessBuilder cannot set limits");
    // The limit is set just after the start: the first command gives that time.
    Call call = run(Isolation.none(), "sleep 0.2", HEAD, "ulimit -S -c; ulimit -H -c");

    assertThat(call.body()).startsWith("0\n");
    Process own = new ProcessBuilder("/bin/sh", "-c", "ulimit -H -c").start();
    assertThat(call.body().lines().skip(1).findFirst())
        .contains(new String(own.getInputStream().readAllBytes()).strip());
  }

  @Test
  void helper_thatOthersCanChange_isRefused() throws IOException {
    Path helper = program("exit 0");
    Files.setPosixFilePermissions(helper, PosixFilePermissions.fromString("rwxrwxrwx"));

    assertThatIllegalStateException()
        .isThrownBy(() -> Helpers.check(helper))
        .withMessageContaining("[helper]");
    assertThatIllegalStateException().isThrownBy(() -> Helpers.find("no-such-helper"));
    assertThat(Helpers.find("prlimit")).endsWith("/bin/prlimit");
  }

  @Test
  void values_mustBePositive() {
    assertThatIllegalArgumentException().isThrownBy(() -> Isolation.builder().memory(0));
    assertThatIllegalArgumentException().isThrownBy(() -> Isolation.builder().openFiles(-1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Isolation.builder().cpuTime(Duration.ofMillis(10)));
    assertThatIllegalStateException()
        .isThrownBy(() -> Isolation.builder().readable(directory.resolve("none")).build());
  }

  private Isolation namespaces() throws Exception {
    if (!Files.isExecutable(Path.of("/usr/bin/bwrap"))) {
      missing("bwrap is not installed");
    }
    ProcessBuilder trial =
        new ProcessBuilder("/usr/bin/bwrap", "--unshare-all", "--ro-bind", "/", "/", "/bin/true")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    if (trial.start().waitFor() != 0) {
      missingForRoot("this system lets this user make no namespaces");
    }
    return Isolation.builder().namespaces().build();
  }

  /** A control group of version 2 that this user may make others in. */
  private static Path cgroups() throws IOException {
    for (Path parent : CGROUPS) {
      if (Files.exists(parent.resolve("cgroup.controllers")) && Files.isWritable(parent)) {
        Path trial =
            Files.createDirectory(parent.resolve("trial-" + ProcessHandle.current().pid()));
        boolean kills = Files.exists(trial.resolve("cgroup.kill"));
        Files.delete(trial);
        if (kills) {
          return parent;
        }
      }
    }
    return missingForRoot("no control group is delegated to this user");
  }

  private static <T> T missing(String message) {
    return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
  }

  /** What root has where the system has it at all; others may be refused it. */
  private static <T> T missingForRoot(String message) {
    return Owners.current() == Owners.ROOT ? missing(message) : abort(message);
  }

  private static long groups(Path parent) throws IOException {
    String ours = "postern-" + ProcessHandle.current().pid() + "-";
    try (Stream<Path> groups = Files.list(parent)) {
      return groups.filter(path -> path.getFileName().toString().startsWith(ours)).count();
    }
  }

  private static boolean isZombie(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    return stat.charAt(stat.lastIndexOf(')') + 2) == 'Z';
  }

  /** Waits until no process has that command line. */
  private static void awaitNone(String command) throws IOException {
    long start = System.nanoTime();
    long running;
    do {
      try (Stream<Path> all = Files.list(Path.of("/proc"))) {
        running = all.filter(process -> runs(process, command)).count();
      }
      assertThat(System.nanoTime() - start).as(command).isLessThan(60_000_000_000L);
    } while (running > 0);
  }

  private static boolean runs(Path process, String command) {
    try {
      return Character.isDigit(process.getFileName().toString().charAt(0))
          && Files.readString(process.resolve("cmdline")).startsWith(command);
    } catch (IOException e) {
      return false;
    }
  }

  private Path program(String... lines) throws IOException {
    return Programs.sh(directory, "p", lines);
  }

  private Call run(Isolation isolation, String... lines) throws IOException {
    Application app = CgiApplication.builder(program(lines)).isolation(isolation).build();
    return Call.get("/").to(app);
  }
}

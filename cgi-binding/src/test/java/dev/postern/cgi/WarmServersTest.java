package dev.postern.cgi;

import static dev.postern.cgi.Awaited.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Many servers and many requests at once: who comes, who goes, and that nothing is left. */
@EnabledOnOs(OS.LINUX)
class WarmServersTest {
  private static final String HEAD = "$| = 1; print qq(Content-Type: text/plain\\n\\n);";

  /** How many requests show that nothing grows: 10,000 for the long run. */
  private static final int MANY = Integer.getInteger("postern.warm", 400);

  @TempDir Path directory;

  @BeforeAll
  static void requirePerl() {
    Tools.require("perl");
  }

  private void perl(String name, String... lines) throws IOException {
    Programs.write(directory.resolve(name), "#!/usr/bin/perl\n" + String.join("\n", lines) + "\n");
  }

  private WarmSite site(UnaryOperator<WorkerGroup.Builder> options) {
    return new WarmSite(directory, options, host -> host);
  }

  private static List<CompletableFuture<Void>> clients(int count, Runnable client) {
    return IntStream.range(0, count)
        .mapToObj(i -> CompletableFuture.runAsync(client, task -> new Thread(task).start()))
        .toList();
  }

  private static boolean isRunning(WorkerStatus status) {
    return LifecycleTest.isRunning(status.pid());
  }

  @Test
  void seventeenScriptsForSixteenServers_endTheOneThatWasIdleForLongest() throws Exception {
    List<String> names = IntStream.range(0, 17).mapToObj(i -> "p" + (10 + i) + ".pl").toList();
    for (String name : names) {
      perl(name, HEAD + "print '" + name + "';");
    }
    try (WarmSite site = site(group -> group.servers(16))) {
      for (String name : names.subList(0, 16)) {
        assertThat(site.fork(() -> Call.get("/" + name)).body()).isEqualTo(name);
      }
      // The first one is no more the one that was idle for longest.
      site.fork(() -> Call.get("/p10.pl"));
      WorkerStatus idle = site.status("p11.pl");
      assertThat(site.fork(() -> Call.get("/p26.pl")).body()).isEqualTo("p26.pl");

      await(() -> !isRunning(idle));
      assertThat(site.status("p11.pl").state()).isEqualTo("cold");
      assertThat(site.group.status()).filteredOn(s -> s.state().equals("ready")).hasSize(16);
      assertThat(site.group.status())
          .filteredOn(s -> s.state().equals("ready"))
          .allMatch(WarmServersTest::isRunning);
      assertThat(site.ask(() -> Call.get("/p11.pl")).body()).isEqualTo("p11.pl");
    }
  }

  @Test
  void maximumRequestsUnderEightClients_haveNoRequestWaitForALoad() throws Exception {
    perl("p.pl", HEAD + "print $ENV{QUERY_STRING};");
    try (WarmSite site = site(group -> group.maximumRequests(20).learn(false))) {
      site.fork(() -> Call.get("/p.pl").with("QUERY_STRING", "first"));
      int before = site.runs.size();
      AtomicBoolean done = new AtomicBoolean();
      List<CompletableFuture<Void>> clients =
          clients(
              8,
              () -> {
                for (int i = 0; !done.get(); i++) {
                  String query = Thread.currentThread().getId() + "-" + i;
                  assertThat(Call.get("/p.pl").with("QUERY_STRING", query).to(site.warm).body())
                      .isEqualTo(query);
                }
              });
      try {
        await(() -> site.status("p.pl").generation() >= 4 || clients.get(0).isDone());
      } finally {
        done.set(true);
      }
      for (CompletableFuture<Void> client : clients) {
        client.get(60, TimeUnit.SECONDS);
      }
      assertThat(site.runs.subList(before, site.runs.size()))
          .hasSizeGreaterThan(60)
          .extracting(CgiRun::start)
          .containsOnly("fork");
      Set<Long> servers =
          site.changes.stream()
              .map(WorkerStatus::pid)
              .filter(pid -> pid > 0)
              .collect(Collectors.toSet());
      long last = site.status("p.pl").pid();
      await(
          () ->
              servers.stream()
                  .filter(pid -> pid != last && pid != site.status("p.pl").pid())
                  .noneMatch(LifecycleTest::isRunning));
    }
  }

  /** The head and the number of each program are there. */
  private static List<CompletableFuture<Void>> eightInFlight(WarmSite site, List<Call> calls)
      throws Exception {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Call call = Call.get("/p.pl").with("QUERY_STRING", "wait");
      calls.add(call);
      all.addAll(clients(1, () -> call.to(site.warm)));
    }
    await(() -> calls.stream().allMatch(call -> call.count > 0));
    return all;
  }

  /** Some of what runs ends in time; what does not is cut, and its process ends with its client. */
  @ParameterizedTest
  @EnumSource(WorkerMode.class)
  void closeWithEightInFlight_leavesNoProcessDescriptorOrThread(WorkerMode mode) throws Exception {
    Path go = directory.resolve("go");
    perl(
        "p.pl",
        HEAD + "print $$;",
        "if ($ENV{QUERY_STRING}) { select undef, undef, undef, 0.01 until -e '" + go + "' }",
        "print ' done';");
    // What the first group and its requests open for good is open now.
    try (WarmSite first =
        new WarmSite(directory, mode, group -> group.processes(8), host -> host)) {
      first.fork(() -> Call.get("/p.pl"));
      List<Call> calls = new ArrayList<>();
      List<CompletableFuture<Void>> all = eightInFlight(first, calls);
      Files.createFile(go);
      for (CompletableFuture<Void> one : all) {
        one.get(60, TimeUnit.SECONDS);
      }
      Files.delete(go);
    }
    await(() -> threads("postern-fork-server", "postern-worker") == 0);
    long descriptors = descriptors();
    WarmSite site = new WarmSite(directory, mode, group -> group.processes(8), host -> host);
    site.fork(() -> Call.get("/p.pl"));
    int before = site.runs.size();
    List<Call> calls = new ArrayList<>();
    List<CompletableFuture<Void>> all = eightInFlight(site, calls);
    CompletableFuture<Void> closing = clients(1, site::close).get(0);
    Files.createFile(go);
    for (CompletableFuture<Void> one : all) {
      one.get(60, TimeUnit.SECONDS);
    }
    closing.get(60, TimeUnit.SECONDS);

    for (Call call : calls) {
      assertThat(call.outcome.complete() ? call.body() : call.body() + " done").endsWith(" done");
    }
    assertThat(calls).anyMatch(call -> call.outcome.complete());
    assertThat(site.runs.subList(before, site.runs.size())).hasSize(8);
    List<Long> processes =
        Stream.concat(
                calls.stream().map(call -> Long.parseLong(call.body().split(" ")[0])),
                site.changes.stream().map(WorkerStatus::pid).filter(pid -> pid > 0))
            .toList();
    await(() -> processes.stream().noneMatch(LifecycleTest::isRunning));
    await(() -> threads("postern-fork-server", "postern-worker") == 0);
    await(() -> descriptors() <= descriptors);
  }

  /** Requests of eight clients, by some generations of servers. */
  @ParameterizedTest
  @EnumSource(WorkerMode.class)
  void manyRequests_areFlat(WorkerMode mode) throws Exception {
    perl("p.pl", HEAD + "print 'ok';");
    try (WarmSite site =
        new WarmSite(
            directory,
            mode,
            group -> group.processes(4).learn(false).maximumRequests(0),
            host -> host)) {
      site.fork(() -> Call.get("/p.pl"));
      requests(site, MANY / 4);
      long descriptors = descriptors();
      // A worker that has just been loaded has not all of its memory yet.
      long memory =
          site.group.status().stream()
              .filter(s -> s.state().equals("ready"))
              .mapToLong(WorkerStatus::memory)
              .max()
              .orElseThrow();
      requests(site, MANY);
      await(() -> descriptors() <= descriptors);
      // A worker is one of four; a fork server runs no request itself.
      assertThat(site.group.status())
          .filteredOn(s -> s.state().equals("ready"))
          .allSatisfy(s -> assertThat(s.memory()).isLessThan(memory + (1 << 20)));
      assertThat(site.runs).filteredOn(run -> run.start().equals("spawn")).hasSizeLessThan(20);
    }
  }

  private static void requests(WarmSite site, int count) throws Exception {
    for (CompletableFuture<Void> client :
        clients(
            4,
            () -> {
              for (int i = 0; i < count / 4; i++) {
                assertThat(Call.get("/p.pl").to(site.warm).body()).isEqualTo("ok");
              }
            })) {
      client.get(10, TimeUnit.MINUTES);
    }
  }

  private static long descriptors() {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long threads(String... names) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> List.of(names).contains(thread.getName()))
        .count();
  }

  /** By the program that runs, however its path is written. */
  @ParameterizedTest
  @CsvSource({
    "/wiki/w.pl, wiki",
    "/wiki/deep/d.pl, wiki",
    "/wiki/w.pl/p.pl, wiki",
    "/wiki%2Fw.pl, none",
    "/wiki/..%2Fp.pl, none",
    "/wiki/../p.pl, none",
    "/x%2F..%2Fwiki/w.pl, none",
    "/%77iki/w.pl, wiki",
    "/wik%69/w%2Epl, wiki",
    "/p.pl, rest",
    "/p%2epl, rest",
    "/p.pl/wiki/w.pl, rest",
    "/p.pl%2Fwiki, none",
    "/p.cgi, spawned",
    "/p.cgi/x.pl, spawned",
    "/wiki%00/w.pl, none",
    "/WIKI/w.pl, none",
  })
  void delegation_isByTheProgramAndNotByHowItsPathIsWritten(String path, String expected)
      throws Exception {
    Files.createDirectories(directory.resolve("wiki/deep"));
    for (String name : List.of("wiki/w.pl", "wiki/deep/d.pl", "p.pl", "p.cgi")) {
      perl(name, HEAD + "print $ENV{GROUP} // 'spawned';");
    }
    try (WorkerGroup wiki = WorkerGroup.builder("wiki").environment("GROUP", "wiki").build();
        WorkerGroup rest = WorkerGroup.builder("rest").environment("GROUP", "rest").build();
        CgiDirectory programs =
            CgiDirectory.builder(directory)
                .delegate("/wiki/**", wiki)
                .delegate("/**.pl", rest)
                .delegate("/**/w.pl", rest)
                .build()) {
      String decoded = URLDecoder.decode(path, StandardCharsets.ISO_8859_1);
      for (int i = 0; i < 3; i++) {
        Call call = Call.get(decoded).with("REQUEST_URI", path).to(programs);
        if (expected.equals("none")) {
          assertThat(call.status).isIn(400, 404);
        } else {
          assertThat(call.body()).as("%s", call.status).isEqualTo(expected);
        }
      }
      assertThat(wiki.status()).allMatch(s -> s.program().startsWith(directory.resolve("wiki")));
      assertThat(rest.status()).allMatch(s -> s.program().equals(directory.resolve("p.pl")));
    }
  }

  @Test
  void waitingRequests_outliveTheGroupsPatience() throws Exception {
    Path go = directory.resolve("go");
    perl(
        "p.pl",
        HEAD + "if ($ENV{QUERY_STRING}) { select undef, undef, undef, 0.01 until -e '" + go + "' }",
        "print 'done';");
    WarmSite site = site(group -> group.gracefulTimeout(Duration.ofMillis(100)));
    site.fork(() -> Call.get("/p.pl"));
    Call call = Call.get("/p.pl").with("QUERY_STRING", "wait");
    CompletableFuture<Void> running = clients(1, () -> call.to(site.warm)).get(0);
    await(() -> site.status("p.pl").requests() >= 2);
    long server = site.status("p.pl").pid();
    // A child of a fork server is never hurried.
    site.close();
    Files.createFile(go);
    running.get(60, TimeUnit.SECONDS);
    assertThat(call.body()).isEqualTo("done");
    assertThat(call.outcome.complete()).isTrue();
    await(() -> !LifecycleTest.isRunning(server));
  }

  /** The client has its answer then, and the request ends; the child has its time to work on. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "p.pl | #!/usr/bin/perl | print qq(Content-Type: text/plain\\n\\nok); close STDOUT;"
            + " select undef, undef, undef, 0.01 until -e 'go'; open F, '>', 'done'",
        "p.py | #!/usr/bin/python3 | print('Content-Type: text/plain\\n\\nok', end='',"
            + " flush=True); import os, time; os.close(1)¶while not os.path.exists('go'):"
            + " time.sleep(.01)¶open('done', 'w'); os._exit(0)",
        "p.rb | #!/usr/bin/ruby | print \"Content-Type: text/plain\\n"
            + "\\n"
            + "ok\"; $stdout.flush; $stdout.reopen('/dev/null', 'w'); sleep 0.01 until"
            + " File.exist?('go'); File.write('done', '')",
      })
  void closedOutput_letsTheChildWorkOn(String name, String line, String code) throws Exception {
    Programs.write(directory.resolve(name), line + "\n" + code.replace('¶', '\n') + "\n");
    Path go = directory.resolve("go");
    Path done = directory.resolve("done");
    try (WarmSite site = site(group -> group.learn(false))) {
      Files.createFile(go);
      site.fork(() -> Call.get("/" + name));
      await(() -> site.runs.stream().anyMatch(run -> run.start().equals("fork")));
      Files.delete(go);
      Files.deleteIfExists(done);
      int before = site.runs.size();
      WarmSite.Answer answer = site.ask(() -> Call.get("/" + name));
      assertThat(answer.body()).isEqualTo("ok");
      assertThat(answer.complete()).isTrue();
      assertThat(site.runs).hasSize(before);
      assertThat(done).doesNotExist();
      Files.createFile(go);
      await(() -> site.runs.size() > before);
      assertThat(done).exists();
      assertThat(site.last().start()).isEqualTo("fork");
      assertThat(site.last().exit()).isEqualTo("exit 0");
    }
  }

  /**
   * A service manager sends SIGTERM to all processes of a service. A server, and a child that waits
   * for its request, live on, so that a program that works on is answered as a spawned one is.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "p.pl | #!/usr/bin/perl | $SIG{$_} = 'IGNORE' for qw(HUP INT TERM);"
            + " print qq(Content-Type: text/plain\\n\\nok); open F, '>', 'began';"
            + " select undef, undef, undef, 0.01 until -e 'go'",
        "p.py | #!/usr/bin/python3 | import os, signal, time¶for s in (1, 2, 15):"
            + " signal.signal(s, signal.SIG_IGN)¶print('Content-Type: text/plain\\n\\nok',"
            + " end='')¶open('began', 'w')¶while not os.path.exists('go'): time.sleep(.01)",
        "p.rb | #!/usr/bin/ruby | for s in %w[HUP INT TERM] do trap(s, 'IGNORE') end;"
            + " print \"Content-Type: text/plain\\n\\nok\"; File.write('began', '');"
            + " sleep 0.01 until File.exist?('go')",
      })
  void endOfAService_endsNoServer(String name, String line, String code) throws Exception {
    Programs.write(directory.resolve(name), line + "\n" + code.replace('¶', '\n') + "\n");
    Path go = directory.resolve("go");
    Path began = directory.resolve("began");
    try (WarmSite site = site(group -> group.learn(false))) {
      Files.createFile(go);
      WarmSite.Answer before = site.fork(() -> Call.get("/" + name));
      Files.delete(go);
      Files.delete(began);
      CompletableFuture<WarmSite.Answer> running =
          CompletableFuture.supplyAsync(() -> site.ask(() -> Call.get("/" + name)));
      await(() -> Files.exists(began));
      ProcessHandle server = ProcessHandle.of(site.status(name).pid()).orElseThrow();
      for (String signal : List.of("-HUP", "-INT", "-TERM")) {
        List<String> all = new ArrayList<>(List.of("kill", signal, "" + server.pid()));
        server.descendants().forEach(child -> all.add("" + child.pid()));
        // Its exit status tells nothing: the child of an earlier request may just have ended.
        new ProcessBuilder(all).redirectErrorStream(true).start().waitFor();
      }
      assertThat(server.isAlive()).isTrue();
      Files.createFile(go);
      assertThat(running.get(20, TimeUnit.SECONDS)).isEqualTo(before);
      assertThat(site.last().exit()).isEqualTo("exit 0");
      assertThat(site.ask(() -> Call.get("/" + name))).isEqualTo(before);
      assertThat(site.last().start()).isEqualTo("fork");
      assertThat(site.status(name).pid()).isEqualTo(server.pid());
    }
  }
}

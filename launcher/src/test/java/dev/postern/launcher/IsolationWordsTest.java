package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.launcher.values.LauncherException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each word that keeps programs apart, at the wire: what a program can no longer do, beside what it
 * can without the word. {@link ProgramOptionsTest} has the limits that a program can be asked for.
 */
@Timeout(120)
class IsolationWordsTest {
  private static final long PATIENCE = 60_000_000_000L;
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'\n";

  @TempDir Path directory;
  private Path programs;

  @BeforeEach
  void makePrograms() throws Exception {
    Logs.quiet();
    programs = Files.createDirectory(directory.resolve("programs"));
  }

  private void program(String name, String script) throws Exception {
    Sources.script(programs.resolve(name), "#!/bin/sh\n" + script);
  }

  private Served open(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("--cgi-dir", "/=" + programs));
    all.addAll(List.of(words));
    return Served.open(all);
  }

  private static boolean isRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void fileSize_endsAProgramThatWritesMore() throws Exception {
    Path file = directory.resolve("big");
    program("fill", "exec dd if=/dev/zero of='" + file + "' bs=1024 count=128");
    program("show", HEAD + "printf ok");
    try (Served served = open("--file-size", "65536")) {
      assertThat(served.get("/fill")).startsWith("HTTP/1.1 502 ");
      assertThat(file).hasSize(65_536);
      assertThat(served.get("/show")).endsWith("ok");
    }
    try (Served served = open()) {
      served.get("/fill");
      assertThat(file).hasSize(131_072);
    }
  }

  @Test
  void memory_endsAProgramThatTakesMore() throws Exception {
    program("hog", "tail /dev/zero >/dev/null 2>&1 || exit 9\n" + HEAD);
    program("show", HEAD + "printf ok");
    try (Served served = open("--memory", "200000000")) {
      assertThat(served.get("/hog")).startsWith("HTTP/1.1 502 ");
      assertThat(served.get("/show")).endsWith("ok");
    }
  }

  @Test
  void cpuTime_endsAProgramThatSpins() throws Exception {
    program("spin", "while :; do :; done");
    try (Served served = open("--cpu-time", "1", "--header-timeout", "100")) {
      assertThat(served.get("/spin")).startsWith("HTTP/1.1 502 ");
    }
  }

  /** The system counts for each user, so that there is room for those that are there. */
  @Test
  void processes_areBoundedForTheUser() throws Exception {
    program("show", HEAD + "ulimit -u 2>/dev/null || ulimit -p");
    try (Served with = open("--processes", "100");
        Served without = open()) {
      String bounded = body(with.get("/show"));
      assertThat(bounded).matches("[0-9]+\n").isNotEqualTo(body(without.get("/show")));
      assertThat(Long.parseLong(bounded.strip())).isGreaterThan(100);
    }
  }

  private static String body(String response) {
    return response.substring(response.indexOf("\r\n\r\n") + 4);
  }

  // ---- applications in workers ----

  private Path application() throws IOException {
    return Files.writeString(directory.resolve("app.txt"), "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--cpu-time 5",
        "--memory 200000000",
        "--require-level L1",
        "--no-new-privileges",
        "--strict-ownership",
      })
  void wordThatWorkersDoNotHold_isRefusedForApplications(String word) throws Exception {
    String option = word.split(" ")[0];
    for (String kind : List.of("--wsgi", "--psgi")) {
      List<String> words = new ArrayList<>(List.of("serve", "--check", kind, "/=" + application()));
      words.addAll(List.of(word.split(" ")));
      assertThat(Refused.start(words.toArray(new String[0])))
          .isEqualTo(
              kind
                  + ": workers of an application cannot be run with "
                  + option
                  + ", which holds for programs");
    }
  }

  @Test
  void userAndRefuseRoot_areRefusedForApplicationsOfRoot() throws Exception {
    assumeTrue(isRoot(), "only root runs programs as another user");
    String mount = "/=" + application();
    assertThat(
            Refused.start(
                "serve", "--check", "--user", "nobody", "--lowest-user", "1000", "--wsgi", mount))
        .contains("--wsgi: ", " --user,");
    assertThat(Refused.start("serve", "--check", "--refuse-root", "--psgi", mount))
        .isEqualTo("--refuse-root: programs must not be hosted by root [root]");
  }

  @Test
  void topOfTheFile_isRefusedForAnApplicationThatCannotHoldIt() throws Exception {
    application();
    program("show", HEAD);
    Path file =
        Files.writeString(
            directory.resolve("site.yaml"),
            "cpu-time: 5\nmounts:\n  /cgi: {cgi-dir: programs}\n  /app: {wsgi: app.txt}\n");
    assertThat(Refused.start("serve", "--check", "--config", file.toString()))
        .startsWith(file + ":4: wsgi: --wsgi: ")
        .contains("--cpu-time");
  }

  @Test
  void rootThatRunsApplications_isWarned() throws Exception {
    assumeTrue(isRoot(), "only root is warned");
    try (Child child =
            Child.start(
                directory, Map.of(), "serve", "--port", "0", "--wsgi", "/=" + application());
        DirectoryStream<Path> errors = Files.newDirectoryStream(directory, "errors*")) {
      assertThat(child.address()).startsWith("http");
      // Child.errors() leaves this line out.
      assertThat(Files.readString(errors.iterator().next())).contains("programs run as root");
    }
  }

  // ---- namespaces ----

  private static void requireNamespaces() throws Exception {
    boolean works = false;
    if (Files.isExecutable(Path.of("/usr/bin/bwrap"))) {
      works =
          new ProcessBuilder(
                      "/usr/bin/bwrap",
                      "--unshare-all",
                      "--ro-bind",
                      "/",
                      "/",
                      "--proc",
                      "/proc",
                      "/bin/true")
                  .redirectErrorStream(true)
                  .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                  .start()
                  .waitFor()
              == 0;
    }
    assumeTrue(works, "this system makes no namespaces by bubblewrap");
  }

  @Test
  void namespaces_hideFilesProcessesAndTheNetwork() throws Exception {
    requireNamespaces();
    Path secret = Files.writeString(directory.resolve("secret"), "secret");
    Path shown = Files.createDirectory(directory.resolve("shown"));
    Files.writeString(shown.resolve("file"), "to be shown");
    program(
        "look",
        HEAD
            + ("cat '" + secret + "' 2>&1; cat '" + shown + "/file' 2>&1\n")
            + "echo; grep -c : /proc/net/dev; ls -d /proc/[0-9]* | wc -l\n"
            + ": >'"
            + programs
            + "/made' && echo written\n");
    try (Served without = open()) {
      assertThat(without.get("/look")).contains("secret", "to be shown", "written");
    }
    Files.delete(programs.resolve("made"));
    try (Served with = open("--namespaces", "--require-level", "L4")) {
      String seen = with.get("/look");
      assertThat(seen).startsWith("HTTP/1.1 200 ").doesNotContain("to be shown", "written");
      assertThat(seen.split("No such file", -1)).hasSize(3);
      // The loopback interface, and what runs in it.
      assertThat(body(seen).lines().filter(line -> line.matches("[0-9]+")).toList())
          .hasSize(2)
          .startsWith("1")
          .last()
          .satisfies(count -> assertThat(Integer.parseInt(count)).isLessThan(10));
    }
    try (Served with = open("--namespaces", "--readable", shown.toString())) {
      assertThat(with.get("/look")).contains("to be shown").doesNotContain("written");
    }
    assertThat(programs.resolve("made")).doesNotExist();
  }

  // ---- control groups ----

  private static Path cgroup() {
    for (String place :
        List.of(
            System.getProperty("postern.cgroup", ""), "/sys/fs/cgroup/unified", "/sys/fs/cgroup")) {
      Path parent = Path.of(place);
      if (!place.isEmpty()
          && Files.exists(parent.resolve("cgroup.controllers"))
          && Files.isWritable(parent)) {
        try {
          Path trial =
              Files.createDirectory(parent.resolve("words-" + ProcessHandle.current().pid()));
          boolean kills = Files.exists(trial.resolve("cgroup.kill"));
          Files.delete(trial);
          if (kills) {
            return parent;
          }
        } catch (IOException e) {
          // It is not ours, whatever its permissions say.
        }
      }
    }
    assumeTrue(false, "no control group is delegated to this user");
    throw new IllegalStateException();
  }

  @Test
  void cgroup_endsWhatHasLeftItsSession() throws Exception {
    Path parent = cgroup();
    Path pid = directory.resolve("pid");
    program(
        "leave",
        HEAD
            + ("setsid sh -c 'echo $$ >" + pid + "; exec sleep 987' >/dev/null 2>&1 </dev/null &\n")
            + ("until [ -s '" + pid + "' ]; do sleep 0.02; done\n")
            + "sed -n 's/^0:://p' /proc/self/cgroup");
    try (Served served = open("--cgroup", parent.toString(), "--require-level", "L3")) {
      assertThat(served.get("/leave")).contains("/postern-");
      awaitEnd(Long.parseLong(Files.readString(pid).strip()));
    } catch (LauncherException e) {
      // Processes of elsewhere may not be moved there, for instance in a container.
      assumeTrue(!e.getMessage().startsWith("--cgroup: "), e.getMessage());
      throw e;
    }
    try (Stream<Path> groups = Files.list(parent)) {
      String ours = "postern-" + ProcessHandle.current().pid() + "-";
      assertThat(groups.map(group -> group.getFileName().toString()))
          .noneMatch(name -> name.startsWith(ours));
    }
  }

  /** Where the controllers are delegated, they are in force; elsewhere the start is refused. */
  @Test
  void groupLimits_areThoseOfTheGroupOrRefused() throws Exception {
    Path parent = cgroup();
    program(
        "show",
        HEAD
            + ("cd '" + parent + "'$(sed -n 's/^0::.*\\(\\/postern-\\)/\\1/p' /proc/self/cgroup)\n")
            + "cat memory.max pids.max 2>/dev/null");
    String[] words = {
      "--cgroup", parent.toString(), "--group-memory", "67108864", "--group-processes", "33"
    };
    try (Served served = open(words)) {
      assertThat(served.get("/show")).contains("67108864\n33\n");
    } catch (LauncherException e) {
      assertThat(e).hasMessageStartingWith("--cgroup: control group must be delegated to us");
    }
  }

  // ---- the server ----

  @Test
  void endWithServer_endsProgramsOfAServerThatIsKilled() throws Exception {
    program("stay", "echo $$ >'" + directory + "/pid'\nexec sleep 987");
    try (Child child = child("--end-with-server")) {
      HttpClient.newHttpClient()
          .sendAsync(
              HttpRequest.newBuilder(URI.create(child.address() + "/stay")).build(),
              BodyHandlers.ofString());
      Path pid = directory.resolve("pid");
      long end = System.nanoTime() + PATIENCE;
      while (!Files.exists(pid) || Files.readString(pid).isBlank()) {
        assertThat(System.nanoTime()).as(child.errors()).isLessThan(end);
        Thread.sleep(5);
      }
      new ProcessBuilder("kill", "-KILL", Long.toString(child.pid())).start().waitFor();
      child.exit();
      awaitEnd(Long.parseLong(Files.readString(pid).strip()));
    }
  }

  private Child child(String word) throws IOException {
    return Child.start(
        directory, Map.of(), "serve", "--port", "0", "--cgi-dir", "/=" + programs, word);
  }

  private static void awaitEnd(long pid) throws Exception {
    long end = System.nanoTime() + PATIENCE;
    while (isThere(pid)) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.sleep(5);
    }
  }

  /** A zombie has ended, whoever is to reap it. */
  private static boolean isThere(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return !stat.substring(stat.lastIndexOf(')') + 2).startsWith("Z");
    } catch (IOException e) {
      return false;
    }
  }

  /** For good, so that it is a server of its own. Takes the native path, of JDK 22 and newer. */
  @Test
  void hideServer_keepsProgramsFromLookingIntoIt_orIsRefused() throws Exception {
    program("look", HEAD + "cat /proc/$PPID/environ >/dev/null 2>&1 && echo seen\necho looked");
    try (Child child = child("--hide-server")) {
      String line = child.firstLine();
      if (line == null) {
        assertThat(child.errors())
            .startsWith("postern: --hide-server: server cannot be hidden from programs: ")
            .hasLineCount(1);
        assertThat(child.exit()).isEqualTo(2);
        return;
      }
      assertThat(Runtime.version().feature()).isGreaterThanOrEqualTo(22);
      String address = line.substring(line.indexOf("http"), line.length() - 1);
      String seen =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(address + "/look")).build(),
                  BodyHandlers.ofString())
              .body();
      assertThat(seen).endsWith("looked\n");
      // Root may look into everything.
      assertThat(seen.contains("seen") && !isRoot()).isFalse();
    }
  }
}

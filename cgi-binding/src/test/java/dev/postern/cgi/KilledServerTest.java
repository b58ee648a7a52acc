package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.process.ProcessName;
import dev.postern.system.Cgroups;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server under load is killed by SIGKILL at a moment that nobody has chosen, and the next one
 * starts clean. {@code -Dpostern.kills=N} says how often.
 */
@EnabledOnOs(OS.LINUX)
class KilledServerTest {
  private static final int KILLS = Integer.getInteger("postern.kills", 2);
  private static final int MAX_MILLIS = 1500;
  private static final Path CGROUPS =
      Path.of(System.getProperty("postern.cgroup", "/sys/fs/cgroup/unified"));

  @TempDir Path directory;
  private Path programs;
  private Path spools;
  private Path running;

  @BeforeEach
  void write() throws IOException {
    programs = Files.createDirectory(directory.resolve("programs"));
    spools = Files.createDirectory(directory.resolve("spools"));
    running = Files.createDirectory(directory.resolve("running"));
    String head = "printf 'Content-Type: text/plain\\n\\n'";
    Programs.sh(programs, "good", head, "printf good");
    Programs.sh(programs, "silent", ": >" + running + "/$$", "exec sleep 987");
    Programs.sh(programs, "spooled", head, "exec cat");
  }

  @AfterEach
  void endWhatIsLeft() throws IOException {
    for (String pid : Figures.left(programs.toString())) {
      ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  /** A process that was only becoming a program is tied to nothing yet, and not looked at. */
  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS)
  void attackF22_tiedProgramsOfAKilledServer_endWithIt() throws Exception {
    int tied = 0;
    for (long seed = 0; seed < KILLS; seed++) {
      Set<String> ran = killUnderLoad(seed);
      tied += ran.size();
      awaitEnd(ran);
      assertNextStartIsClean();
    }
    System.out.println("kills: " + KILLS + ", " + tied + " programs ended with their server");
  }

  /** A start server may outlive the server whose programs it starts. */
  @Test
  @Timeout(120)
  void tiedProgramBesideAStartServer_endsWithTheServer() throws Exception {
    // One client runs two programs that end before the one that does not.
    Process server = start("1");
    Set<String> ran;
    try {
      do {
        Thread.sleep(5);
        ran = running();
      } while (ran.isEmpty());
    } finally {
      server.destroyForcibly();
    }
    assertThat(server.waitFor()).isEqualTo(137);
    awaitEnd(ran);
  }

  /**
   * What has left the program's process is not tied to the server, and in its group all the same.
   */
  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS)
  void attackF22_groupsOfAKilledServer_endWithTheNextStart() throws Exception {
    requireGroups();
    Programs.sh(
        programs,
        "silent",
        ": >" + running + "/$$",
        "setsid sleep 987 >/dev/null 2>&1 </dev/null & sleep 987 & exec sleep 987");
    for (long seed = 0; seed < KILLS; seed++) {
      killUnderLoad(seed, CGROUPS.toString());
      assertNextStartIsClean(CGROUPS.toString());
      assertThat(Figures.left(programs.toString())).as("programs, seed " + seed).isEmpty();
      assertThat(groups()).as("groups, seed " + seed).isZero();
    }
  }

  /** Which silent programs ran before. */
  private Set<String> killUnderLoad(long seed, String... group) throws Exception {
    endWhatIsLeft();
    try (Stream<Path> all = Files.list(running)) {
      for (Path file : all.toList()) {
        Files.delete(file);
      }
    }
    Set<String> ran = new HashSet<>();
    Process server = start("8", group);
    try (BufferedReader output = server.inputReader(StandardCharsets.UTF_8)) {
      assertThat(output.readLine()).isEqualTo("good");
      // The moment is the point: not for anything to happen.
      Thread.sleep(new Random(seed).nextInt(MAX_MILLIS));
      ran.addAll(running());
    } finally {
      server.destroyForcibly();
    }
    assertThat(server.waitFor()).isEqualTo(137);
    return ran;
  }

  private Set<String> running() throws IOException {
    try (Stream<Path> all = Files.list(running)) {
      return all.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
    }
  }

  private void assertNextStartIsClean(String... group) throws Exception {
    Files.createFile(spools.resolve("postern-spool-" + ended() + "-1f"));
    // A pid that another process has got meanwhile.
    long taken = ProcessHandle.current().pid();
    Files.createFile(spools.resolve("postern-spool-" + taken + "-1-1f"));
    Process next = start("0", group);
    String output = new String(next.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
    assertThat(next.waitFor()).isZero();
    assertThat(output).isEqualTo("good");
    assertThat(spools).isEmptyDirectory();
  }

  /** A spool has a name for a moment too short to be hit; this one's owner was. */
  private static ProcessName ended() throws Exception {
    Process process = new ProcessBuilder("/bin/true").start();
    ProcessName name = ProcessName.of(process.toHandle());
    process.waitFor();
    return name;
  }

  private Process start(String clients, String... group) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + spools));
    if (Boolean.getBoolean("postern.test.jar")) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(KilledServer.class.getName(), "load", programs.toString(), clients));
    command.addAll(List.of(group));
    return new ProcessBuilder(command)
        .redirectInput(new File("/dev/null"))
        .redirectError(directory.resolve("errors").toFile())
        .start();
  }

  private void awaitEnd(Set<String> pids) throws IOException {
    long start = System.nanoTime();
    while (!Collections.disjoint(pids, Figures.left(programs.toString()))) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static void requireGroups() {
    try {
      Isolation.builder().cgroup(CGROUPS).build();
    } catch (IllegalStateException e) {
      abort("no control group is delegated to this user: " + e.getMessage());
    }
  }

  /** Of servers that are gone; others may be running. */
  private static long groups() throws IOException {
    try (Stream<Path> groups = Files.list(CGROUPS)) {
      return groups.filter(group -> ProcessName.isLeftover(group, Cgroups.PREFIX)).count();
    }
  }
}

package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.Application;
import dev.postern.cgi.server.Tools;
import dev.postern.process.ProcessName;
import dev.postern.system.Owners;
import dev.postern.system.Spool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/** Request bodies on disk. */
@EnabledOnOs(OS.LINUX)
class SpoolTest {
  private static final int IN_MEMORY = 1000;

  @TempDir Path directory;

  @Test
  void bytes_areReadAsTheyWereWritten() throws IOException {
    byte[] bytes = new byte[5000];
    new Random(1).nextBytes(bytes);
    for (int length : new int[] {0, 1, 999, 1000, 1001, 5000}) {
      try (Spool spool = new Spool(directory, IN_MEMORY)) {
        for (int i = 0; i < length; i += 100) {
          spool.write(java.util.Arrays.copyOfRange(bytes, i, i + 100), Math.min(100, length - i));
        }
        assertThat(spool.length()).isEqualTo(length);
        byte[] expected = java.util.Arrays.copyOf(bytes, length);
        assertThat(spool.open().readAllBytes()).isEqualTo(expected);
        try (InputStream again = spool.open()) {
          for (byte b : expected) {
            assertThat((byte) again.read()).isEqualTo(b);
          }
          assertThat(again.read()).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void attackF23_file_hasNoNameWhileItIsUsed() throws IOException {
    long before = spools();
    try (Spool spool = new Spool(directory, IN_MEMORY)) {
      spool.write(new byte[2000], 2000);
      assertThat(names()).isZero();
      assertThat(spools()).isEqualTo(before + 1);
      assertThat(spool.open().readAllBytes()).hasSize(2000);
    }
    assertThat(spools()).isEqualTo(before);
  }

  @Test
  void attackF23_file_isReadByNobodyElse() throws IOException {
    try (Spool spool = new Spool(directory, IN_MEMORY)) {
      spool.write(new byte[2000], 2000);
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        assertThat(open.filter(this::isOurs))
            .singleElement()
            .satisfies(file -> assertThat(Owners.mode(file) & 0777).isEqualTo(0600));
      }
    }
  }

  private boolean isOurs(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).startsWith(directory.toRealPath());
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void attackF23_whatACrashHasLeft_isSwept() throws Exception {
    Process ended = new ProcessBuilder("/bin/true").start();
    ended.waitFor();
    Path stale = left(ended.pid() + "-1-1f");
    Path ours = left(ProcessName.current() + "-1f");
    Path other = left("notes");
    Path odd = left("x-y-z");

    Spool.sweep(directory);
    Spool.sweep(directory.resolve("none"));

    assertThat(stale).doesNotExist();
    assertThat(ours).exists();
    assertThat(other).exists();
    assertThat(odd).exists();
  }

  /** In a container, the next server is often that. */
  @Test
  void attackF23_whatIsLeftOfAPidThatIsTakenAgain_isSwept() throws Exception {
    Process server = new ProcessBuilder("/bin/sleep", "987").start();
    try {
      Path live = left(ProcessName.of(server.toHandle()) + "-1f");
      Path notItsOwn = left(server.pid() + "-1-1f");
      Path notOurs = left(ProcessHandle.current().pid() + "-1-1f");

      Spool.sweep(directory);

      assertThat(notItsOwn).doesNotExist();
      assertThat(notOurs).doesNotExist();
      assertThat(live).exists();
    } finally {
      server.destroyForcibly().waitFor();
    }
  }

  /** The gateway reads ahead into such a file, and has no time to ask the kernel for its start. */
  @Test
  void attackF23_whatAnExecutableLeftWhenItWasKilled_isSwept() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    Path stale = left(ended.pid() + "-0-1f");
    Path ours = left(ProcessHandle.current().pid() + "-0-1f");

    Spool.sweep(directory);

    assertThat(stale).doesNotExist();
    assertThat(ours).exists();
  }

  private Path left(String name) throws IOException {
    return Files.createFile(directory.resolve(Spool.PREFIX + name));
  }

  @Test
  void directoryThatIsNotThere_isAFailureOfTheWrite() throws IOException {
    try (Spool spool = new Spool(directory.resolve("none"), IN_MEMORY)) {
      spool.write(new byte[1000], 1000);
      assertThatThrownBy(() -> spool.write(new byte[1], 1)).isInstanceOf(IOException.class);
    }
  }

  @Test
  @ResourceLock(Resources.SYSTEM_PROPERTIES)
  void attackF23_noRoomForTheBody_is503AndStartsNothing() throws IOException {
    Path mark = directory.resolve("started");
    Application app = CgiApplication.of(Programs.sh(directory, "p", "touch " + mark));
    String before = System.getProperty("java.io.tmpdir");
    System.setProperty("java.io.tmpdir", directory.resolve("none").toString());
    try {
      Call call = Call.of("POST", "/").input(new ByteArrayInputStream(new byte[100_000])).to(app);
      assertThat(call.status).isEqualTo(503);
      assertThat(call.headers.get("Retry-After")).isNotNull();
      assertThat(call.rule()).isEqualTo("spool-full");
    } finally {
      System.setProperty("java.io.tmpdir", before);
    }
    assertThat(mark).doesNotExist();
  }

  @Test
  void attackF23_diskThatIsFullInTheMiddle_is503AndLeavesNothing() throws Exception {
    Path program =
        Programs.sh(directory, "p", "printf 'Content-Type: text/plain\\n\\n'; exec wc -c");
    Path disk = Files.createDirectory(directory.resolve("disk"));
    List<String> command = new ArrayList<>(onSmallDisk(disk));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + disk));
    if (Boolean.getBoolean("postern.test.jar")) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(FullDisk.class.getName(), program.toString()));

    Path errors = directory.resolve("errors");
    Process server = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    String report = new String(server.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(server.waitFor()).as(Files.readString(errors)).isZero();
    assertThat(report.lines())
        .containsExactly(
            "200 500000", "503 spool-full 10", "nothing is left", "200 9", "200 500000");
  }

  /** What a command begins with to have a disk of 1 MiB there, which ends with it. */
  private static List<String> onSmallDisk(Path disk) throws Exception {
    String unshare = Tools.require("unshare");
    String mount = Tools.require("mount") + " -t tmpfs -o size=1m none \"$0\"";
    // With a user namespace where the user is not root already.
    for (String namespaces : new String[] {"-m", "-rm"}) {
      List<String> command = List.of(unshare, namespaces, "/bin/sh", "-c");
      List<String> trial = new ArrayList<>(command);
      trial.addAll(List.of(mount, disk.toString()));
      if (new ProcessBuilder(trial).start().waitFor() == 0) {
        List<String> start = new ArrayList<>(command);
        start.addAll(List.of(mount + " && exec \"$@\"", disk.toString()));
        return start;
      }
    }
    return abort("this system lets this user mount no disk");
  }

  @Test
  void attackF23_spoolOfARequest_isGoneWithIt() throws IOException {
    long before = spools();
    Application app =
        CgiApplication.of(
            Programs.sh(directory, "p", "printf 'Content-Type: text/plain\\n\\n'; wc -c"));
    Application bad = CgiApplication.of(Programs.sh(directory, "bad", "echo nonsense"));
    for (int i = 0; i < 5; i++) {
      byte[] body = new byte[100_000];
      assertThat(Call.of("POST", "/").input(new ByteArrayInputStream(body)).to(app).body().trim())
          .isEqualTo("100000");
      assertThat(Call.of("POST", "/").input(new ByteArrayInputStream(body)).to(bad).status)
          .isEqualTo(502);
    }
    assertThat(spools()).isEqualTo(before);
  }

  private long names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.getFileName().toString().startsWith("postern")).count();
    }
  }

  /** Open files that have no name any more. */
  private static long spools() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(SpoolTest::isSpool).count();
    }
  }

  private static boolean isSpool(Path descriptor) {
    try {
      String target = Files.readSymbolicLink(descriptor).toString();
      return target.contains("postern-spool-") && target.endsWith("(deleted)");
    } catch (IOException e) {
      return false;
    }
  }
}

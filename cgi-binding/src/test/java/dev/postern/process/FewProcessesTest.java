package dev.postern.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.cgi.server.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The system refuses one process more: EAGAIN, which it never says to root. */
@EnabledOnOs(OS.LINUX)
class FewProcessesTest {
  /** A user that nobody is, so that no other process counts. */
  private static final int USER = 61_847;

  /** Enough for a small JVM, and some programs. */
  private static final int PROCESSES = 60;

  @TempDir Path directory;

  @Test
  void attackF11_tooFewProcesses_areRefusedAndComeBack() throws Exception {
    assumeTrue(
        Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid")),
        "only root can run a JVM as another user");
    Path report = directory.resolve("report");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    List<String> command = new ArrayList<>();
    command.add(Tools.require("setpriv"));
    command.addAll(List.of("--reuid=" + USER, "--regid=" + USER, "--clear-groups"));
    command.addAll(List.of(Tools.require("prlimit"), "--nproc=" + PROCESSES, "--"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (StartPath.inForce() == StartPath.NATIVE) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(copy(HostedProcess.class) + ":" + copy(FewProcesses.class));
    command.addAll(List.of(FewProcesses.class.getName(), report.toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(directory.resolve("errors").toFile());
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    assertThat(builder.start().waitFor())
        .as(Files.readString(directory.resolve("errors"), ISO_8859_1))
        .isZero();

    String text = Files.readString(report, ISO_8859_1);
    assertThat(text).startsWith(StartPath.inForce() + "\n").endsWith("\nfine-exit 0");
    // Where the JDK gets a process but no thread to wait for it, it throws and names no process.
    if (StartPath.inForce() == StartPath.NATIVE) {
      assertThat(text)
          .contains("EAGAIN, too many processes")
          .contains("\nchildren 0\ndescriptors more 0\n");
    }
  }

  /** Where another user can read it: a build may be in somebody's home. */
  private Path copy(Class<?> type) throws Exception {
    Path from = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path to = directory.resolve(type.getSimpleName() + "-" + from.getFileName());
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path copy = to.resolve(from.relativize(file).toString());
        Files.copy(file, file.equals(from) ? to : copy);
      }
    }
    return to;
  }
}

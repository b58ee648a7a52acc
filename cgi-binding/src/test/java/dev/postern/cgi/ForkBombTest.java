package dev.postern.cgi;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.HostAndPort;
import dev.postern.Application;
import dev.postern.cgi.server.Tools;
import dev.postern.process.StartPath;
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

/** The system counts the processes of each user, and does not for root. */
@EnabledOnOs(OS.LINUX)
class ForkBombTest {
  /** A user that nobody is, so that no other process counts. */
  private static final int USER = 61_848;

  @TempDir Path directory;

  @Test
  void attackF29_forkBomb_isBoundedAndEndedAndOthersAreServed() throws Exception {
    Tools.require("perl");
    Path report = directory.resolve("report");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    List<String> command = new ArrayList<>();
    if (Owners.current() == Owners.ROOT) {
      command.add(Tools.require("setpriv"));
      command.addAll(List.of("--reuid=" + USER, "--regid=" + USER, "--clear-groups", "--"));
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (StartPath.inForce() == StartPath.NATIVE) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
    List<String> places = new ArrayList<>();
    for (Class<?> type :
        List.of(Application.class, CgiApplication.class, ForkBomb.class, HostAndPort.class)) {
      places.add(copy(type));
    }
    command.add(String.join(":", places));
    command.addAll(
        List.of(
            ForkBomb.class.getName(), directory.resolve("programs").toString(), report.toString()));
    Path errors = directory.resolve("errors");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(errors.toFile());
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    int exit = builder.start().waitFor();

    assertThat(exit).as(Files.readString(errors, ISO_8859_1)).isZero();
    List<String> lines = Files.readAllLines(report);
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).matches("200 \\d+ \\d+");
    String[] counts = lines.get(0).split(" ");
    long made = Long.parseLong(counts[1]);
    // Threads of the JVM and others of the user may end meanwhile, which makes room for more.
    assertThat(made).isBetween(1L, ForkBomb.PROCESSES + 80L);
    assertThat(made + Long.parseLong(counts[2])).isEqualTo(ForkBomb.FORKS);
    assertThat(lines.get(1)).isEqualTo("beside " + (made + 1) + ": 200 good");
    assertThat(lines.get(2)).isEqualTo("left 0");
  }

  /** Where another user can read it: a build may be in somebody's home. */
  private String copy(Class<?> type) throws Exception {
    Path from = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path to = directory.resolve(type.getSimpleName() + "-" + from.getFileName());
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, file.equals(from) ? to : to.resolve(from.relativize(file).toString()));
      }
    }
    return to.toString();
  }
}

package dev.postern.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Starts from JVMs whose own start was unusual, on the path that is in force for this run. {@code
 * -Dpostern.refusals=N} says how many are refused for want of descriptors.
 */
@EnabledOnOs(OS.LINUX)
class StartInOwnJvmTest {
  private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

  @TempDir Path directory;

  @Test
  void attackJ01_environmentUnderTheCLocale_isExact() throws Exception {
    String report = report("env", "exec \"$@\"", Map.of("LC_ALL", "C"));
    assertThat(report).contains("PATH_INFO=" + StartProbe.PATH_INFO + "\n").endsWith("exit 5");
  }

  @Test
  void environmentUnderAUtf8Locale_isExact() throws Exception {
    String report = report("env", "exec \"$@\"", Map.of("LC_ALL", "C.UTF-8"));
    assertThat(report).contains("PATH_INFO=" + StartProbe.PATH_INFO + "\n").endsWith("exit 5");
  }

  @Test
  void ignoredChildSignal_losesNoStatus() throws Exception {
    assertThat(report("env", "trap '' CHLD; exec \"$@\"", Map.of())).endsWith("exit 5");
  }

  @Test
  void attackF17_descriptorsOfOurParent_areNotPassedOn() throws Exception {
    String report = report("fds", "exec 7</dev/null 8>&7; exec \"$@\"", Map.of());
    assertThat(report).endsWith("0\n1\n2\nexit 5");
  }

  @Test
  void jvmWithoutStandardStreams_startsPrograms() throws Exception {
    String report = report("fds", "exec \"$@\" <&- >&- 2>&-", Map.of());
    assertThat(report).endsWith("0\n1\n2\nexit 5");
  }

  @Test
  void attackF11_tooFewDescriptors_areRefusedAndLeakNothing() throws Exception {
    assertThat(report("descriptors", "ulimit -n 100; exec \"$@\" 2>/dev/null", Map.of()))
        .endsWith("\ndescriptors more 0\nfine-exit 0");
  }

  /** A server whose files nobody can open is of no use. */
  @Test
  void startServerWhoseChildrenCannotBeReached_ends() throws Exception {
    String apart = "unshare -m sh -c 'mount -t tmpfs none /proc'";
    if (new ProcessBuilder("/bin/sh", "-c", apart + " 2>&1").start().waitFor() != 0) {
      Assumptions.abort("this system lets this user mount nothing");
    }
    assertThat(report("refused", "exec unshare -m \"$@\"", Map.of()))
        .endsWith("\nserved refused 0");
  }

  @Test
  void attackF22_endOfTheJvm_endsItsPrograms() throws Exception {
    Path file = directory.resolve("pid");
    Process jvm = start(file, "hang", "exec \"$@\"", Map.of(), access());
    ProcessFixture.await(() -> ProcessFixture.holdsLine(file));
    long pid = Long.parseLong(Files.readString(file).trim());
    assertThat(ProcessTable.session(pid)).isNotEmpty();
    jvm.destroy();
    assertThat(jvm.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(ProcessTable.session(pid)).isEmpty();
  }

  @Test
  @EnabledIfSystemProperty(named = "postern.test.jar", matches = "true")
  void withoutNativeAccess_isPortableAndSaysSoOnce() throws Exception {
    Path file = directory.resolve("report");
    Process jvm = start(file, "twice", "exec \"$@\"", Map.of(), List.of());
    String log = new String(jvm.getErrorStream().readAllBytes(), ISO_8859_1);
    assertThat(jvm.waitFor()).isZero();
    assertThat(Files.readString(file, ISO_8859_1)).isEqualTo("ProcessBuilder\nexit 1exit 2");
    assertThat(log.lines().filter(line -> line.contains("programs are not started by")))
        .singleElement()
        .asString()
        .contains("native access is not allowed")
        .contains(NATIVE_ACCESS);
    assertThat(log).doesNotContain("WARNING");
  }

  /** On powerpc, some numbers of the system are others. */
  @Test
  @EnabledIfSystemProperty(named = "postern.test.jar", matches = "true")
  void otherArchitecture_isPortable() throws Exception {
    Path file = directory.resolve("report");
    List<String> options = List.of(NATIVE_ACCESS, "-Dos.arch=ppc64le");
    Process jvm = start(file, "twice", "exec \"$@\"", Map.of(), options);
    jvm.getErrorStream().transferTo(System.err);
    assertThat(jvm.waitFor()).isZero();
    assertThat(Files.readString(file, ISO_8859_1)).isEqualTo("ProcessBuilder\nexit 1exit 2");
  }

  private String report(String mode, String shell, Map<String, String> environment)
      throws Exception {
    Path file = directory.resolve("report");
    Process jvm = start(file, mode, shell, environment, access());
    jvm.getErrorStream().transferTo(System.err);
    assertThat(jvm.waitFor()).isZero();
    String report = Files.readString(file, ISO_8859_1);
    assertThat(report).startsWith(StartPath.inForce() + "\n");
    return report;
  }

  private static List<String> access() {
    return StartPath.inForce() == StartPath.NATIVE ? List.of(NATIVE_ACCESS) : List.of();
  }

  private static Process start(
      Path file, String mode, String shell, Map<String, String> environment, List<String> options)
      throws IOException, URISyntaxException {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", shell, "sh"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-Dpostern.refusals=" + Integer.getInteger("postern.refusals", 100));
    command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp"));
    List<String> places = new ArrayList<>();
    for (Class<?> type : List.of(Application.class, HostedProcess.class, StartProbe.class)) {
      places.add(location(type).toString());
    }
    command.add(String.join(":", places));
    command.addAll(List.of(StartProbe.class.getName(), file.toString(), mode));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static Path location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }
}

package dev.postern.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.Application;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a program sees of the JVM that has started it, when both are of one user. */
@EnabledOnOs(OS.LINUX)
class HiddenServerTest {
  /** A user that nobody is. */
  private static final int USER = 61_848;

  @TempDir Path directory;

  @Test
  void hideServer_hidesEnvironmentAndDescriptors_whereNativeCallsAreAllowed() throws Exception {
    assumeTrue(
        Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid")),
        "only root can run a JVM as another user");
    OtherUser other = new OtherUser(USER, directory);
    Path report = directory.resolve("report");
    other.run(
        other.become(),
        List.of(Application.class, HostedProcess.class),
        HiddenServer.class,
        report);

    String expected =
        StartPath.inForce() == StartPath.NATIVE
            ? "seen\nseen\nrefusal false\nhidden\nhidden\n"
            : "seen\nseen\nrefusal true\nseen\nseen\n";
    assertThat(Files.readString(report, ISO_8859_1)).isEqualTo(expected);
  }
}

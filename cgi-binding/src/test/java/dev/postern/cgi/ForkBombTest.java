package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.HostAndPort;
import dev.postern.Application;
import dev.postern.cgi.server.Tools;
import dev.postern.process.Exclusive;
import dev.postern.process.OtherUser;
import dev.postern.system.Owners;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The system counts the processes of each user, and does not for root. */
@EnabledOnOs(OS.LINUX)
@Exclusive("fork-bomb")
class ForkBombTest {
  /** A user that nobody is, so that no other process counts. */
  private static final int USER = 61_848;

  @TempDir Path directory;

  @Test
  void attackF29_forkBomb_isBoundedAndEndedAndOthersAreServed() throws Exception {
    Tools.require("perl");
    Path report = directory.resolve("report");
    OtherUser other = new OtherUser(USER, directory);
    other.run(
        Owners.current() == Owners.ROOT ? other.become() : List.of(),
        List.of(Application.class, CgiApplication.class, HostAndPort.class),
        ForkBomb.class,
        directory.resolve("programs"),
        report);

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
}

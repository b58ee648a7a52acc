package dev.postern.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.Application;
import dev.postern.cgi.server.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The system refuses one process more: EAGAIN, which it never says to root. */
@EnabledOnOs(OS.LINUX)
@Exclusive("few-processes")
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
    OtherUser other = new OtherUser(USER, directory);
    List<String> prefix = new ArrayList<>(other.become());
    prefix.addAll(List.of(Tools.require("prlimit"), "--nproc=" + PROCESSES, "--"));
    other.run(prefix, List.of(Application.class, HostedProcess.class), FewProcesses.class, report);

    String text = Files.readString(report, ISO_8859_1);
    assertThat(text).startsWith(StartPath.inForce() + "\n").endsWith("\nfine-exit 0");
    // Where the JDK gets a process but no thread to wait for it, it throws and names no process.
    if (StartPath.inForce() == StartPath.NATIVE) {
      assertThat(text)
          .contains("EAGAIN, too many processes")
          .contains("\nchildren 0\ndescriptors more 0\n");
    }
  }
}

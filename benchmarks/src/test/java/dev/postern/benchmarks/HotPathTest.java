package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class HotPathTest {
  private static HotPath.Frame frame(String name) {
    int dot = name.lastIndexOf('.');
    return new HotPath.Frame(name.substring(0, dot), name.substring(dot + 1));
  }

  private static List<HotPath.Frame> stack(String... names) {
    return List.of(names).stream().map(HotPathTest::frame).toList();
  }

  @Test
  void part_ofTheJdk_isItsCallers() {
    assertThat(
            HotPath.part(
                stack(
                    "java.util.HashMap.put",
                    "dev.postern.cgi.ProgramEnvironment.add",
                    "dev.postern.Exchange.run",
                    "org.eclipse.jetty.server.Server.handle")))
        .isEqualTo("hosting: checks, environment, rules");
  }

  @Test
  void part_ofEachPackage_isToldApart() {
    assertThat(HotPath.part(stack("dev.postern.Exchange.run"))).isEqualTo("engine");
    assertThat(HotPath.part(stack("org.eclipse.jetty.server.Server.handle"))).isEqualTo("Jetty");
    assertThat(HotPath.part(stack("dev.postern.process.Libc.poll")))
        .isEqualTo("program: pipes, poll, read, wait, close");
    assertThat(HotPath.part(stack("dev.postern.process.Libc.x", "dev.postern.process.Spawn.start")))
        .isEqualTo("program: posix_spawn");
    assertThat(HotPath.part(stack("java.lang.Thread.run")))
        .isEqualTo("the JDK's own threads, and no stack");
  }

  @Test
  void of_path_saysSharesAndBytesOfARequest() {
    HotPath path = new HotPath();
    path.addTime(stack("dev.postern.process.Spawn.spawn"));
    path.addTime(stack("java.util.HashMap.put", "dev.postern.Exchange.run"));
    path.addTime(stack("dev.postern.Exchange.run"));
    path.addTime(stack("dev.postern.Exchange.run"));
    path.addBytes(stack("dev.postern.Exchange.run"), "[B", 3_000);
    path.addBytes(stack("dev.postern.Exchange.run"), "java.lang.String", 1_000);
    path.threadsStarted = 1;

    assertThat(ProfileReport.of(path, new ProcessTimes(30, 20, 50), 20_000, 10, 14))
        .contains("| server, outside the kernel | 30 % |")
        .contains("| programs, with their exec and exit | 50 % |")
        .contains("Threads: 14, of which 1 were started during the\nrecording: 0.1000")
        .contains("| program: posix_spawn | 25.0 % |")
        .contains("| Exchange.run → HashMap.put | 25.0 % |")
        .contains("| [B | 75.0 % | 300 |");
  }

  @Test
  void parse_nameWithBlanks_isPassedOver() {
    assertThat(
            ProcessTimes.parse(
                "7 (a) b (c) S 1 7 7 0 -1 4194560 100 200 0 0 26 9 29 21 20 0 14 0 100"))
        .isEqualTo(new ProcessTimes(26, 9, 50));
  }
}

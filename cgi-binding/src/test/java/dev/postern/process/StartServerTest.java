package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Programs that a resident server starts. */
class StartServerTest extends HostedProcessContract {
  @BeforeAll
  static void begin() {
    StartServer.begin();
  }

  @Override
  HostedProcess start(
      List<String> command, Map<String, String> environment, Path directory, InputStream body)
      throws IOException {
    HostedProcess served = StartServer.launch(command, environment, directory, body);
    return served == null
        ? PortableProcess.launch(command, environment, directory, body, false)
        : served;
  }

  private static final Path ROOT = Path.of("/");

  /** Of the server alone. */
  private static Running served(InputStream body, Map<String, String> variables, String script)
      throws IOException {
    HostedProcess process =
        StartServer.launch(List.of("/bin/sh", "-c", script), variables, ROOT, body);
    assertThat(process).isNotNull();
    return new Running(process);
  }

  /** What it cannot run is for the other way to tell. */
  @Test
  void programThatCannotBeRun_isLeftToTheOtherWay() throws IOException {
    assertThat(StartServer.launch(List.of("/none"), Map.of(), ROOT, null)).isNull();
    assertThat(StartServer.launch(List.of("/bin/true"), Map.of(), Path.of("/none"), null)).isNull();
    try (Running next = served(null, Map.of(), "echo next")) {
      assertThat(next.output()).isEqualTo("next\n");
    }
  }

  /** Bytes that the JDK's way cannot pass on in most locales. */
  @Test
  void everyByte_isPassedOn() throws IOException {
    StringBuilder all = new StringBuilder();
    for (char c = 1; c < 256; c++) {
      all.append(c);
    }
    try (Running program = served(null, Map.of("A", all.toString()), "printf %s \"$A\"")) {
      assertThat(program.output()).isEqualTo(all.toString());
    }
  }

  /** A program goes on without the server that has started it, and another one starts the next. */
  @Test
  void serverThatIsKilled_takesNoProgramAlong() throws Exception {
    InputStream body = new ByteArrayInputStream("on\n".getBytes(StandardCharsets.US_ASCII));
    try (Running program = served(body, Map.of(), "read line; sleep 0.1; echo $line")) {
      for (ProcessHandle server : ProcessHandle.current().children().toList()) {
        String name = Files.readString(Path.of("/proc", "" + server.pid(), "comm"));
        if (name.startsWith("postern-start")) {
          server.destroyForcibly();
          server.onExit().join();
        }
      }
      assertThat(program.output()).isEqualTo("on\n");
    }
    try (Running next = run(List.of("/bin/echo", "next"), Map.of(), null)) {
      assertThat(next.output()).isEqualTo("next\n");
    }
    // The other tests of this class are of a server.
    StartServer.begin();
  }

  @Override
  int repeats() {
    return 1_000;
  }
}

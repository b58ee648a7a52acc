package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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

  /** The kernel ends it with its parent. */
  @Test
  void programThatIsTiedToThisJvm_isItsChild() throws IOException {
    List<String> command = List.of("/bin/sh", "-c", "echo $PPID");
    try (Running tied = new Running(HostedProcess.start(command, Map.of(), ROOT, null, true))) {
      assertThat(tied.output()).isEqualTo(ProcessHandle.current().pid() + "\n");
    }
  }

  /** A program goes on without the server that has started it, and another one starts the next. */
  @Test
  void serverThatIsKilled_takesNoProgramAlong() throws Exception {
    InputStream body = new ByteArrayInputStream("on\n".getBytes(StandardCharsets.US_ASCII));
    try (Running program = served(body, Map.of(), "read line; sleep 0.1; echo $line")) {
      for (ProcessHandle server : servers()) {
        server.destroyForcibly();
        server.onExit().join();
      }
      assertThat(program.output()).isEqualTo("on\n");
    }
    try (Running next = run(List.of("/bin/echo", "next"), Map.of(), null)) {
      assertThat(next.output()).isEqualTo("next\n");
    }
    // The other tests of this class are of a server.
    StartServer.begin();
  }

  /** A server that hangs gets no further program, and ends with its last one. */
  @Test
  void serverThatHangs_endsWithTheLastOfItsPrograms() throws Exception {
    ProcessHandle hung;
    Path go = directory.resolve("go");
    String script = "until [ -e '" + go + "' ]; do sleep 0.02; done; echo on; exit 7";
    try (Running program = served(null, Map.of("PATH", "/usr/bin:/bin"), script)) {
      hung = servers().get(0);
      signal("STOP", hung);
      assertThatThrownBy(() -> StartServer.launch(List.of("/bin/true"), Map.of(), ROOT, null))
          .hasMessage("program may have begun")
          .hasCauseInstanceOf(IllegalStateException.class);
      assertThat(StartServer.launch(List.of("/bin/true"), Map.of(), ROOT, null)).isNull();
      signal("CONT", hung);
      Files.createFile(go);
      assertThat(program.output()).isEqualTo("on\n");
      assertThat(program.process.exit().code()).isEqualTo(7);
    }
    while (hung.isAlive()) {
      LockSupport.parkNanos(1_000_000);
    }
    StartServer.begin();
  }

  /** As a service manager does that stops all processes of a control group at once. */
  @Test
  void serverThatIsToldToEnd_staysWithItsPrograms() throws Exception {
    Path go = directory.resolve("go");
    String script = "until [ -e '" + go + "' ]; do sleep 0.02; done; echo on; exit 7";
    try (Running program = served(null, Map.of("PATH", "/usr/bin:/bin"), script)) {
      List<ProcessHandle> server = servers();
      for (String name : List.of("HUP", "INT", "TERM")) {
        signal(name, server.get(0));
      }
      try (Running next = served(null, Map.of(), "echo next")) {
        assertThat(next.output()).isEqualTo("next\n");
      }
      assertThat(servers()).isEqualTo(server);
      Files.createFile(go);
      assertThat(program.output()).isEqualTo("on\n");
      assertThat(program.process.exit().code()).isEqualTo(7);
    }
  }

  /** A request that may not fit into the pipe to the server is for the other way. */
  @Test
  void longRequest_isLeftToTheOtherWay() throws IOException {
    Map<String, String> variables = Map.of("LONG", "x".repeat(100_000));
    assertThat(StartServer.launch(List.of("/bin/true"), variables, ROOT, null)).isNull();
  }

  /** Python and the server ignore some signals, and their children would. */
  @Test
  void signalsThatTheServerIgnores_areThoseOfTheJvm() throws IOException {
    String script = "while read line; do echo \"$line\"; done </proc/self/status";
    try (Running program = served(null, Map.of(), script)) {
      long ignored = signals(program.output(), "SigIgn");
      long brokenPipe = 1L << 12;
      long fileTooLarge = 1L << 24;
      assertThat(ignored & (brokenPipe | fileTooLarge)).isZero();
      long stops = 1L | 1L << 1 | 1L << 14;
      long own = signals(Files.readString(Path.of("/proc/self/status")), "SigIgn");
      assertThat(ignored & stops).isEqualTo(own & stops);
    }
  }

  /** Each look reads a file of /proc. */
  @Test
  void programThatWorksOn_isLookedAtMoreAndMoreRarely() throws IOException {
    Map<String, String> variables = Map.of("PATH", "/usr/bin:/bin");
    try (Running program = served(null, variables, "exec >&-; exec sleep 1.5")) {
      assertThat(program.output()).isEmpty();
      long before = reads();
      assertThat(program.process.finish(Duration.ofSeconds(60))).isTrue();
      // 2 or 3 for each of about 50 looks in the first 100 ms, and of about 20 looks afterwards.
      assertThat(reads() - before).isLessThan(500);
    }
  }

  /** How often this thread has read from a file. */
  private static long reads() throws IOException {
    String counts = Files.readString(Path.of("/proc/thread-self/io"));
    String line = counts.lines().filter(l -> l.startsWith("syscr:")).findFirst().orElseThrow();
    return Long.parseLong(line.substring(line.indexOf(' ') + 1));
  }

  /** The server keeps neither the directory of a program nor its pipes. */
  @Test
  @Timeout(60)
  void server_keepsNothingOfAProgram() throws IOException {
    String script =
        "until [ $(readlink /proc/$PPID/cwd) = / ]; do sleep 0.01; done; ls -l /proc/$PPID/fd";
    HostedProcess process =
        StartServer.launch(
            List.of("/bin/sh", "-c", script), Map.of("PATH", "/usr/bin:/bin"), directory, null);
    assertThat(process).isNotNull();
    try (Running program = new Running(process)) {
      // Its own two, and the six ends of the three that wait for the next program.
      assertThat(program.output().lines().filter(line -> line.contains("pipe:"))).hasSize(8);
    }
  }

  /** The system shows such a program as a zombie, although its other threads run. */
  @Test
  void programWhoseFirstThreadHasEnded_worksOn() throws IOException {
    Path python = Path.of("/usr/bin/python3");
    String code =
        """
        import ctypes, os, threading, time
        def work():
            time.sleep(0.3)
            os.write(1, b"late")
            os._exit(3)
        threading.Thread(target=work).start()
        ctypes.CDLL(None).pthread_exit(None)
        """;
    HostedProcess process =
        StartServer.launch(List.of(python.toString(), "-c", code), Map.of(), ROOT, null);
    assertThat(process).isNotNull();
    try (Running program = new Running(process)) {
      assertThat(program.output()).isEqualTo("late");
      assertThat(program.process.exit().code()).isEqualTo(3);
    }
  }

  private static List<ProcessHandle> servers() throws IOException {
    List<ProcessHandle> servers = new ArrayList<>();
    for (ProcessHandle child : ProcessHandle.current().children().toList()) {
      String name = Files.readString(Path.of("/proc", "" + child.pid(), "comm"));
      if (name.startsWith("postern-start")) {
        servers.add(child);
      }
    }
    return servers;
  }

  private static void signal(String name, ProcessHandle process) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor())
        .isZero();
  }

  @Override
  int repeats() {
    return 1_000;
  }
}

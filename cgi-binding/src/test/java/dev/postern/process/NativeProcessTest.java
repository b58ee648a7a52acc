package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Runs on the packaged jar, as class folders know no versions. */
@EnabledIfSystemProperty(
    named = "postern.test.jar",
    matches = "true",
    disabledReason = "the native path is in the packaged jar, for JDK 22 and newer")
class NativeProcessTest extends HostedProcessContract {
  @Override
  HostedProcess start(
      List<String> command, Map<String, String> environment, Path directory, InputStream body)
      throws IOException {
    return HostedProcess.start(command, environment, directory, body);
  }

  @Override
  int repeats() {
    return 5_000;
  }

  @Test
  void pathInForce_isTheNativeOne() throws IOException {
    assertThat(StartPath.inForce()).isEqualTo(StartPath.NATIVE).hasToString("posix_spawn");
    try (Running program = sh("exit 0")) {
      assertThat(program.process.getClass().getSimpleName()).isEqualTo("NativeProcess");
    }
  }

  @Test
  void attackF18_signals_areAtTheirDefaultsAndNoneIsBlocked() throws IOException {
    try (Running program = run(List.of("/bin/cat", "/proc/self/status"), PLAIN, null)) {
      String status = program.output();
      assertThat(signals(status, "SigIgn")).isZero();
      assertThat(signals(status, "SigBlk")).isZero();
    }
  }

  /** A worker that crashes may leave one where the next request finds it. */
  @Test
  void serverProcess_leavesNoCoreFile() throws Exception {
    String own = Long.toString(ProcessHandle.current().pid());
    String before = coreLimit(Files.readString(Path.of("/proc/self/limits")))[0];
    prlimit(own, coreLimit(Files.readString(Path.of("/proc/self/limits")))[1]);
    try {
      ServerProcess server =
          ServerProcess.start(
              List.of("/bin/sh", "-c", "read x; exec cat /proc/self/limits"), PLAIN, directory);
      server.commands().write('\n');
      server.commands().close();
      byte[] limits = server.reports().readAllBytes();
      assertThat(coreLimit(new String(limits, StandardCharsets.US_ASCII))[0]).isEqualTo("0");
    } finally {
      prlimit(own, before);
    }
  }

  /** The soft and the hard one. */
  private static String[] coreLimit(String limits) {
    String line = limits.lines().filter(l -> l.startsWith("Max core")).findFirst().orElseThrow();
    return line.substring("Max core file size".length()).trim().split(" +", 3);
  }

  private static void prlimit(String process, String soft) throws Exception {
    int exit =
        new ProcessBuilder("prlimit", "--pid", process, "--core=" + soft + ":").start().waitFor();
    assertThat(exit).isZero();
  }

  @Test
  void attackF12_failures_haveTheirReason() throws IOException {
    Path text = Files.writeString(directory.resolve("text"), "no program");
    text.toFile().setExecutable(true);
    Path plain = Files.writeString(directory.resolve("plain"), "#!/bin/sh\n");
    assertThatThrownBy(() -> run(List.of(directory.resolve("none").toString()), PLAIN, null))
        .hasMessageContaining("ENOENT");
    assertThatThrownBy(() -> run(List.of(text.toString()), PLAIN, null))
        .hasMessageContaining("ENOEXEC");
    assertThatThrownBy(() -> run(List.of(plain.toString()), PLAIN, null))
        .hasMessageContaining("EACCES");
    assertThatThrownBy(() -> run(List.of("/bin/true"), Map.of("A", "x".repeat(140_000)), null))
        .hasMessageContaining("E2BIG");
  }

  /** Whoever asked for the start tries again. */
  @Test
  void attackF12_programThatIsBeingWritten_isRefused() throws Exception {
    Path program = directory.resolve("program");
    Files.copy(Path.of("/bin/true"), program);
    try (var open = Files.newByteChannel(program, StandardOpenOption.WRITE)) {
      assertThatThrownBy(() -> run(List.of(program.toString()), PLAIN, null))
          .hasMessageContaining("ETXTBSY");
      assertThat(open.isOpen()).isTrue();
    }
    try (Running started = run(List.of(program.toString()), PLAIN, null)) {
      assertThat(started.output()).isEmpty();
    }
  }

  @Test
  void directoryWithBytesBeyondAscii_isEntered() throws IOException {
    Path odd = Files.createDirectory(directory.resolve("h\u00e9"));
    try (Running program = new Running(start(List.of("/bin/pwd"), PLAIN, odd, null))) {
      String bytes =
          new String(
              odd.toRealPath().toString().getBytes(ProgramText.charset()),
              StandardCharsets.ISO_8859_1);
      assertThat(program.output()).isEqualTo(bytes + "\n");
    }
  }

  @Test
  void attackF21_silentPrograms_holdNoCarrierOfVirtualThreads() throws Exception {
    Method startVirtual = Thread.class.getMethod("startVirtualThread", Runnable.class);
    List<Running> programs = new ArrayList<>();
    List<Thread> waiting = new ArrayList<>();
    try {
      for (int i = 0; i < 64; i++) {
        programs.add(sh("exec sleep 300"));
      }
      for (Running program : programs) {
        Runnable read =
            () -> {
              try {
                program.process.read(Duration.ofMinutes(5));
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            };
        waiting.add((Thread) startVirtual.invoke(null, read));
      }
      for (int i = 0; i < 20; i++) {
        CompletableFuture<Void> ran = new CompletableFuture<>();
        startVirtual.invoke(null, (Runnable) () -> ran.complete(null));
        ran.get(30, TimeUnit.SECONDS);
      }
    } finally {
      for (Running program : programs) {
        program.process.wake();
      }
      for (Thread thread : waiting) {
        thread.join();
      }
      programs.forEach(Running::close);
    }
  }
}

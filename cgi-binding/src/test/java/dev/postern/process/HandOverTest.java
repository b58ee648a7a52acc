package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests for processes that do not take them. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class HandOverTest {
  @TempDir Path directory;
  private Process worker;

  @AfterEach
  void endWorker() throws IOException, InterruptedException {
    ProcessHandle.of(Long.parseLong(Files.readString(directory.resolve("other")).trim()))
        .ifPresent(ProcessHandle::destroyForcibly);
    worker.destroyForcibly().waitFor();
  }

  /** One that fits into the pipe, and one that does not. */
  @ParameterizedTest
  @ValueSource(ints = {100, 200_000})
  void hungWorkerWhosePipeOthersHold_isGivenUp(int length) throws Exception {
    Path other = directory.resolve("other");
    worker =
        new ProcessBuilder(
                "/bin/sh",
                "-c",
                "exec 3<&0; sleep 987 <&3 >/dev/null 2>&1 & echo $! >" + other + "; exec sleep 988")
            .start();
    ProcessFixture.await(() -> ProcessFixture.holdsLine(other));

    assertThatThrownBy(() -> hand(new byte[length]))
        .isInstanceOf(IOException.class)
        .hasMessage("process of a request must take it in time")
        .hasCauseInstanceOf(IllegalStateException.class);
  }

  /** The system does not tell whether the worker has its request, so that it may have run. */
  @Test
  void workerThatMayHaveItsRequest_countsAsBegun() throws Exception {
    Path other = directory.resolve("other");
    worker =
        new ProcessBuilder("/bin/sh", "-c", "echo $$ >" + other + "; exec sleep 988 </dev/null")
            .start();
    ProcessFixture.await(this::readsNothing);
    // /dev/null takes the request, and cannot tell how much of it was read.
    Assumptions.assumeTrue(
        StartPath.inForce() == StartPath.NATIVE, "the JDK takes /dev/null for an empty pipe");

    assertThatThrownBy(() -> hand(new byte[100]))
        .isInstanceOf(IOException.class)
        .hasMessage("program may have begun")
        .hasCauseInstanceOf(IllegalStateException.class);
  }

  private boolean readsNothing() {
    Path input = Path.of("/proc", Long.toString(worker.pid()), "fd", "0");
    try {
      return Files.readSymbolicLink(input).equals(Path.of("/dev/null"));
    } catch (IOException e) {
      return false;
    }
  }

  private void hand(byte[] request) throws IOException {
    ForkedChild child =
        new ForkedChild(
            worker.pid(),
            ProcessHandle.current().pid(),
            0,
            1,
            2,
            0,
            new CompletableFuture<>(),
            pid -> {});
    HostedProcess.adopt(child, List.of("/worker"), request, null).close();
  }
}

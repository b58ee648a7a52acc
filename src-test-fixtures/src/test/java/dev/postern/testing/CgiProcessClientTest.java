package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class CgiProcessClientTest {
  @TempDir Path directory;

  @Test
  void responseWithoutTheBytesOfItsLength_isCut() throws IOException {
    CgiProcessClient client =
        CgiProcessClient.of(
            List.of(
                "/bin/sh",
                "-c",
                "echo Status: ${QUERY_STRING:-200} X; echo Content-Length: 5; echo"),
            directory);
    assertThat(client.send(TestRequest.get("/")).isComplete()).isFalse();
    assertThat(client.send(TestRequest.of("HEAD", "/")).isComplete()).isTrue();
    assertThat(client.send(TestRequest.get("/?304")).isComplete()).isTrue();
  }

  @Test
  void statusAndLength_mustBeDigits() throws IOException {
    CgiProcessClient client =
        CgiProcessClient.of(
            List.of("/bin/sh", "-c", "echo $QUERY_STRING; echo; echo x"), directory);
    for (String status : List.of("20", "OK", "2000", "-20")) {
      assertThatIOException()
          .isThrownBy(() -> client.send(TestRequest.get("/?Status:" + status)))
          .withMessage("Status must begin with three digits: " + status);
    }
    assertThatIOException()
        .isThrownBy(() -> client.send(TestRequest.get("/?Content-Length:+2")))
        .withMessage("Content-Length must be digits: +2");
  }

  @Test
  @Timeout(60)
  void silentProgram_isKilledWithItsChild() throws Exception {
    CgiProcessClient client = sleeping("exec sleep 600").waiting(Duration.ofMillis(200));
    assertThatExceptionOfType(InterruptedIOException.class)
        .isThrownBy(() -> client.send(TestRequest.get("/")))
        .withMessage("program was silent for PT0.2S");
    awaitEnds();
  }

  @Test
  @Timeout(60)
  void closedClient_killsWhatRuns() throws Exception {
    CgiProcessClient client = sleeping("trap '' PIPE; echo; echo x; wait");
    GatewayClient.Conversation talk = client.open(TestRequest.get("/"));
    talk.status();
    talk.close();
    client.waiting(Duration.ofMinutes(1)).close();
    awaitEnds();
  }

  private CgiProcessClient sleeping(String rest) throws IOException {
    String program = "sleep 600 & echo $$ $! >" + directory.resolve("pids") + "; " + rest;
    return CgiProcessClient.of(List.of("/bin/sh", "-c", program), directory);
  }

  private void awaitEnds() throws Exception {
    for (String pid : Files.readString(directory.resolve("pids")).trim().split(" ")) {
      Optional<ProcessHandle> program = ProcessHandle.of(Long.parseLong(pid));
      if (program.isPresent()) {
        program.get().onExit().get();
      }
    }
  }

  @Test
  void waitThatIsNotPositive_isRefused() throws IOException {
    CgiProcessClient client = CgiProcessClient.of(List.of("/bin/true"), directory);
    assertThatIllegalArgumentException().isThrownBy(() -> client.waiting(Duration.ZERO));
  }
}

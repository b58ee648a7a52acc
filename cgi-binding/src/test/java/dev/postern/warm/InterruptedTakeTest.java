package dev.postern.warm;

import static dev.postern.warm.NoRoomTest.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The child that an interrupted request has ordered is that of the next request. */
@Timeout(60)
class InterruptedTakeTest {
  @TempDir Path directory;

  private static final class Quiet implements ForkServer.Listener {
    @Override
    public void ready(ForkServer server) {}

    @Override
    public void refused(ForkServer server, String why, boolean byItself) {}

    @Override
    public void learned(ForkServer server, Map<String, String> modules) {}

    @Override
    public void ended(ForkServer server) {}
  }

  @Test
  void interruptedTake_leavesNoSpare() throws Exception {
    Path orders = directory.resolve("orders");
    String script =
        "printf 'ready\\t/\\n'; while read order; do echo $order >> orders; echo $$ 3 4 5 6; done";
    ForkServer server =
        new ForkServer(
            new ServerStart(
                List.of("/bin/sh", "-c", script),
                Map.of("PATH", "/usr/bin:/bin"),
                directory,
                new byte[0]),
            1,
            new Quiet());
    server.begin();
    try {
      await(server::isServing);
      Thread.currentThread().interrupt();
      assertThatThrownBy(server::take).isInstanceOf(InterruptedException.class);
      assertThat(server.take().child()).isNotNull();
      assertThat(server.take().child()).isNotNull();
      assertThat(Files.readAllLines(orders)).containsExactly("f", "f");
    } finally {
      server.kill();
      server.join(1_000_000_000);
    }
  }
}

package dev.postern.warm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A worker whose reports cannot be those of one process serves nobody. */
@Timeout(60)
class WorkerReportsTest {
  @TempDir Path directory;
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);

  @AfterEach
  void endTimer() {
    timer.shutdownNow();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1 3 4 5 6",
        "$$ 3 4 5 6\\n1 3 4 5 6",
        "$$ 3 4 5 6\\n$$ 7 8 9 10",
        "$$ 3 4 5 6\\n= 1 0",
        "$$ 3 4 5 6\\n= $$ 0",
        "= $$ 0",
        "$$ 3 4 5",
        "ready",
      })
  void reportOfAnotherProcess_endsTheWorker(String lines) throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    String script = "printf \"ready\\n" + lines + "\\n\"; exec sleep 987";
    try (WorkerPool pool =
        new WorkerPool(
            Worker.Kind.SCRIPT,
            directory.resolve("p.pl"),
            NoRoomTest.options(),
            () ->
                new ServerStart(
                    List.of("/bin/sh", "-c", script),
                    Map.of("PATH", "/usr/bin:/bin"),
                    directory,
                    new byte[0]),
            timer,
            event -> {
              if (event.state().equals("ended")) {
                ended.countDown();
              }
            })) {
      pool.begin();
      assertThat(ended.await(50, TimeUnit.SECONDS)).isTrue();
      assertThat(pool.status()).isEmpty();
    }
  }
}

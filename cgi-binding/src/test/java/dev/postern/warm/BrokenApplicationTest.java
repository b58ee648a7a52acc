package dev.postern.warm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests of an application that cannot be loaded. */
@Timeout(120)
class BrokenApplicationTest {
  @TempDir Path directory;
  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(40);

  @AfterEach
  void endThreads() {
    threads.shutdownNow();
  }

  /** Some worker is always loading, for one of the requests or another. */
  @Test
  void requestsThatCome_areToldSoonHoweverManyCome() throws Exception {
    try (WorkerPool pool =
        new WorkerPool(
            Worker.Kind.APPLICATION,
            directory.resolve("app"),
            NoRoomTest.options(false, 4),
            () ->
                new ServerStart(
                    List.of("/bin/sh", "-c", "sleep 0.5; exit 3"),
                    Map.of("PATH", "/usr/bin:/bin"),
                    directory,
                    new byte[0]),
            threads,
            event -> {})) {
      WarmRequest request = NoRoomTest.request(directory.resolve("app"));
      List<ScheduledFuture<Duration>> all = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        all.add(threads.schedule(() -> refused(pool, request), 50 * i, TimeUnit.MILLISECONDS));
      }
      for (ScheduledFuture<Duration> each : all) {
        // Less than a load may take.
        assertThat(each.get()).isLessThan(Duration.ofSeconds(20));
      }
    }
  }

  private static Duration refused(WorkerPool pool, WarmRequest request) {
    long start = System.nanoTime();
    assertThatThrownBy(() -> pool.start(request, Duration.ofSeconds(10)))
        .isInstanceOf(WorkerPool.NotLoaded.class)
        .hasMessageContaining("exit 3");
    return Duration.ofNanos(System.nanoTime() - start);
  }
}

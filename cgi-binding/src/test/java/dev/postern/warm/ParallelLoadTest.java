package dev.postern.warm;

import static dev.postern.warm.NoRoomTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Workers of one application that load at the same time, of which one fails. */
@Timeout(60)
class ParallelLoadTest {
  private static final String WAIT = "while [ ! -e go ]; do sleep 0.01; done; ";

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

  @TempDir Path directory;

  @AfterEach
  void endTimer() {
    timer.shutdownNow();
  }

  /** A pool whose workers run those commands, one after the other. */
  private WorkerPool pool(String... commands) {
    Iterator<String> next = List.of(commands).iterator();
    return new WorkerPool(
        Worker.Kind.APPLICATION,
        directory.resolve("app"),
        NoRoomTest.options(false, commands.length),
        () ->
            new ServerStart(
                List.of("/bin/sh", "-c", next.next()),
                Map.of("PATH", "/usr/bin:/bin"),
                directory,
                new byte[0]),
        timer,
        event -> {});
  }

  @Test
  void failedLoad_isNotThatOfARequestForWhichAnotherWorkerLoads() throws Exception {
    try (WorkerPool pool = pool("echo '!one'", WAIT + "printf 'ready\\t/\\n'; read order")) {
      pool.load();
      pool.load();
      await(() -> pool.failureAfter(0, 1) != null);
      assertThat(pool.failureAfter(0, 1)).isEqualTo("one");
      assertThat(pool.failureAfter(0, 2)).isNull();
      Files.createFile(directory.resolve("go"));
      await(pool::isServing);
      assertThat(pool.failureAfter(0, 1)).isNull();
    }
  }

  @Test
  void lastFailedLoad_isThatOfEachRequest() throws Exception {
    try (WorkerPool pool = pool("echo '!one'", WAIT + "echo '!two'")) {
      pool.load();
      pool.load();
      await(() -> pool.failureAfter(0, 1) != null);
      Files.createFile(directory.resolve("go"));
      await(() -> pool.failureAfter(0, 2) != null);
      assertThat(pool.failureAfter(0, 2)).isEqualTo("two");
    }
  }
}

package dev.postern.warm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A load that the system has no room for fails once, and is no load that goes on. */
@Timeout(60)
class NoRoomTest {
  @TempDir Path directory;
  private final List<ServerEvent> events = new CopyOnWriteArrayList<>();
  private final Timer timer = new Timer();

  /** A timer whose thread cannot be started while the system is full. */
  private static final class Timer extends ScheduledThreadPoolExecutor {
    volatile boolean full = true;

    Timer() {
      super(1);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
      if (full) {
        throw new OutOfMemoryError("unable to create native thread");
      }
      return super.schedule(task, delay, unit);
    }
  }

  @AfterEach
  void endTimer() {
    timer.shutdownNow();
  }

  static GroupOptions options() {
    return options(false);
  }

  static GroupOptions options(boolean reuse) {
    return options(reuse, 1);
  }

  static GroupOptions options(boolean reuse, int processes) {
    Duration long60 = Duration.ofSeconds(60);
    return new GroupOptions(
        1,
        16,
        0,
        Duration.ZERO,
        0,
        Duration.ZERO,
        long60,
        long60,
        Duration.ofSeconds(1),
        long60,
        false,
        reuse,
        processes,
        false,
        false,
        false,
        List.of());
  }

  static WarmRequest request(Path script) {
    return new WarmRequest(
        script,
        List.of(script.toString()),
        Map.of(),
        Set.of(),
        Set.of(),
        script.getParent(),
        null,
        command -> command,
        null);
  }

  private WorkerPool pool(List<String> command) {
    return new WorkerPool(
        Worker.Kind.APPLICATION,
        directory.resolve("app"),
        options(),
        () -> new ServerStart(command, Map.of(), directory, new byte[0]),
        timer,
        events::add);
  }

  static void await(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      LockSupport.parkNanos(2_000_000);
    }
  }

  @Test
  void workerWithoutAThread_isAFailureAndTheNextOneIsTried() {
    try (WorkerPool pool = pool(List.of("/bin/sh", "-c", "exit 3"))) {
      pool.begin();
      assertThat(pool.hasWorkers()).isFalse();
      assertThat(pool.failureAfter(0, 1))
          .contains("cannot be loaded", "unable to create native thread");
      assertThat(events).extracting(ServerEvent::state).containsExactly("loading", "cold");
      timer.full = false;
      pool.begin();
      await(() -> pool.failureAfter(1, 2) != null);
      assertThat(pool.failureAfter(1, 2)).contains("exit 3");
    }
  }

  @Test
  void workerThatFailsWithAnError_saysWhy() {
    timer.full = false;
    List<String> command =
        new AbstractList<>() {
          @Override
          public String get(int index) {
            throw new OutOfMemoryError("test");
          }

          @Override
          public int size() {
            return 1;
          }
        };
    try (WorkerPool pool = pool(command)) {
      pool.begin();
      await(() -> !pool.hasWorkers());
      assertThat(pool.failureAfter(0, 1)).contains("cannot be loaded", "OutOfMemoryError: test");
    }
  }

  @Test
  void serverWithoutAThread_leavesItsScriptCold() throws Exception {
    Path script = Files.writeString(directory.resolve("p.pl"), "#!/usr/bin/perl\n");
    await(() -> !Stamp.of(script).isChangedSince(Stamp.now()));
    try (ScriptPool pool = new ScriptPool(options(), events::add, timer, System::nanoTime)) {
      pool.load(request(script));
      assertThat(events).extracting(ServerEvent::state).containsExactly("loading", "cold");
      assertThat(pool.status())
          .singleElement()
          .satisfies(
              event -> {
                assertThat(event.state()).isEqualTo("cold");
                assertThat(event.why()).contains("unable to create native thread");
              });
    }
  }
}

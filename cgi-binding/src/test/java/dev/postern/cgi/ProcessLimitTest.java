package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Application;
import dev.postern.hosting.Permits;
import dev.postern.hosting.Places;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Places for programs: of one program, and of all together. */
class ProcessLimitTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";

  @TempDir Path directory;
  private final ExecutorService clients = Executors.newCachedThreadPool();

  @AfterEach
  void end() throws InterruptedException {
    clients.shutdownNow();
    assertThat(clients.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void attackF10_hungProgram_leavesPlacesToOthers() throws Exception {
    ProcessLimit limit = ProcessLimit.of(4, Duration.ofMillis(200));
    Programs.sh(directory, "hung", "echo x >>" + directory + "/hanging", "exec sleep 987");
    Programs.sh(directory, "good", HEAD, "printf ok");
    Application app = CgiDirectory.builder(directory).limit(limit).build();
    List<Future<Call>> hanging = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      hanging.add(clients.submit(() -> Call.get("/hung").to(app)));
    }
    Path marks = directory.resolve("hanging");
    awaitSize(marks, 6);

    for (int i = 0; i < 50; i++) {
      assertThat(Call.get("/good").to(app).body()).isEqualTo("ok");
    }
    Call refused = Call.get("/hung").to(app);
    assertThat(refused.status).isEqualTo(503);
    assertThat(refused.headers.get("Retry-After")).isEqualTo("1");
    assertThat(refused.rule()).isEqualTo("process-limit");
    assertThat(limit.available()).isEqualTo(1);
    assertThat(Files.size(marks)).isEqualTo(6);
    clients.shutdownNow();
    for (Future<Call> call : hanging) {
      call.get(60, TimeUnit.SECONDS);
    }
    assertThat(limit.available()).isEqualTo(4);
    assertThat(Call.get("/good").to(app).body()).isEqualTo("ok");
  }

  @Test
  void attackF10_storm_neverRunsMoreThanItsPlaces() throws Exception {
    int max = 8;
    ProcessLimit limit = ProcessLimit.of(max, Duration.ofSeconds(1));
    // Each run counts those that run with it, itself among them.
    Path running = Files.createDirectory(directory.resolve("running"));
    Path go = directory.resolve("go");
    Path program =
        Programs.sh(
            directory,
            "p",
            ": >" + running + "/$$",
            "until [ -e " + go + " ]; do sleep 0.02; done",
            HEAD,
            "set -- " + running + "/*",
            "echo $#",
            "exec rm " + running + "/$$");
    Application app = CgiApplication.builder(program).limit(limit).build();
    AtomicInteger served = new AtomicInteger();
    List<Future<?>> storm = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      storm.add(
          clients.submit(
              () -> {
                Call call = Call.get("/").to(app);
                assertThat(call.status).isIn(200, 503);
                if (call.status == 200) {
                  served.incrementAndGet();
                  assertThat(Integer.parseInt(call.body().trim())).isBetween(1, max);
                }
              }));
    }
    long start = System.nanoTime();
    while (live(program) < max) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      Thread.sleep(10);
    }
    Files.createFile(go);
    while (!storm.stream().allMatch(Future::isDone)) {
      assertThat(live(program)).isLessThanOrEqualTo(max);
      Thread.sleep(10);
    }
    for (Future<?> call : storm) {
      call.get();
    }
    assertThat(served.get()).isGreaterThanOrEqualTo(max);
    assertThat(live(program)).isZero();
    assertThat(running).isEmptyDirectory();
    assertThat(limit.available()).isEqualTo(max);
    assertThat(Call.get("/").to(app).status).isEqualTo(200);
  }

  @Test
  void status_tellsWhatRunsAndWhatWaits() throws Exception {
    ProcessLimit limit = ProcessLimit.of(1, Duration.ofSeconds(60));
    Path go = directory.resolve("go");
    Path program =
        Programs.sh(
            directory, "p", HEAD, "printf 'four'", "until [ -e " + go + " ]; do sleep 0.02; done");
    Application app = CgiApplication.builder(program).limit(limit).build();
    Future<Call> first = clients.submit(() -> Call.get("/a b").to(app));
    awaitState(limit, 0, "answering");
    Future<Call> second = clients.submit(() -> Call.get("/second").to(app));
    awaitState(limit, 1, "waiting");

    List<RunStatus> runs = limit.status();
    RunStatus oldest = runs.get(0);
    assertThat(oldest.program()).isEqualTo(program);
    assertThat(oldest.method()).isEqualTo("GET");
    assertThat(oldest.path()).endsWith("/a b");
    assertThat(oldest.bytesOut()).isGreaterThan(4);
    assertThat(oldest.totalTime()).isGreaterThanOrEqualTo(runs.get(1).totalTime());
    if (Files.isDirectory(Path.of("/proc/self"))) {
      assertThat(Files.readString(Path.of("/proc/" + oldest.pid() + "/cmdline")))
          .contains(program.toString());
      assertThat(oldest.memory()).isBetween(100_000L, 1_000_000_000L);
    }
    assertThat(runs.get(1).pid()).isZero();
    assertThat(runs.get(1).memory()).isZero();
    assertThat(limit.max()).isEqualTo(1);

    Files.createFile(go);
    assertThat(first.get(60, TimeUnit.SECONDS).body()).isEqualTo("four");
    assertThat(second.get(60, TimeUnit.SECONDS).body()).isEqualTo("four");
    assertThat(limit.status()).isEmpty();
  }

  @Test
  void status_isEmptyAfterRefusals() throws Exception {
    ProcessLimit limit = ProcessLimit.of(2);
    Programs.sh(directory, "broken", "echo no head");
    Application app = CgiDirectory.builder(directory).limit(limit).build();

    assertThat(Call.get("/broken").to(app).status).isEqualTo(502);
    assertThat(Call.get("/absent").to(app).status).isEqualTo(404);
    assertThat(limit.status()).isEmpty();
  }

  private static void awaitState(ProcessLimit limit, int index, String state) throws Exception {
    long start = System.nanoTime();
    while (limit.status().size() <= index || !limit.status().get(index).state().equals(state)) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      Thread.sleep(10);
    }
  }

  /** Runs of the program, as the system counts them; dead ones have no arguments. */
  private static long live(Path program) {
    return ProcessHandle.current()
        .descendants()
        .filter(child -> child.info().commandLine().orElse("").contains(program.toString()))
        .count();
  }

  @Test
  void attackF25_interruptInTheQueue_givesUpAndIsKept() throws Exception {
    ProcessLimit limit = ProcessLimit.of(1, Duration.ofSeconds(100));
    limit.permits().acquire(0);
    Application app =
        CgiApplication.builder(Programs.sh(directory, "p", HEAD)).limit(limit).build();
    Thread.currentThread().interrupt();
    try {
      Call call = Call.get("/").to(app);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
      assertThat(call.status).isEqualTo(500);
    } finally {
      Thread.interrupted();
    }
    limit.permits().release();
    assertThat(limit.available()).isEqualTo(1);
  }

  @Test
  void waitsForTwoPlaces_areOneWait() throws Exception {
    ProcessLimit own = ProcessLimit.of(1, Duration.ofSeconds(10));
    ProcessLimit all = ProcessLimit.of(1, Duration.ofSeconds(10));
    all.permits().acquire(0);
    long[] now = {0};
    List<Permits> limits = List.of(own.permits(), all.permits());

    // The clock moves on by more than the wait between the two.
    assertThat(
            org.assertj.core.api.Assertions.catchThrowable(
                () -> Places.take(limits, () -> now[0] += TimeUnit.SECONDS.toNanos(11))))
        .hasMessageContaining("within 10000 ms");
    assertThat(own.available()).isEqualTo(1);
    all.permits().release();
    Places places = Places.take(limits, System::nanoTime);
    assertThat(own.available() + all.available()).isZero();
    places.close();
    places.close();
    assertThat(own.available()).isEqualTo(1);
    assertThat(all.available()).isEqualTo(1);
  }

  @Test
  void programLimit_mustBePositive() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CgiApplication.builder(Path.of("/bin/true")).programLimit(0));
  }

  private static void awaitSize(Path file, long size) throws IOException {
    long start = System.nanoTime();
    while (!Files.exists(file) || Files.size(file) < size) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      LockSupport.parkNanos(1_000_000);
    }
  }
}

package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.hosting.RunWatch;
import dev.postern.process.FaultyProcess;
import dev.postern.process.FaultyProcess.Fault;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each call that can fail is made to fail, in turn: the client is told, the run is told once, the
 * place is free again and no process is left. {@code -Dpostern.faults=N} says how many requests for
 * each.
 */
@EnabledOnOs(OS.LINUX)
@Timeout(value = 1, unit = TimeUnit.DAYS)
class FaultTest {
  private static final int REQUESTS = Integer.getInteger("postern.faults", 10);

  /** What waits some seconds each time is asked for by many at once. */
  private static final int CLIENTS = 50;

  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";

  @TempDir Path directory;
  private final ProcessLimit limit = ProcessLimit.of(2, Duration.ofSeconds(10));
  private final List<CgiRun> runs = Collections.synchronizedList(new ArrayList<>());
  private Figures before;

  /** The second program of a JVM may start a process that starts all others, and stays. */
  @BeforeEach
  void count() throws IOException {
    CgiApplication app = CgiApplication.builder(Programs.sh(directory, "first", HEAD)).build();
    for (int i = 0; i < 2; i++) {
      assertThat(Call.get("/").to(app).status).isEqualTo(200);
    }
    before = Figures.now();
  }

  @AfterEach
  void everythingIsGivenBack(TestInfo test) throws IOException {
    Thread.interrupted();
    assertThat(limit.available()).isEqualTo(2);
    // Each has the stack trace of what failed.
    runs.clear();
    Figures after = Figures.whenEnded(before);
    System.out.println("faults: " + test.getDisplayName() + ", " + REQUESTS + "; " + after);
    after.assertEndedAt(before);
  }

  @ParameterizedTest
  @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "TERMINATE")
  void fault_ofAProcess_isContained(Fault fault) throws IOException {
    Application app =
        builder(HEAD, "cat; printf ok")
            .starter(
                (command, environment, cwd, body, tied) ->
                    FaultyProcess.start(fault, command, environment, cwd, body))
            .build();
    for (int i = 0; i < REQUESTS; i++) {
      Call call = Call.post("/", new byte[10]).to(app);
      // An interrupt of the request's thread is its container's matter.
      Thread.interrupted();
      switch (fault) {
        case START -> {
          assertThat(call.status).isEqualTo(503);
          assertThat(call.headers.get("Retry-After")).isNotNull();
        }
        case START_ERROR, READ, READ_ERROR -> assertThat(call.status).isEqualTo(500);
        default -> assertThat(call.status).isEqualTo(200);
      }
      assertThat(limit.available()).isEqualTo(2);
    }
    assertThat(runs).hasSize(REQUESTS);
  }

  @Test
  void lostTerm_isFollowedByKill() throws Exception {
    ProcessLimit many = ProcessLimit.of(CLIENTS);
    Application app =
        builder("exec sleep 987")
            .limit(many)
            .headerTimeout(Duration.ofMillis(200))
            .starter(
                (command, environment, cwd, body, tied) ->
                    FaultyProcess.start(Fault.TERMINATE, command, environment, cwd, body))
            .build();

    Clients.run(CLIENTS, 0, REQUESTS, n -> assertThat(Call.get("/").to(app).status).isEqualTo(504));

    assertThat(many.available()).isEqualTo(CLIENTS);
    assertThat(runs)
        .hasSize(REQUESTS)
        .allSatisfy(run -> assertThat(run.limits()).contains("kill"))
        .allSatisfy(run -> assertThat(run.exit()).isEqualTo("signal 9"));
  }

  @Test
  void placeThatIsNotFree_isContained() throws Exception {
    ProcessLimit one = ProcessLimit.of(1, Duration.ofMillis(1));
    one.permits().acquire(0);
    Application app = builder(HEAD, "printf ok").limit(one).build();
    for (int i = 0; i < REQUESTS; i++) {
      Call call = Call.get("/").to(app);
      assertThat(call.status).isEqualTo(503);
      assertThat(call.headers.get("Retry-After")).isEqualTo("1");
    }
    assertThat(one.available()).isZero();
    one.permits().release();

    assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
    assertThat(one.available()).isEqualTo(1);
    assertThat(runs).hasSize(REQUESTS + 1);
    assertThat(runs.subList(0, REQUESTS)).allMatch(run -> run.rule().equals("process-limit"));
  }

  @Test
  void bodyThatCannotBeRead_isContained() throws IOException {
    Application app = builder("cat >/dev/null", HEAD).build();
    for (int i = 0; i < REQUESTS; i++) {
      Call call = Call.of("POST", "/").length(200_000).input(new Broken(100_000));
      assertThat(call.to(app).status).isEqualTo(400);
    }
    assertThat(runs).hasSize(REQUESTS).allMatch(run -> run.rule().equals("body-unreadable"));
  }

  @Test
  @ResourceLock(Resources.SYSTEM_PROPERTIES)
  void bodyThatCannotBeSpooled_isContained() throws IOException {
    Application app = builder(HEAD).build();
    String spools = System.setProperty("java.io.tmpdir", directory.resolve("none").toString());
    try {
      for (int i = 0; i < REQUESTS; i++) {
        Call call = Call.of("POST", "/").input(new ByteArrayInputStream(new byte[100_000]));
        assertThat(call.to(app).status).isEqualTo(503);
      }
    } finally {
      System.setProperty("java.io.tmpdir", spools);
    }
    assertThat(runs).hasSize(REQUESTS).allMatch(run -> run.rule().equals("spool-full"));
  }

  @Test
  void listenerThatThrows_isContained() throws IOException {
    Application app =
        builder(HEAD, "printf ok")
            .onRun(
                run -> {
                  throw new IllegalStateException("listener must not fail like this");
                })
            .build();
    for (int i = 0; i < REQUESTS; i++) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
    }
    assertThat(runs).hasSize(REQUESTS);
  }

  @Test
  void clientThatTakesNothing_isContained() throws IOException {
    Application app = builder(HEAD, "exec yes").build();
    for (int i = 0; i < REQUESTS; i++) {
      Call call = Call.get("/");
      call.goneAfter = 0;
      assertThat(call.to(app).outcome.complete()).isFalse();
    }
    assertThat(runs).hasSize(REQUESTS).noneMatch(run -> run.rule().isEmpty());
  }

  @Test
  void interruptedWait_isContained() throws IOException {
    Application app = builder(HEAD).build();
    for (int i = 0; i < REQUESTS; i++) {
      Thread.currentThread().interrupt();
      assertThat(Call.get("/").to(app).status).isEqualTo(500);
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(runs).hasSize(REQUESTS).allMatch(run -> run.rule().equals("interrupted"));
  }

  @Test
  void clockThatOverflows_changesNoTime() throws IOException {
    for (int i = 0; i < REQUESTS; i++) {
      runs.clear();
      // It overflows within the run, at another call each time.
      long[] now = {Long.MAX_VALUE - i % 20};
      RunWatch watch =
          new RunWatch(
              directory.resolve("p"),
              Call.get("/").environ(),
              List.of(run -> runs.add(new CgiRun(run))),
              0,
              () -> now[0] += 3);
      long start = watch.now();
      watch.queued(start);
      watch.started(start);
      watch.output(1);
      watch.tell();
      watch.tell();

      assertThat(runs).hasSize(1);
      assertThat(runs.get(0).queueTime()).isEqualTo(Duration.ofNanos(3));
      assertThat(runs.get(0).startTime()).isEqualTo(Duration.ofNanos(6));
      assertThat(runs.get(0).firstByteTime()).isEqualTo(Duration.ofNanos(3));
      assertThat(runs.get(0).totalTime()).isEqualTo(Duration.ofNanos(15));
    }
  }

  private static final class Broken extends FilterInputStream {
    private int left;

    Broken(int length) {
      super(new ByteArrayInputStream(new byte[length]));
      left = length;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left == 0) {
        throw new IOException("connection was reset");
      }
      int n = super.read(bytes, offset, Math.min(left, length));
      left -= n;
      return n;
    }
  }

  private CgiApplication.Builder builder(String... lines) throws IOException {
    return CgiApplication.builder(Programs.sh(directory, "p", lines))
        .environment(Figures.MARK, Figures.mark())
        .limit(limit)
        .onRun(runs::add);
  }
}

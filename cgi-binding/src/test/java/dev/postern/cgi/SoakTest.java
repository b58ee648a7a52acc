package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Exchange;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many requests, a third of them abusive: at the end everything is where it began. {@code
 * -Dpostern.soak=N} says how many.
 */
@EnabledOnOs(OS.LINUX)
class SoakTest {
  private static final int REQUESTS = Integer.getInteger("postern.soak", 300);
  private static final int CLIENTS = 6;
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";

  /** Class loading, and the memory of a JVM that has just begun, are no leak. */
  private static final long HEAP_SLACK = 48L << 20;

  @TempDir Path directory;
  private final LongAdder told = new LongAdder();
  private final Map<String, LongAdder> rules = new ConcurrentHashMap<>();

  @Test
  @Timeout(value = 7, unit = TimeUnit.DAYS)
  void soak_endsWhereItBegan() throws Exception {
    ProcessLimit limit = ProcessLimit.of(4, Duration.ofSeconds(60));
    Application app = application(limit);
    run(app, CLIENTS * 9);
    awaitQuiet();
    Figures before = Figures.now();
    told.reset();
    rules.clear();
    long start = System.nanoTime();
    run(app, REQUESTS);
    long seconds = Math.max(1, (System.nanoTime() - start) / 1_000_000_000L);
    awaitQuiet();
    Figures after = Figures.now();
    System.out.println("soak: " + REQUESTS + " requests, " + REQUESTS / seconds + "/s");
    System.out.println("soak: before " + before);
    System.out.println("soak: after  " + after);
    System.out.println("soak: rules " + new TreeMap<>(rules));

    assertThat(told.sum()).as("runs that were told").isEqualTo(REQUESTS);
    assertThat(limit.available()).isEqualTo(4);
    assertThat(after.descriptors).as("descriptors").isLessThanOrEqualTo(before.descriptors);
    assertThat(after.children).as("children, zombies among them").isZero();
    assertThat(after.spools).as("spools").isZero();
    assertThat(after.threads).as("threads").isLessThanOrEqualTo(before.threads);
    assertThat(after.heap).as("heap").isLessThan(before.heap + HEAP_SLACK);
  }

  private Application application(ProcessLimit limit) throws IOException {
    Programs.sh(directory, "good", HEAD, "cat");
    Programs.sh(directory, "nonsense", "echo nonsense");
    Programs.sh(directory, "silent", "exec sleep 987");
    Programs.sh(directory, "flood", HEAD, "exec yes");
    Programs.sh(directory, "killed", HEAD, "printf half", "kill -9 $$");
    Programs.sh(directory, "left", HEAD, "printf ok", "sleep 987 &");
    return CgiDirectory.builder(directory)
        .limit(limit)
        .programLimit(3)
        .headerTimeout(Duration.ofSeconds(2))
        .idleTimeout(Duration.ofSeconds(30))
        .onRun(
            run -> {
              told.increment();
              rules.computeIfAbsent(run.rule(), rule -> new LongAdder()).increment();
            })
        .build();
  }

  private static void run(Application app, int requests) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> all = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      all.add(
          clients.submit(
              () -> {
                for (int n = next.getAndIncrement(); n < requests; n = next.getAndIncrement()) {
                  request(app, n);
                }
              }));
    }
    for (Future<?> client : all) {
      client.get();
    }
    clients.shutdown();
    assertThat(clients.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
  }

  /** Two in three are good; every other kind of abuse comes in turn. */
  private static void request(Application app, int n) {
    if (n % 3 != 0) {
      byte[] body = ("body " + n).getBytes(StandardCharsets.US_ASCII);
      Call call = Call.post("/good", body).to(app);
      assertThat(call.body()).as(call.log()).isEqualTo("body " + n);
      return;
    }
    switch (n / 3 % 8) {
      case 0 -> assertThat(Call.get("/nonsense").to(app).status).isEqualTo(502);
      case 1 -> assertThat(Call.get("/killed").to(app).outcome.complete()).isFalse();
      case 2 -> {
        Call gone = Call.get("/flood");
        gone.goneAfter = 100_000;
        assertThat(gone.to(app).outcome.complete()).isFalse();
      }
      case 3 ->
          assertThat(Call.post("/good", new byte[10]).length(20).to(app).status).isEqualTo(400);
      case 4 -> {
        Call spooled =
            Call.of("POST", "/nonsense").input(new ByteArrayInputStream(new byte[100_000]));
        assertThat(spooled.to(app).status).isEqualTo(502);
      }
      case 5 -> {
        Call cancelled = Call.get("/silent");
        Exchange exchange = cancelled.prepare();
        exchange.cancel(new IOException("client has gone"));
        assertThat(cancelled.run(app).outcome.complete()).isFalse();
      }
      case 6 -> assertThat(Call.get("/silent").to(app).status).isEqualTo(504);
      default -> assertThat(Call.get("/left").to(app).body()).isEqualTo("ok");
    }
  }

  /** Threads that are kept for the next program end after a few seconds. */
  private static void awaitQuiet() throws IOException {
    long start = System.nanoTime();
    while (pumps() > 0 || Figures.childCount() > 0) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(100));
      Thread.onSpinWait();
    }
  }

  private static long pumps() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("postern-pump"))
        .count();
  }

  private record Figures(long descriptors, long spools, long threads, long children, long heap) {
    static Figures now() throws IOException {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      return new Figures(
          open("pipe:") + open("[pidfd]"),
          open("postern-spool-"),
          // The JDK's own come and go: its reapers stay for a minute.
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().startsWith("postern"))
              .count(),
          childCount(),
          runtime.totalMemory() - runtime.freeMemory());
    }

    private static long open(String what) throws IOException {
      try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
        return all.filter(
                descriptor -> {
                  try {
                    return Files.readSymbolicLink(descriptor).toString().contains(what);
                  } catch (IOException e) {
                    return false;
                  }
                })
            .count();
      }
    }

    static long childCount() throws IOException {
      String self = Long.toString(ProcessHandle.current().pid());
      try (Stream<Path> all = Files.list(Path.of("/proc"))) {
        return all.filter(
                process -> {
                  try {
                    String stat =
                        Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
                    return stat.substring(stat.lastIndexOf(')') + 2).split(" ", 3)[1].equals(self);
                  } catch (IOException | RuntimeException e) {
                    return false;
                  }
                })
            .count();
      }
    }
  }
}

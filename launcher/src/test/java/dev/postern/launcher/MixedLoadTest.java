package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code postern serve} under 50 clients of mixed behaviour, and SIGTERM while they go on: each
 * response is right or cut, the exit is 0, and nothing is left. {@code benchmarks/mixed} runs it
 * for longer.
 */
@EnabledOnOs(OS.LINUX)
class MixedLoadTest {
  private static final Duration LENGTH =
      Duration.ofSeconds(Integer.getInteger("postern.mixed.seconds", 4));

  private static final int CLIENTS = 50;
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'\n";

  @TempDir Path directory;
  private final Map<String, LongAdder> outcomes = new ConcurrentSkipListMap<>();
  private final LongAdder whole = new LongAdder();
  private final LongAdder cut = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final AtomicInteger flying = new AtomicInteger();
  private volatile boolean stopping;

  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS)
  void sigterm_underMixedLoad_finishesOrCutsAndLeavesNothing() throws Exception {
    String mark = "POSTERN_MIXED=" + directory;
    Path programs = writePrograms();
    try (Child server =
        Child.start(
            directory,
            Map.of(),
            "serve",
            "--port",
            "0",
            "--timeout",
            "3",
            "--max-processes",
            "32",
            "--env",
            mark,
            "--cgi-dir",
            "/=" + programs)) {
      String address = server.address();
      assertThat(new MixedClient(address, 0).request(MixedClient.Behaviour.GOOD)).isEqualTo("200");
      System.out.println("mixed: before " + of(server));
      long start = System.nanoTime();
      ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
      CountDownLatch begun = new CountDownLatch(CLIENTS);
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        MixedClient client = new MixedClient(address, i);
        all.add(clients.submit(() -> load(client, begun)));
      }
      begun.await();
      LockSupport.parkNanos(LENGTH.toNanos());
      System.out.println("mixed: loaded " + of(server));
      double seconds = (System.nanoTime() - start) / 1e9;
      int inFlight = flying.get();
      stopping = true;
      server.terminate();
      int exit = server.exit();
      for (Future<?> client : all) {
        client.get(2, TimeUnit.MINUTES);
      }
      clients.shutdown();
      long left = left(mark);

      System.out.printf("mixed: %d clients for %.0f s: %s%n", CLIENTS, seconds, outcomes);
      System.out.println(
          "mixed: SIGTERM with "
              + inFlight
              + " requests in flight: "
              + whole
              + " finished, "
              + cut
              + " cut, "
              + refused
              + " refused; exit "
              + exit
              + ", programs left "
              + left);
      server
          .errors()
          .lines()
          .filter(line -> line.contains("/good") || line.contains("/echo"))
          .limit(20)
          .forEach(line -> System.out.println("mixed: " + line));
      assertThat(exit).as(server.errors()).isZero();
      assertThat(left).isZero();
      assertThat(outcomes.keySet()).anyMatch(outcome -> outcome.endsWith(" 200"));
      assertThat(outcomes.keySet())
          .as("cut or refused without a reason")
          .noneMatch(outcome -> outcome.endsWith("refused"))
          .allMatch(outcome -> !outcome.endsWith("cut") || outcome.matches("(KILLED|RESET).*"));
    }
  }

  private Path writePrograms() throws Exception {
    Path programs = Files.createDirectory(directory.resolve("programs"));
    Map.of(
            "good", HEAD + "printf good\n",
            "echo", HEAD + "exec cat\n",
            "count", HEAD + "wc -c\n",
            "large", HEAD + "exec head -c " + MixedClient.LARGE + " /dev/zero\n",
            "endless", HEAD + "exec yes\n",
            "hanging", "sleep 600 &\nsleep 600\n",
            "flood",
                "head -c 500000 /dev/zero | tr '\\0' e >&2\n" + HEAD + "echo after the flood\n",
            "killed", HEAD + "printf half\nkill -9 $$\n",
            "nonsense", "echo nonsense\n")
        .forEach(
            (name, script) -> {
              try {
                Sources.script(programs.resolve(name), "#!/bin/sh\n" + script);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    return programs;
  }

  private Void load(MixedClient client, CountDownLatch begun) throws IOException {
    begun.countDown();
    while (!stopping) {
      MixedClient.Behaviour behaviour = client.choose();
      flying.incrementAndGet();
      String outcome = client.request(behaviour);
      flying.decrementAndGet();
      if (stopping) {
        (outcome.equals("cut") ? cut : outcome.equals("refused") ? refused : whole).increment();
      } else {
        String what = behaviour + " " + outcome;
        outcomes.computeIfAbsent(what, key -> new LongAdder()).increment();
      }
    }
    return null;
  }

  /** What the server has now. */
  private static String of(Child server) throws IOException {
    Path process = Path.of("/proc", Long.toString(server.pid()));
    try (Stream<Path> descriptors = Files.list(process.resolve("fd"));
        Stream<Path> threads = Files.list(process.resolve("task"))) {
      String status = Files.readString(process.resolve("status"));
      return "descriptors "
          + descriptors.count()
          + ", threads "
          + threads.count()
          + ", "
          + status.replaceAll("(?s).*VmRSS:\\s*([0-9]+ kB).*", "resident $1");
    }
  }

  /** Programs that still run, whoever their parent is. */
  private static long left(String mark) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.filter(
              process -> {
                try {
                  return Files.readString(process.resolve("environ"), StandardCharsets.ISO_8859_1)
                      .contains(mark + "\0");
                } catch (IOException e) {
                  return false;
                }
              })
          .count();
    }
  }
}

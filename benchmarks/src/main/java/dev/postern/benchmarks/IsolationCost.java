package dev.postern.benchmarks;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.Isolation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures what each part of isolation adds to a request, as a ratio to the default, and what hung
 * programs cost the others. Levels run in turns as in {@link Compare}, and only turns that ran next
 * to each other are compared.
 */
public final class IsolationCost {
  private static final String USAGE =
      """
      usage: benchmarks/isolation [--full] [--rounds N] [--seconds S] [--cgroup DIRECTORY] [--out FILE]
        --full      15 rounds of 5 s, as a claim needs. Otherwise 3 of 1 s
        --cgroup    one that is delegated to this user; /sys/fs/cgroup/unified
        --out       where the report goes; standard output otherwise
      """;

  private static final String DEFAULT = "L1, the default";

  private int rounds = 3;
  private double seconds = 1;
  private Path cgroup = Path.of("/sys/fs/cgroup/unified");
  private @Nullable Path out;

  private final Map<String, Application> levels = new LinkedHashMap<>();
  private final Map<String, String> missing = new LinkedHashMap<>();
  private final Progress progress = new Progress("isolation", System.err);

  private IsolationCost() {}

  /**
   * Measures, and writes the report.
   *
   * @throws Exception when a program is not served
   */
  public static void main(String[] args) throws Exception {
    IsolationCost cost = new IsolationCost();
    try {
      cost.read(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(USAGE);
      System.exit(2);
    }
    cost.run(String.join(" ", args));
  }

  private void read(String[] args) {
    Deque<String> words = new ArrayDeque<>(List.of(args));
    while (!words.isEmpty()) {
      String word = words.remove();
      switch (word) {
        case "--full" -> {
          rounds = Options.CLAIM_ROUNDS;
          seconds = Options.CLAIM_SECONDS;
        }
        case "--rounds" -> rounds = (int) Options.number(word, words);
        case "--seconds" -> seconds = Options.number(word, words);
        case "--cgroup" -> cgroup = Path.of(Options.value(word, words));
        case "--out" -> out = Path.of(Options.value(word, words));
        default -> throw new IllegalArgumentException("option must be known: " + word);
      }
    }
    if (rounds < 1 || seconds <= 0) {
      throw new IllegalArgumentException("there must be a round, of some time");
    }
  }

  private void run(String options) throws IOException, InterruptedException {
    Path root = Files.createTempDirectory(Path.of("/var/tmp"), "postern-isolation");
    String report;
    try {
      script(root.resolve("good"), "printf 'Content-Type: text/plain\\n\\nok'");
      script(root.resolve("hung"), "exec sleep 9876");
      prepare(root.resolve("good"));
      Map<String, List<Double>> ratios = turns();
      HungNeighbours neighbours = new HungNeighbours(root);
      List<Double> idle = new ArrayList<>();
      List<Double> beside = new ArrayList<>();
      List<Double> ratio = new ArrayList<>();
      neighbours.idle(seconds);
      for (int round = 0; round < rounds; round++) {
        idle.add(neighbours.idle(seconds));
        beside.add(neighbours.beside(seconds));
        ratio.add(beside.get(round) / idle.get(round));
        progress.line("hung neighbours, round " + (round + 1));
      }
      report =
          report(options, ratios)
              + hungReport(neighbours, Statistics.of(idle), Statistics.of(beside), ratio);
    } finally {
      Client.delete(root);
    }
    if (out == null) {
      System.out.print(report);
    } else {
      Files.writeString(out, report);
      progress.line("written to " + out.toAbsolutePath());
    }
  }

  private static void script(Path file, String line) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + line + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  // ---- levels ----

  private void prepare(Path program) throws IOException {
    level(DEFAULT, program, () -> Isolation.builder().build());
    level(
        "L1 and limits (prlimit)",
        program,
        () -> Isolation.builder().cpuTime(Duration.ofSeconds(60)).openFiles(256).build());
    level(
        "L1 and no new privileges (setpriv)",
        program,
        () -> Isolation.builder().noNewPrivileges().build());
    level(
        "L1, ended with the server (setpriv)",
        program,
        () -> Isolation.builder().endWithServer().build());
    level(
        "L2, limits and no new privileges",
        program,
        () ->
            Isolation.builder()
                .cpuTime(Duration.ofSeconds(60))
                .openFiles(256)
                .noNewPrivileges()
                .build());
    level("L3, a control group", program, () -> Isolation.builder().cgroup(cgroup).build());
    level("L4, namespaces (bwrap)", program, () -> Isolation.builder().namespaces().build());
  }

  /** Warms up a level, or notes why this system does not have it. */
  private void level(String name, Path program, Supplier<Isolation> isolation) throws IOException {
    try {
      Application app = CgiApplication.builder(program).isolation(isolation.get()).build();
      if (new Direct("/").to(app) != 200) {
        missing.put(name, "this system does not allow it");
        return;
      }
      levels.put(name, app);
      millis(app, seconds);
      progress.line(name + ": ready");
    } catch (IllegalStateException e) {
      missing.put(name, String.valueOf(e.getMessage()));
    }
  }

  /** Returns each level's time for a request, divided by the default's in the same round. */
  private Map<String, List<Double>> turns() throws IOException {
    Map<String, List<Double>> ratios = new LinkedHashMap<>();
    levels.keySet().forEach(name -> ratios.put(name, new ArrayList<>()));
    List<Map.Entry<String, Application>> order = new ArrayList<>(levels.entrySet());
    for (int round = 0; round < rounds; round++) {
      Map<String, Double> measured = new LinkedHashMap<>();
      for (Map.Entry<String, Application> level : order) {
        measured.put(level.getKey(), millis(level.getValue(), seconds));
      }
      Collections.reverse(order);
      double standard = measured.getOrDefault(DEFAULT, Double.NaN);
      ratios.forEach(
          (name, values) -> values.add(measured.getOrDefault(name, Double.NaN) / standard));
      progress.line("levels, round " + (round + 1));
    }
    return ratios;
  }

  /** Sends one request after another until the time is over. Returns the mean time of a request. */
  private static double millis(Application app, double time) throws IOException {
    long start = System.nanoTime();
    long now = start;
    int count = 0;
    while (now - start < time * 1e9) {
      if (new Direct("/").to(app) != 200) {
        throw new IOException("program must be served");
      }
      count++;
      now = System.nanoTime();
    }
    return (now - start) / 1e6 / count;
  }

  // ---- the report ----

  private String report(String options, Map<String, List<Double>> ratios) {
    StringBuilder report = new StringBuilder();
    report.append("# What isolation costs\n\nHow much longer a request takes at each");
    report.append(" [isolation level](operations.md#isolation). Made by\n");
    report.append(
        "`benchmarks/isolation %s` at commit %s, JDK %s, %s, %d processors; %d rounds of %s s in turns, one client.\n\n"
            .formatted(
                options,
                System.getProperty("postern.commit", "an unknown commit"),
                Runtime.version(),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                Runtime.getRuntime().availableProcessors(),
                rounds,
                seconds));
    report.append(
        "| level | time of a request against the default's, median [95 %] |\n|---|---|\n");
    ratios.forEach(
        (name, values) -> report.append("| %s | %s |\n".formatted(name, Statistics.of(values))));
    missing.forEach(
        (name, why) -> report.append("| %s | not measured: %s |\n".formatted(name, why)));
    return report.toString();
  }

  private static String hungReport(
      HungNeighbours neighbours, Statistics idle, Statistics beside, List<Double> ratios) {
    Statistics ratio = Statistics.of(ratios);
    return "\n# Beside programs that hang\n\n"
        + neighbours
        + ".\n\n| p99 of another program | median [95 %] |\n|---|---|\n"
        + "| idle, ms | %s |\n| beside them, ms | %s |\n".formatted(idle, beside)
        + "| ratio, which must be under 2 | %s, %s |\n"
            .formatted(ratio, ratio.median() < 2 ? "reached" : "**not reached**")
        + String.format(Locale.ROOT, "%n%d rounds.%n", ratios.size());
  }
}

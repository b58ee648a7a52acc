package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs ours and the peers side by side, in turns: machines drift by a third within a day, and only
 * what ran next to each other is compared.
 */
public final class Compare {
  private static final String USAGE =
      """
      usage: benchmarks/compare [--full] [--rounds N] [--seconds S]
                                [--cases NAME,…] [--servers NAME,…] [--out DIRECTORY]
        --full      15 rounds of 5 s, as a claim needs; an hour or two. Otherwise 3 of 2 s
        --cases     %s
        --servers   %s
        --out       where the report and the chart go; benchmarks/target/compare
      """;

  private int rounds = 3;
  private double seconds = 2;
  private List<Case> cases = Case.ALL;
  private List<Peer> peers = Peers.ALL;
  private Path out = Path.of("benchmarks", "target", "compare");

  private final Progress progress = new Progress(System.err);
  private final Tools tools = new Tools();
  private final Results results = new Results();

  private Compare() {}

  /**
   * The script gives us three system properties: the launcher's jar and two JDKs.
   *
   * @throws Exception when a server cannot be started or answers wrongly
   */
  public static void main(String[] args) throws Exception {
    Compare compare = new Compare();
    try {
      compare.read(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.printf(
          USAGE,
          String.join(",", Case.ALL.stream().map(Case::name).toList()),
          String.join(",", Peers.ALL.stream().map(Peer::name).toList()));
      System.exit(2);
    }
    compare.run();
  }

  private void read(String[] args) {
    List<String> words = new ArrayList<>(Arrays.asList(args));
    while (!words.isEmpty()) {
      String word = words.remove(0);
      if (word.equals("--full")) {
        rounds = 15;
        seconds = 5;
        continue;
      }
      if (words.isEmpty()) {
        throw new IllegalArgumentException("option must be known and have a value: " + word);
      }
      String value = words.remove(0);
      switch (word) {
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--seconds" -> seconds = Double.parseDouble(value);
        case "--cases" -> cases = pick(value, name -> Case.named(name).orElse(null));
        case "--servers" -> peers = pick(value, name -> Peers.named(name).orElse(null));
        case "--out" -> out = Path.of(value);
        default -> throw new IllegalArgumentException("option must be known: " + word);
      }
    }
    if (rounds < 1 || seconds <= 0) {
      throw new IllegalArgumentException("there must be a round, of some time");
    }
  }

  private interface Lookup<T> {
    @Nullable T find(String name);
  }

  private static <T> List<T> pick(String names, Lookup<T> lookup) {
    List<T> picked = new ArrayList<>();
    for (String name : names.split(",", -1)) {
      T found = lookup.find(name);
      if (found == null) {
        throw new IllegalArgumentException("name must be known: " + name);
      }
      picked.add(found);
    }
    return picked;
  }

  private void run() throws IOException, InterruptedException {
    for (String needed : List.of("wrk", "curl")) {
      if (!tools.has(needed)) {
        throw new IOException(needed + " must be installed");
      }
    }
    // Where programs may run for other users, too: a server started by root gives that up.
    Path root = Files.createTempDirectory(Path.of("/var/tmp"), "postern-compare");
    Files.setPosixFilePermissions(
        root, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
    Map<Peer, RunningPeer> servers = new LinkedHashMap<>();
    try {
      Fixtures fixtures = Fixtures.write(root, tools, progress);
      start(servers, setting(fixtures), root);
      turns(servers, new Client(tools, fixtures));
    } finally {
      servers.values().forEach(RunningPeer::close);
      Client.delete(root);
    }
    Files.createDirectories(out);
    String report = Report.of(results, about());
    Files.writeString(out.resolve("benchmarks.md"), report);
    Files.writeString(out.resolve("benchmarks.svg"), Chart.of(results));
    System.out.println(report);
    progress.line("written to " + out.toAbsolutePath());
  }

  private Peer.Setting setting(Fixtures fixtures) {
    return new Peer.Setting(
        tools,
        fixtures,
        Path.of(System.getProperty("postern.launcher")),
        Path.of(System.getProperty("postern.benchmarks")),
        home("postern.jdk17"),
        home("postern.jdk25"));
  }

  private static @Nullable Path home(String property) {
    String home = System.getProperty(property, "");
    return home.isEmpty() ? null : Path.of(home);
  }

  private void start(Map<Peer, RunningPeer> servers, Peer.Setting setting, Path root)
      throws IOException, InterruptedException {
    for (Peer peer : peers) {
      List<String> missing = peer.needs().stream().filter(name -> !tools.has(name)).toList();
      if (!missing.isEmpty()) {
        progress.line("skipped " + peer.name() + ": not installed: " + missing);
        continue;
      }
      progress.line("starting " + peer.title());
      servers.put(peer, RunningPeer.start(peer, setting, root.resolve(peer.name())));
    }
  }

  private void turns(Map<Peer, RunningPeer> servers, Client client)
      throws IOException, InterruptedException {
    List<Case> asked = cases.stream().filter(c -> tools.has(c.needs())).toList();
    cases.stream()
        .filter(c -> !asked.contains(c))
        .forEach(c -> progress.line("skipped " + c.name() + ": not installed: " + c.needs()));
    int steps = 0;
    for (Case one : asked) {
      steps += rounds * (int) servers.keySet().stream().filter(peer -> peer.can(one)).count();
    }
    progress.expect(steps);
    for (Case one : asked) {
      List<RunningPeer> able = new ArrayList<>();
      for (RunningPeer server : servers.values()) {
        if (server.peer().can(one) && warm(server, one, client)) {
          able.add(server);
        }
      }
      for (int round = 0; round < rounds; round++) {
        for (RunningPeer server : able) {
          Sample sample = client.measure(server, one, seconds);
          results.add(one, server.peer(), sample);
          progress.step(
              "%s, %s: %s %s"
                  .formatted(one.title(), server.peer().title(), sample, one.kind().unit));
        }
        // Each is next to each of the others in some round.
        Collections.rotate(able, 1);
        if (round % 2 == 1) {
          Collections.reverse(able);
        }
      }
    }
  }

  /**
   * What a JIT compiler does is not what is compared.
   *
   * @return false when a peer does not answer as it must
   */
  private boolean warm(RunningPeer server, Case one, Client client)
      throws IOException, InterruptedException {
    try {
      client.check(server, one);
      client.measure(server, one, seconds);
      return true;
    } catch (IOException | IllegalArgumentException e) {
      if (Peers.isOurs(server.peer())) {
        throw e;
      }
      progress.line(
          "skipped " + server.peer().name() + " for " + one.name() + ": " + e.getMessage());
      return false;
    }
  }

  private String about() {
    return """
    Median of %d turns of %.0f s for each server, one after another in each round, 8 connections, \
    with the 95 %% interval of the median. %s, %d processors, %s. Heap of the JVMs: 64 MB.

    Made by `benchmarks/compare` on commit %s.
    """
        .formatted(
            rounds,
            seconds,
            System.getProperty("os.name") + " " + System.getProperty("os.version"),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.arch"),
            System.getProperty("postern.commit", "unknown"));
  }
}

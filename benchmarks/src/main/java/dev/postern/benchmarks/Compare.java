package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Runs our server and its peers side by side, and writes the results after each case. */
public final class Compare {
  private final Options options;
  private final Progress progress = new Progress("compare", System.err);
  private final Tools tools = new Tools();
  private final Results results = new Results();

  private Compare(Options options) {
    this.options = options;
  }

  /**
   * Runs the comparison. The script passes system properties: two jars, two JDKs and the commit.
   *
   * @throws Exception when a server cannot be started
   */
  public static void main(String[] args) throws Exception {
    Options options;
    try {
      options = Options.parse(List.of(args));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(Options.usage());
      System.exit(2);
      return;
    }
    new Compare(options).run();
  }

  private void run() throws IOException, InterruptedException {
    for (String needed : List.of("wrk", "curl")) {
      if (!tools.has(needed)) {
        throw new IOException(needed + " must be installed");
      }
    }
    // A server that root starts runs as another user. That user must be able to run the programs,
    // so everybody may read this directory.
    Path root = Files.createTempDirectory(Path.of("/var/tmp"), "postern-compare");
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    try {
      Fixtures fixtures = Fixtures.write(root, tools, progress);
      try (Servers servers =
          new Servers(Peer.Setting.ofProperties(tools, fixtures), root, progress)) {
        // If the user breaks off the run, the hook ends the servers.
        Runtime.getRuntime().addShutdownHook(new Thread(servers::close));
        measure(servers, new Client(tools, fixtures));
      }
    } finally {
      Client.delete(root);
    }
    System.out.println(report());
    progress.line("written to " + options.out().toAbsolutePath());
    if (options.brief()) {
      Committed committed = Committed.read(Path.of("docs", "benchmarks.md"));
      committed.beside(results).forEach(System.out::println);
      if (committed.hasFallen(results)) {
        System.exit(1);
      }
    }
  }

  private void measure(Servers servers, Client client) throws IOException, InterruptedException {
    List<Group> wanted =
        Group.of(options).stream().filter(group -> tools.has(group.asked().needs())).toList();
    options.cases().stream()
        .filter(asked -> !tools.has(asked.needs()))
        .forEach(asked -> progress.line("skipped " + asked.name() + ": no " + asked.needs()));
    Set<Peer> used =
        wanted.stream().flatMap(group -> group.peers().stream()).collect(Collectors.toSet());
    servers.start(options.peers().stream().filter(used::contains).toList());
    List<Group> groups = wanted.stream().map(group -> group.only(servers.peers())).toList();
    progress.expect(groups.stream().mapToDouble(group -> group.seconds(options)).sum());
    Turns turns = new Turns(options, servers, client, results, progress);
    for (Group group : groups) {
      turns.measure(group);
      write();
    }
  }

  /**
   * Writes the report. This happens after each case, so a run that is broken off leaves one, too.
   */
  private void write() throws IOException {
    Files.createDirectories(options.out());
    Files.writeString(options.out().resolve("benchmarks.md"), report());
    Files.writeString(options.out().resolve("benchmarks.svg"), Chart.of(results));
  }

  private String report() {
    return Report.of(results, about());
  }

  private String about() {
    return """
    Median of %d turns of %.0f s for each server, one after another in each round, 8 connections, \
    with the 95 %% interval of the median; a ratio is taken within each round. %s, %d processors, \
    %s. Heap of the JVMs: 64 MB. Ours at isolation level L1, its default.

    Made by `benchmarks/compare%s` on commit %s.
    """
        .formatted(
            options.rounds(),
            options.seconds(),
            System.getProperty("os.name") + " " + System.getProperty("os.version"),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.arch"),
            options.goals() ? " --goals" : "",
            System.getProperty("postern.commit", "unknown"));
  }
}

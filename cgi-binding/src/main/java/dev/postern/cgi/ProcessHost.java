package dev.postern.cgi;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.StartResponse;
import dev.postern.hosting.HostOptions;
import dev.postern.hosting.Hosted;
import dev.postern.hosting.Permits;
import dev.postern.hosting.ProgramHost;
import dev.postern.hosting.RefusalCounters;
import dev.postern.hosting.RunWatch;
import dev.postern.process.StartPath;
import dev.postern.program.Program;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Runs programs as processes, for {@link CgiApplication} and {@link CgiDirectory}. Thread-safe. */
final class ProcessHost {
  private final ProgramHost host;
  private final ProcessOptions options;

  /** The places of each program that was run; at most one entry for each file. */
  private final Map<Path, Permits> programPermits = new ConcurrentHashMap<>();

  ProcessHost(CgiHostBuilder<?> builder) {
    host = new ProgramHost(builder.options());
    options = builder.processOptions(host.options().places());
    // Finds out how programs are started, and logs it, when the server starts and not in its first
    // request.
    StartPath.inForce();
    Level.log(options.isolation().level());
  }

  /** Logs each level once. */
  private static final class Level {
    private static final Set<IsolationLevel> LOGGED = ConcurrentHashMap.newKeySet();

    static void log(IsolationLevel level) {
      if (LOGGED.add(level)) {
        System.getLogger("dev.postern.cgi")
            .log(System.Logger.Level.INFO, "programs are isolated at level " + level);
      }
    }
  }

  HostOptions options() {
    return host.options();
  }

  ProcessOptions processes() {
    return options;
  }

  RefusalCounters counters() {
    return host.counters();
  }

  RunWatch watch(Path program, Environ environ) {
    return host.watch(program, environ);
  }

  Refusals refusals() {
    return Refusals.of(counters().snapshot());
  }

  /** Runs what was chosen, and starts its response: see {@link ProgramHost#run}. */
  Body run(RunWatch watch, Callable<Hosted> choice, Environ environ, StartResponse startResponse)
      throws Exception {
    return host.run(watch, choice, environ, startResponse);
  }

  /**
   * A program that may run, for one request.
   *
   * @param inside the program's code if it runs inside this JVM; null for a program that is started
   *     as a process
   */
  Hosted hosted(Program program, @Nullable JavaProgram inside, RunWatch watch) {
    return new HostedFile(program, host.options(), options, places(program), watch, inside);
  }

  /** Whether any group loads its programs before they are requested. */
  boolean isEager() {
    return options.delegation().groups().stream().anyMatch(WorkerGroup::isEager);
  }

  /** Lets an eager group load its program. A program that must not run is left out. */
  void load(Program program) {
    try {
      RunWatch nobody =
          new RunWatch(program.file(), Environ.builder(Map.of()).build(), List.of(), 0, () -> 0);
      new HostedFile(program, host.options(), options, List.of(), nobody, null)
          .load(new RefusalCounters());
    } catch (GatewayException e) {
      // Each request for the program gets this failure.
    }
  }

  /** Ends what only this host uses. */
  void close() {
    if (options.ownGroup() != null) {
      options.ownGroup().close();
    }
  }

  private List<Permits> places(Program program) {
    Permits ofOne = options.ofOneProgram();
    if (ofOne == null) {
      return List.of(host.options().places());
    }
    return List.of(
        programPermits.computeIfAbsent(program.file(), file -> ofOne.withMax(ofOne.max())),
        host.options().places());
  }
}

package dev.postern.cgi;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.process.RunningProgram;
import dev.postern.process.StartPath;
import dev.postern.process.Starter;
import dev.postern.program.Program;
import dev.postern.system.Spool;
import dev.postern.warm.WarmRequest;
import dev.postern.warm.WarmStart;
import dev.postern.wire.ProgramResponse;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs programs for requests: the host of RFC 3875, as {@link CgiApplication} and {@link
 * CgiDirectory} share it. Thread-safe.
 */
final class ProgramHost {
  /**
   * How often a start is tried again that the system has refused: one process more may be had in a
   * moment (EAGAIN), and a program that is just being written cannot run (ETXTBSY). Where a helper
   * starts the program, nothing proves that it never began, so that it is not tried again.
   */
  private static final int RETRIES = 3;

  private static final long RETRY_MILLIS = 10;

  private final HostOptions options;
  private final RefusalCounters counters = new RefusalCounters();

  /** One for each program that was run; there are no more than files. */
  private final Map<Path, ProcessLimit> programLimits = new ConcurrentHashMap<>();

  ProgramHost(HostOptions options) {
    this.options = options;
    Swept.now();
    // Found out, and logged, when a server starts and not in its first request.
    StartPath.inForce();
    Level.log(options.isolation().level());
  }

  /** Each level is logged once. */
  private static final class Level {
    private static final Set<IsolationLevel> LOGGED = ConcurrentHashMap.newKeySet();

    static void log(IsolationLevel level) {
      if (LOGGED.add(level)) {
        System.getLogger("dev.postern.cgi")
            .log(System.Logger.Level.INFO, "programs are isolated at level " + level);
      }
    }
  }

  /** Once in a JVM: what is left behind is left by those before. */
  private static final class Swept {
    static {
      Spool.sweep(Spool.directory());
    }

    static void now() {
      // By initializing this class.
    }
  }

  /** Takes down how the run of a program goes that was chosen for a request. */
  RunWatch watch(Path program, Environ environ) {
    return new RunWatch(program, environ, options.listeners(), System::nanoTime);
  }

  HostOptions options() {
    return options;
  }

  RefusalCounters counters() {
    return counters;
  }

  /**
   * Runs a program that may run, and starts its response. The body that is returned owns the
   * process and its place.
   */
  Body run(Program program, Environ environ, StartResponse startResponse, RunWatch watch)
      throws Exception {
    return run(program, null, environ, startResponse, watch);
  }

  /**
   * Runs a program, inside this JVM where {@code inside} is its code.
   *
   * @param inside null for a program that is started as this host starts its programs
   */
  Body run(
      Program program,
      @Nullable JavaProgram inside,
      Environ environ,
      StartResponse startResponse,
      RunWatch watch)
      throws Exception {
    RequestBody request = RequestBody.of(environ, options.maxBody(), options.maxSpool());
    watch.body(request);
    watch.inside = inside != null;
    ProgramRun run = null;
    try {
      WorkerGroup group =
          inside == null ? options.delegation().of(options.programs(), program.file()) : null;
      Path directory = directory(program, group);
      Map<String, String> configured = configured(group);
      Map<String, String> environment =
          ProgramEnvironment.of(environ, options, configured, program, request.length(), counters);
      Places places = places(program, watch);
      try {
        run = new ProgramRun(options, counters, environ, request, places, watch);
        Isolation.Enclosure enclosure = enclosure(program);
        run.enclose(enclosure);
        ProgramResponse head =
            head(
                run,
                watch,
                program,
                inside == null ? spawner(enclosure, program) : inside::start,
                new WarmRequest(
                    program.file(),
                    program.command(),
                    environment,
                    configured.keySet(),
                    directory,
                    request.stream(),
                    options.isolation()::workerCommand,
                    enclosure.entrance()),
                group);
        if (head.localPath() != null && options.localRedirects() != null) {
          run.drain();
          run.close();
          return LocalRedirect.follow(environ, options, head.localPath(), startResponse);
        }
        return run.begin(head, startResponse);
      } catch (Throwable e) {
        watch.failed(e);
        if (run != null) {
          run.close();
        } else {
          places.close();
        }
        throw e;
      }
    } catch (Throwable e) {
      request.close();
      throw e;
    }
  }

  private Places places(Program program, RunWatch watch) throws IOException {
    List<ProcessLimit> limits =
        options.programLimit() == 0
            ? List.of(options.limit())
            : List.of(
                programLimits.computeIfAbsent(
                    program.file(), file -> options.limit().withMax(options.programLimit())),
                options.limit());
    long start = watch.now();
    try {
      return Places.take(limits, watch::now);
    } finally {
      watch.queued(start);
    }
  }

  private ProgramResponse head(
      ProgramRun run,
      RunWatch watch,
      Program program,
      Starter starter,
      WarmRequest request,
      @Nullable WorkerGroup group)
      throws IOException {
    long start = watch.now();
    if (group != null) {
      RunningProgram child = child(program, request, group, watch);
      if (child != null) {
        run.start(child, program.command());
        watch.started(start);
        return run.head();
      }
    }
    for (int attempt = 0; ; attempt++) {
      try {
        run.start(
            starter.start(
                program.command(),
                request.environment(),
                request.directory(),
                request.body(),
                options.isolation().isTied()),
            program.command());
        break;
      } catch (GatewayException e) {
        // The starter has said what it is.
        throw e;
      } catch (IOException e) {
        if (attempt >= RETRIES || mayHaveBegun(e)) {
          throw notStarted(program.file(), e);
        }
      }
      pause();
    }
    watch.start = watch.inside ? "inside" : "spawn";
    watch.started(start);
    return run.head();
  }

  /** Starts a process, with what its isolation puts before the program's command. */
  private Starter spawner(Isolation.Enclosure enclosure, Program program) {
    return (command, environment, directory, body, tied) ->
        options
            .starter()
            .start(enclosure.command(program, directory), environment, directory, body, tied);
  }

  /** A child of a worker that runs the program; null when a process of its own must. */
  private @Nullable RunningProgram child(
      Program program, WarmRequest request, WorkerGroup group, RunWatch watch) throws IOException {
    String cold = options.isolation().coldReason();
    if (cold.isEmpty()) {
      try {
        WarmStart started = group.pool().start(request);
        if (started.program() != null) {
          watch.start = "fork";
          return started.program();
        }
        cold = started.cold();
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        // It may have begun.
        throw notStarted(program.file(), e);
      }
    }
    watch.coldReason = cold;
    return null;
  }

  /** The variables that are the same for each request of the programs of a group. */
  private Map<String, String> configured(@Nullable WorkerGroup group) {
    if (group == null || group.environment().isEmpty()) {
      return options.environment();
    }
    Map<String, String> all = new LinkedHashMap<>(options.environment());
    all.putAll(group.environment());
    return all;
  }

  /** Ends what only this host uses. */
  void close() {
    if (options.ownGroup() != null) {
      options.ownGroup().close();
    }
  }

  /**
   * What is no failure of the system, such as want of memory for a thread, can come after the
   * program has begun. Nothing runs twice.
   */
  private static boolean mayHaveBegun(IOException e) {
    return e.getCause() != null && !(e.getCause() instanceof IOException);
  }

  private Isolation.Enclosure enclosure(Program program) throws GatewayException {
    try {
      return options.isolation().enclosure();
    } catch (IOException e) {
      throw notStarted(program.file(), e);
    }
  }

  /** The program was looked at before, so that what fails here is a matter of resources. */
  static GatewayException notStarted(Path program, @Nullable IOException cause) {
    return Refusal.of(
        503,
        "not-started",
        "program must be started: " + program,
        Headers.of("Retry-After", "1"),
        cause);
  }

  private static void pause() throws InterruptedIOException {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the program was started");
    }
  }

  private Path directory(Program program, @Nullable WorkerGroup group) throws GatewayException {
    Path own = group == null ? null : group.workingDirectory();
    Path configured = own != null ? own : options.workingDirectory();
    Path parent = program.file().getParent();
    Path directory = configured != null ? configured : parent != null ? parent : Path.of("/");
    if (!Files.isDirectory(directory)) {
      throw Refusal.of(500, "no-directory", "working directory must be a directory: " + directory);
    }
    program.checkNames(directory);
    return directory;
  }
}

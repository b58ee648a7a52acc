package dev.postern.hosting;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.process.RunningProgram;
import dev.postern.system.Spool;
import dev.postern.wire.ProgramResponse;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lets programs answer requests. This is what the host of RFC 3875 does, whatever runs its
 * programs. Thread-safe.
 */
public final class ProgramHost {
  private final HostOptions options;
  private final RefusalCounters counters = new RefusalCounters();

  /** A host with those options. */
  public ProgramHost(HostOptions options) {
    this.options = options;
    Swept.now();
  }

  /** Removes old spools once in a JVM, because only earlier JVMs can have left any. */
  private static final class Swept {
    static {
      Spool.sweep(Spool.directory());
    }

    static void now() {
      // The call initializes this class, which does it.
    }
  }

  /** Begins to record the run of a program that was chosen for a request. */
  public RunWatch watch(Path program, Environ environ) {
    RunWatch watch =
        new RunWatch(program, environ, options.listeners(), options.kept(), System::nanoTime);
    watch.at(options.places());
    return watch;
  }

  /** The options that this host was built with. */
  public HostOptions options() {
    return options;
  }

  /** What was refused or dropped so far. */
  public RefusalCounters counters() {
    return counters;
  }

  /**
   * Starts the program and its response. The body that is returned owns the running program and its
   * places.
   */
  public Body run(Hosted hosted, Environ environ, StartResponse startResponse, RunWatch watch)
      throws Exception {
    RequestBody request = RequestBody.of(environ, options.maxBody(), options.maxSpool());
    watch.body(request);
    ProgramRun run = null;
    ProgramResponse head;
    try {
      Map<String, String> environment = hosted.environment(environ, request.length(), counters);
      watch.given(hosted, environment);
      Places places = places(hosted.places(), watch);
      try {
        run = new ProgramRun(options, counters, hosted, environ, request, places, watch);
        run.start(started(hosted, watch, environment, request));
        head = run.head();
        if (head.localPath() == null || options.localRedirects() == null) {
          return run.begin(head, startResponse);
        }
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
    run.close();
    return LocalRedirect.follow(environ, options, head.localPath(), startResponse);
  }

  private static RunningProgram started(
      Hosted hosted, RunWatch watch, Map<String, String> environment, RequestBody request)
      throws IOException {
    long start = watch.now();
    RunningProgram program = hosted.start(environment, watch.input(request.stream()));
    watch.started(start);
    watch.runs(program);
    return program;
  }

  private static Places places(List<Permits> permits, RunWatch watch) throws IOException {
    long start = watch.now();
    try {
      return Places.take(permits, watch::now);
    } finally {
      watch.queued(start);
    }
  }

  /** The failure of a start. The program was checked before, so the system lacks resources. */
  public static GatewayException notStarted(Path program, @Nullable IOException cause) {
    return Refusal.of(
        503,
        "not-started",
        "program must be started: " + program,
        Headers.of("Retry-After", "1"),
        cause);
  }
}

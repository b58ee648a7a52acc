package dev.postern.hosting;

import dev.postern.Application;
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
import java.util.concurrent.Callable;
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
   * Checks a request, starts what answers it, and starts the response. The body that is returned
   * owns the running program and its places. A refusal counts here, and what another application
   * refuses after a local redirect counts only there.
   *
   * @param choice checks that the request may be answered, and says what answers it
   */
  public Body run(
      RunWatch watch, Callable<Hosted> choice, Environ environ, StartResponse startResponse)
      throws Exception {
    Application redirects = options.localRedirects();
    Environ next;
    try {
      Hosted hosted = choice.call();
      RequestBody request = RequestBody.of(environ, options.maxBody(), options.maxSpool());
      watch.body(request);
      ProgramRun run = start(hosted, environ, request, watch);
      try {
        ProgramResponse head = run.head();
        if (head.localPath() == null || redirects == null) {
          return run.begin(head, startResponse);
        }
        next = LocalRedirect.next(environ, options, head.localPath());
      } catch (Throwable e) {
        watch.failed(e);
        run.close();
        throw e;
      }
      run.close();
    } catch (Throwable e) {
      if (e instanceof GatewayException refused) {
        counters.count(Refusal.rule(refused));
      }
      watch.requestFailed(e);
      throw e;
    }
    return redirects.call(next, startResponse);
  }

  private ProgramRun start(Hosted hosted, Environ environ, RequestBody request, RunWatch watch)
      throws IOException {
    try {
      Map<String, String> environment = hosted.environment(environ, request.length(), counters);
      watch.given(hosted, environment);
      Places places = places(hosted.places(), watch);
      ProgramRun run = new ProgramRun(options, counters, hosted, environ, request, places, watch);
      try {
        run.start(started(hosted, watch, environment, request));
        return run;
      } catch (Throwable e) {
        watch.failed(e);
        run.close();
        throw e;
      }
    } catch (Throwable e) {
      request.close();
      throw e;
    }
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

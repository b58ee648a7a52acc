package dev.postern.cgi;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.hosting.EnvironmentRules;
import dev.postern.hosting.HostOptions;
import dev.postern.hosting.Hosted;
import dev.postern.hosting.Permits;
import dev.postern.hosting.ProgramEnvironment;
import dev.postern.hosting.ProgramHost;
import dev.postern.hosting.RefusalCounters;
import dev.postern.hosting.RequestRules;
import dev.postern.hosting.RunWatch;
import dev.postern.process.ProgramText;
import dev.postern.process.RunningProgram;
import dev.postern.program.ModeRules;
import dev.postern.program.NeverRuns;
import dev.postern.program.Program;
import dev.postern.system.Owners;
import dev.postern.warm.ApplicationLanguage;
import dev.postern.warm.WarmRequest;
import dev.postern.warm.WorkerPool;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An application of another language in the workers of a group, for {@link WsgiApplication} and
 * {@link PsgiApplication}. Thread-safe.
 */
final class ApplicationWorkers implements AutoCloseable {

  /** How long a request waits for a free worker once one has loaded. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Workers run as this process's user. */
  private static final ModeRules MODES = new ModeRules(false, false, Owners.current());

  private final ProgramHost host;
  private final Path file;

  /** The file as a program that an interpreter only reads. */
  private final Program program;

  private final Map<String, String> configured = new LinkedHashMap<>();
  private final Path directory;
  private final WorkerGroup group;
  private final boolean ownGroup;
  private final WorkerPool pool;

  /**
   * @param given the group; null for a group of the application's own, with all defaults
   * @param callable the name of the application in its file
   */
  ApplicationWorkers(
      HostOptions options,
      Path file,
      ApplicationLanguage language,
      Path interpreter,
      String callable,
      @Nullable WorkerGroup given) {
    this.host = new ProgramHost(options);
    this.file = file;
    this.program = new Program(file, List.of(file.toString()), file, true);
    NeverRuns.warn(this::checkModes);
    this.ownGroup = given == null;
    this.group = given == null ? WorkerGroup.builder("application").build() : given;
    configured.putAll(options.environment());
    configured.putAll(group.environment());
    Path own = group.workingDirectory();
    Path parent = file.getParent();
    this.directory = own != null ? own : parent != null ? parent : Path.of("/");
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("PATH", EnvironmentRules.PATH);
    configured.forEach((name, value) -> environment.put(name, bytes(value)));
    this.pool =
        group.application(
            file,
            language.start(
                group.umask(),
                interpreter,
                file,
                callable,
                environment,
                directory,
                group.gracefulSeconds()));
    if (group.isEager()) {
      load();
    }
  }

  /** Loads the application ahead, unless it must not run. */
  private void load() {
    try {
      checkModes();
      pool.load();
    } catch (GatewayException e) {
      // Each request gets this failure.
    }
  }

  private void checkModes() throws GatewayException {
    program.checkConfiguredModes(MODES);
  }

  private static String bytes(String text) {
    String bytes = ProgramText.toBytes(text);
    return bytes == null ? text : bytes;
  }

  ProgramHost host() {
    return host;
  }

  Body call(Environ environ, StartResponse startResponse) throws Exception {
    RunWatch watch = host.watch(file, environ);
    return host.run(
        watch,
        () -> {
          RequestRules.check(environ, host.options());
          checkModes();
          return new Request(watch);
        },
        environ,
        startResponse);
  }

  /** The failure of a request that has waited for a worker in vain. */
  static GatewayException busy(Path program) {
    return Refusal.of(
        503,
        "process-limit",
        "request must find a free worker of " + program,
        Headers.of("Retry-After", "1"),
        null);
  }

  @Override
  public void close() {
    if (ownGroup) {
      group.close();
    } else {
      group.close(pool);
    }
  }

  /** One request. */
  private final class Request implements Hosted {
    private final RunWatch watch;

    Request(RunWatch watch) {
      this.watch = watch;
    }

    @Override
    public Path program() {
      return file;
    }

    @Override
    public List<String> command() {
      return List.of(file.toString());
    }

    @Override
    public List<Permits> places() {
      return List.of(host.options().places());
    }

    @Override
    public Map<String, String> environment(
        Environ environ, long contentLength, RefusalCounters counters) throws GatewayException {
      ProgramEnvironment.Own own =
          new ProgramEnvironment.Own(
              Map.of("PATH", EnvironmentRules.PATH),
              configured,
              ProgramText.toBytes(file),
              false,
              true);
      return ProgramEnvironment.of(environ, host.options(), own, contentLength, counters);
    }

    @Override
    public RunningProgram start(Map<String, String> environment, @Nullable InputStream body)
        throws IOException {
      WarmRequest request =
          new WarmRequest(
              file,
              command(),
              environment,
              configured.keySet(),
              host.options().passed(),
              directory,
              body,
              command -> command,
              null);
      RunningProgram started;
      try {
        started = pool.start(request, PATIENCE);
      } catch (InterruptedIOException e) {
        throw e;
      } catch (WorkerPool.NotLoaded e) {
        throw Refusal.of(
            500,
            "not-loaded",
            "application must load: " + file + ": " + e.getMessage(),
            Headers.of(),
            e);
      } catch (IOException e) {
        // The request may have begun, and must not run twice.
        throw ProgramHost.notStarted(file, e);
      }
      if (started == null) {
        throw busy(file);
      }
      watch.startedBy("reuse");
      return started;
    }
  }
}

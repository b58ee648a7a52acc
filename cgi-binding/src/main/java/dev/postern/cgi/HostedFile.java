package dev.postern.cgi;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.hosting.EnvironmentRules;
import dev.postern.hosting.HostOptions;
import dev.postern.hosting.Hosted;
import dev.postern.hosting.Permits;
import dev.postern.hosting.ProgramEnvironment;
import dev.postern.hosting.ProgramHost;
import dev.postern.hosting.RefusalCounters;
import dev.postern.hosting.RunWatch;
import dev.postern.process.HostedProcess;
import dev.postern.process.ProgramText;
import dev.postern.process.RunningProgram;
import dev.postern.process.Starter;
import dev.postern.program.Program;
import dev.postern.system.OtherUser;
import dev.postern.warm.Umask;
import dev.postern.warm.WarmRequest;
import dev.postern.warm.WarmStart;
import dev.postern.wire.Refusal;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A file that a request runs as a process of its own. Confined to one request. */
final class HostedFile implements Hosted {
  private static final String NPH = "nph-";

  /**
   * How often a start is tried again after the system refused it. The system may have room for
   * another process a moment later (EAGAIN), and a program that somebody is just writing can run
   * when the file is complete (ETXTBSY). If a helper starts the program, nothing proves that the
   * program never began, so such a start is not tried again.
   */
  private static final int RETRIES = 3;

  private static final long RETRY_MILLIS = 10;

  private final Program program;
  private final HostOptions options;
  private final ProcessOptions processes;
  private final List<Permits> places;
  private final RunWatch watch;
  private final @Nullable JavaProgram inside;
  private final @Nullable WorkerGroup group;
  private final Map<String, String> configured;
  private Isolation.@Nullable Enclosure enclosure;

  HostedFile(
      Program program,
      HostOptions options,
      ProcessOptions processes,
      List<Permits> places,
      RunWatch watch,
      @Nullable JavaProgram inside) {
    this.program = program;
    this.options = options;
    this.processes = processes;
    this.places = places;
    this.watch = watch;
    this.inside = inside;
    this.group =
        inside == null ? processes.delegation().of(processes.programs(), program.file()) : null;
    this.configured = configured(group, options);
  }

  /** The variables that are the same for each request: the host's, and those of the group. */
  private static Map<String, String> configured(@Nullable WorkerGroup group, HostOptions options) {
    if (group == null || group.environment().isEmpty()) {
      return options.environment();
    }
    Map<String, String> all = new LinkedHashMap<>(options.environment());
    all.putAll(group.environment());
    return all;
  }

  @Override
  public Path program() {
    return program.file();
  }

  @Override
  public List<String> command() {
    return program.command();
  }

  @Override
  public boolean isNph() {
    return processes.nph() || String.valueOf(program.file().getFileName()).startsWith(NPH);
  }

  @Override
  public boolean isStrict() {
    return program.isInstalled();
  }

  @Override
  public List<Permits> places() {
    return places;
  }

  @Override
  public Map<String, String> environment(
      Environ environ, long contentLength, RefusalCounters counters) throws GatewayException {
    checkDirectory();
    return ProgramEnvironment.of(
        environ, options, own(program, processes, configured), contentLength, counters);
  }

  /** What the environment of that program has for every request. */
  static ProgramEnvironment.Own own(
      Program program, ProcessOptions processes, Map<String, String> configured) {
    Map<String, String> defaults = new LinkedHashMap<>();
    defaults.put("PATH", EnvironmentRules.PATH);
    OtherUser user = processes.isolation().user();
    if (user != null) {
      defaults.put("HOME", user.home());
      defaults.put("USER", user.name());
      defaults.put("LOGNAME", user.name());
    }
    return new ProgramEnvironment.Own(
        defaults, configured, ProgramText.toBytes(program.file()), program.interpreted(), true);
  }

  @Override
  public RunningProgram start(Map<String, String> environment, @Nullable InputStream body)
      throws IOException {
    Path directory = directory();
    Isolation.Enclosure entered = enclosure();
    if (group != null) {
      RunningProgram child =
          child(warmRequest(group, environment, directory, body, entered.entrance()), group);
      if (child != null) {
        return child;
      }
    }
    watch.startedBy(inside == null ? "spawn" : "inside");
    return start(inside == null ? spawner(entered) : inside::start, environment, body, directory);
  }

  private WarmRequest warmRequest(
      WorkerGroup workers,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body,
      @Nullable Path entrance) {
    return new WarmRequest(
        program.file(),
        program.command(),
        environment,
        configured.keySet(),
        options.passed(),
        directory,
        body,
        command -> Umask.command(workers.umask(), processes.isolation().workerCommand(command)),
        entrance);
  }

  /** Lets an eager group load the program before any request. */
  void load(RefusalCounters counters) throws GatewayException {
    if (group != null
        && group.isEager()
        && processes.isolation().coldReason(group.mode()).isEmpty()) {
      Environ nobody = Environ.builder(Map.of("REQUEST_METHOD", "GET")).build();
      group
          .pool()
          .load(warmRequest(group, environment(nobody, -1, counters), directory(), null, null));
    }
  }

  /** A child of a worker that runs the program; null when a process of its own must run it. */
  private @Nullable RunningProgram child(WarmRequest request, WorkerGroup workers)
      throws IOException {
    String cold = processes.isolation().coldReason(workers.mode());
    if (cold.isEmpty()) {
      try {
        WarmStart started = workers.pool().start(request);
        if (started.program() != null) {
          watch.startedBy(started.how());
          return started.program();
        }
        if (started.isBusy()) {
          throw ApplicationWorkers.busy(program.file());
        }
        cold = started.cold();
      } catch (InterruptedIOException | GatewayException e) {
        throw e;
      } catch (IOException e) {
        // The program may have begun, and must not run twice.
        throw ProgramHost.notStarted(program.file(), e);
      }
    }
    watch.cold(cold);
    return null;
  }

  /** A starter of processes whose command begins with the words of the isolation. */
  private Starter spawner(Isolation.Enclosure entered) {
    return (command, environment, directory, body, tied) ->
        processes
            .starter()
            .start(
                Umask.command(
                    group == null ? null : group.umask(), entered.command(program, directory)),
                environment,
                directory,
                body,
                tied);
  }

  private RunningProgram start(
      Starter starter, Map<String, String> environment, @Nullable InputStream body, Path directory)
      throws IOException {
    for (int attempt = 0; ; attempt++) {
      try {
        return starter.start(
            program.command(), environment, directory, body, processes.isolation().isTied());
      } catch (GatewayException e) {
        // The starter has given the failure its status and rule already.
        throw e;
      } catch (IOException e) {
        if (attempt >= RETRIES || HostedProcess.mayHaveRun(e)) {
          throw ProgramHost.notStarted(program.file(), e);
        }
      }
      if (body instanceof ByteArrayInputStream memory) {
        // The start that failed may have read this stream already. Only a running program reads
        // other streams.
        memory.reset();
      }
      pause();
    }
  }

  private Isolation.Enclosure enclosure() throws GatewayException {
    try {
      Isolation.Enclosure entered = processes.isolation().enclosure();
      enclosure = entered;
      return entered;
    } catch (IOException e) {
      throw ProgramHost.notStarted(program.file(), e);
    }
  }

  @Override
  public void close() throws IOException {
    if (enclosure != null) {
      enclosure.close();
    }
  }

  private static void pause() throws InterruptedIOException {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the program was started");
    }
  }

  @Override
  public Path directory() {
    Path own = group == null ? null : group.workingDirectory();
    Path directory = own != null ? own : processes.workingDirectory();
    Path parent = program.file().getParent();
    return directory != null ? directory : parent != null ? parent : Path.of("/");
  }

  private void checkDirectory() throws GatewayException {
    Path directory = directory();
    if (!Files.isDirectory(directory)) {
      throw Refusal.of(500, "no-directory", "working directory must be a directory: " + directory);
    }
    program.checkNames(directory);
  }
}

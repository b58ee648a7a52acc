package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.hosting.EnvironmentRules;
import dev.postern.process.ProgramText;
import dev.postern.warm.GroupOptions;
import dev.postern.warm.ScriptPool;
import dev.postern.warm.ServerEvent;
import dev.postern.warm.ServerStart;
import dev.postern.warm.WorkerPool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Workers for scripts of Perl, Python and Ruby, so that a request does not wait for an interpreter
 * to start and load. An interpreter loads a script and its modules once, and forks a child for each
 * request: the script has fresh state each time.
 *
 * <p>A program answers as if it had just been started, or a process of its own answers: while a
 * worker loads, when it must not load the script, is gone or could not fork. Nothing runs twice.
 * {@link CgiRun#start} and {@link CgiRun#coldReason} tell how each request was served.
 *
 * <p>Whoever builds a group closes it. Given to {@link CgiDirectory.Builder#delegate} and {@link
 * CgiHostBuilder#workers}. One group may serve several applications. Thread-safe.
 */
public final class WorkerGroup implements AutoCloseable {
  /** A runtime that was linked without {@code jdk.jfr} has workers all the same. */
  private static final boolean RECORDER = ModuleLayer.boot().findModule("jdk.jfr").isPresent();

  private final String name;
  private final Map<String, String> environment;
  private final @Nullable Path workingDirectory;
  private final List<Consumer<WorkerStatus>> listeners;
  private final WorkerMode mode;
  private final @Nullable String umask;
  private final GroupOptions applicationOptions;
  private final ScriptPool pool;
  private final List<WorkerPool> applications = new CopyOnWriteArrayList<>();

  private WorkerGroup(Builder builder) {
    name = builder.name;
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(builder.environment));
    workingDirectory = builder.workingDirectory;
    listeners = List.copyOf(builder.listeners);
    mode = builder.mode;
    umask = builder.umask;
    applicationOptions = builder.options(Math.max(0, builder.maximumRequests));
    pool = new ScriptPool(builder.options(builder.scriptRequests()), this::tell);
  }

  /**
   * Options for a group.
   *
   * @param name for its status and the log, of letters, digits, {@code -}, {@code _} and {@code .}
   * @throws IllegalArgumentException when the name is no such
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  private void tell(ServerEvent event) {
    tell(WorkerStatus.of(event, mode));
  }

  private void tell(WorkerStatus status) {
    if (RECORDER) {
      WorkerEvent.commit(name, status);
    }
    for (Consumer<WorkerStatus> listener : listeners) {
      listener.accept(status);
    }
  }

  /** How each program stands that was delegated to the group and asked for. */
  public List<WorkerStatus> status() {
    List<WorkerStatus> all = new ArrayList<>();
    pool.status().forEach(event -> all.add(WorkerStatus.of(event, mode)));
    for (WorkerPool application : applications) {
      application.status().forEach(event -> all.add(WorkerStatus.of(event, WorkerMode.REUSE)));
    }
    return all;
  }

  /** Its name. */
  public String name() {
    return name;
  }

  ScriptPool pool() {
    return pool;
  }

  /** Workers of an application, which end with the group if not before. */
  WorkerPool application(Path file, ServerStart start) {
    WorkerPool workers =
        WorkerPool.ofApplication(
            file,
            applicationOptions,
            start,
            pool,
            event -> tell(WorkerStatus.of(event, WorkerMode.REUSE)));
    applications.add(workers);
    return workers;
  }

  /** The umask of its programs, in octal; null for that of the JVM. */
  @Nullable String umask() {
    return umask;
  }

  /** Whether its programs are loaded before they are asked for. */
  boolean isEager() {
    return applicationOptions.eager();
  }

  /** What wins over the variables of a host. */
  Map<String, String> environment() {
    return environment;
  }

  /** What wins over the directory of a host; null for none. */
  @Nullable Path workingDirectory() {
    return workingDirectory;
  }

  /**
   * Ends all workers, each when its requests have ended; waits for that up to {@link
   * Builder#gracefulTimeout}. Children that run longer are not hurried. Requests that come later
   * are answered by processes of their own.
   */
  @Override
  public void close() {
    pool.close();
    applications.forEach(WorkerPool::close);
  }

  @Override
  public String toString() {
    return "WorkerGroup.builder(\"" + name + "\")";
  }

  /** Options of a group. Not thread-safe. */
  public static final class Builder {
    private static final int UNSET = -1;
    private static final int FORK_REQUESTS = 10_000;
    private static final int REUSE_REQUESTS = 1_000;

    private final String name;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final List<Consumer<WorkerStatus>> listeners = new ArrayList<>();
    private @Nullable Path workingDirectory;
    private int spares = 1;
    private int servers = 16;
    private int processes = Runtime.getRuntime().availableProcessors();
    private int maximumRequests = UNSET;
    private Duration maximumAge = Duration.ZERO;
    private long maximumMemory;
    private Duration maximumCpu = Duration.ZERO;
    private Duration inactivityTimeout = Duration.ofMinutes(5);
    private Duration startupTimeout = Duration.ofSeconds(15);
    private Duration gracefulTimeout = Duration.ofSeconds(15);
    private Duration reloadEvery = Duration.ofSeconds(1);
    private boolean libraries;
    private boolean learn = true;
    private WorkerMode mode = WorkerMode.FORK;
    private boolean strict;
    private boolean eager;
    private @Nullable String umask;
    private final List<String> modules = new ArrayList<>();

    private Builder(String name) {
      if (!name.matches("[A-Za-z0-9._-]+")) {
        throw new IllegalArgumentException(
            "name of a worker group must be letters, digits, '.', '_' and '-': " + name);
      }
      this.name = name;
    }

    /**
     * How its workers run scripts; {@link WorkerMode#FORK} by default. {@link WorkerMode#REUSE}
     * gives fresh state away.
     */
    public Builder mode(WorkerMode newMode) {
      mode = requireNonNull(newMode, "mode");
      return this;
    }

    /**
     * Ends a worker of {@link WorkerMode#REUSE} after a request that has left anything behind in
     * it, such as a variable. Without this, one that has left a descriptor, a thread or a child
     * behind.
     */
    public Builder strictReuse() {
      strict = true;
      return this;
    }

    /**
     * Loads scripts when the directory or application that they are delegated by is built, as many
     * as there are {@link #servers}; by default each is loaded when it is asked for twice. Those of
     * {@code WsgiApplication} and {@code PsgiApplication} are loaded as these are built.
     */
    public Builder eager() {
      eager = true;
      return this;
    }

    /**
     * Modules that are loaded ahead for each script of their language, by their names in Perl, such
     * as {@code Template::Stash}, or Python, such as {@code email.message}; a name without {@code
     * ::} and {@code .} is tried in both. One that cannot be loaded ahead is left out. With {@link
     * #learn} nobody needs to say so; it helps where the first requests count.
     *
     * @throws IllegalArgumentException for what is no such name
     */
    public Builder modules(String... names) {
      for (String module : names) {
        if (!module.matches("[A-Za-z_]\\w*(?:(?:::\\w+)*|(?:\\.\\w+)*)")) {
          throw new IllegalArgumentException("module must be a name of one: " + module);
        }
        modules.add(module);
      }
      return this;
    }

    /**
     * The umask of its programs, in octal such as {@code 027}, also where processes of their own
     * run them; by default that of the JVM.
     *
     * @throws IllegalArgumentException when it is no octal number of at most 777
     */
    public Builder umask(String octal) {
      if (!octal.matches("0?[0-7]{3}")) {
        throw new IllegalArgumentException("umask must be three octal digits: " + octal);
      }
      umask = octal;
      return this;
    }

    /**
     * Workers at once of each application of WSGI or PSGI, and of each script in {@link
     * WorkerMode#REUSE}; by default as many as there are processors. A request that finds all of
     * them busy for 10 s is answered with 503. Scripts in {@link WorkerMode#FORK} have as many
     * children as there are requests.
     *
     * @throws IllegalArgumentException when it is less than 1
     */
    public Builder processes(int count) {
      processes = (int) positive("processes", count);
      return this;
    }

    /**
     * Children that are forked ahead for each script, and wait for their requests; 1 by default.
     * That hides the fork from the first byte, and serves no more requests. Each has 0.3 to 0.5 MB.
     *
     * @throws IllegalArgumentException when it is negative or more than 64
     */
    public Builder spares(int count) {
      if (count < 0 || count > 64) {
        throw new IllegalArgumentException("spares must be 0 to 64: " + count);
      }
      spares = count;
      return this;
    }

    /**
     * Fork servers at once, one for each script; 16 by default. The one that was idle for longest
     * ends for a new one. One has 7 MB for a small script, and up to 50 for one with many modules.
     */
    public Builder servers(int count) {
      servers = (int) positive("servers", count);
      return this;
    }

    /**
     * After so many requests, a tenth more or less, a new server is loaded, and takes the place of
     * the old one when it is ready; 10,000 by default, 0 for never. A worker of {@link
     * WorkerMode#REUSE} ends after so many, 1,000 by default, and one of an application by default
     * never. All children of a server share its hash seed and address layout.
     *
     * @throws IllegalArgumentException when it is negative
     */
    public Builder maximumRequests(int count) {
      if (count < 0) {
        throw new IllegalArgumentException("maximum requests must not be negative: " + count);
      }
      maximumRequests = count;
      return this;
    }

    /** The same for a server that is so old; without a limit by default. */
    public Builder maximumAge(Duration age) {
      maximumAge = positive("maximum age", age);
      return this;
    }

    /** The same for a server that has so much memory, in bytes; without a limit by default. */
    public Builder maximumMemory(long bytes) {
      maximumMemory = positive("maximum memory", bytes);
      return this;
    }

    /** The same for a server that has used so much processor time; without a limit by default. */
    public Builder maximumCpu(Duration time) {
      maximumCpu = positive("maximum processor time", time);
      return this;
    }

    /**
     * A server for which no request came for so long ends; 5 minutes by default. A script gets a
     * server when it is asked for twice within that time.
     */
    public Builder inactivityTimeout(Duration timeout) {
      inactivityTimeout = positive("inactivity timeout", timeout);
      return this;
    }

    /**
     * From the start of a server until it has loaded its script; 15 s by default. It is then
     * killed, and not tried again for a minute or until the script changes.
     */
    public Builder startupTimeout(Duration timeout) {
      startupTimeout = positive("startup timeout", timeout);
      return this;
    }

    /** How long {@link WorkerGroup#close} waits for requests that are served; 15 s by default. */
    public Builder gracefulTimeout(Duration timeout) {
      gracefulTimeout = positive("graceful timeout", timeout);
      return this;
    }

    /**
     * How often the modules that a server has loaded, and its interpreter, are looked at for
     * changes; each second by default. The script itself is looked at for each request.
     */
    public Builder reloadEvery(Duration time) {
      reloadEvery = positive("reload interval", time);
      return this;
    }

    /**
     * Loads libraries alone, and has each child compile its script: for scripts that do in BEGIN
     * blocks what belongs to a request. Nobody needs to say so of scripts that are seen to do it.
     */
    public Builder librariesOnly() {
      libraries = true;
      return this;
    }

    /**
     * Whether the next server loads what the first three children were seen to load; true by
     * default.
     */
    public Builder learn(boolean learning) {
      learn = learning;
      return this;
    }

    /**
     * Adds a variable to the environment of its programs, also where processes of their own run
     * them; it wins over {@link CgiHostBuilder#environment}.
     *
     * @throws IllegalArgumentException as {@link CgiHostBuilder#environment}
     */
    public Builder environment(String variable, String value) {
      EnvironmentRules.checkConfigured(
          variable, requireNonNull(value, "value"), environment.keySet());
      if (variable.equals("DOCUMENT_ROOT")) {
        throw new IllegalArgumentException("DOCUMENT_ROOT must be given to the host");
      }
      requireNonNull(ProgramText.toBytes(value), "bytes");
      environment.put(variable, value);
      return this;
    }

    /** Where its programs start, also by themselves; by default where the host says. */
    public Builder workingDirectory(Path directory) {
      workingDirectory = directory.toAbsolutePath().normalize();
      return this;
    }

    /**
     * Tells {@code listener} of each change: a server loads, is ready, is recycled, has ended, or
     * must not load its script. On a thread of the group or of a request; it must not wait. The
     * same is in the event {@code dev.postern.Worker} of JDK Flight Recorder.
     */
    public Builder onChange(Consumer<WorkerStatus> listener) {
      listeners.add(requireNonNull(listener, "listener"));
      return this;
    }

    /** The group. Nothing is started before a script is asked for twice. */
    public WorkerGroup build() {
      return new WorkerGroup(this);
    }

    private int scriptRequests() {
      return maximumRequests != UNSET
          ? maximumRequests
          : mode == WorkerMode.REUSE ? REUSE_REQUESTS : FORK_REQUESTS;
    }

    private GroupOptions options(int requests) {
      return new GroupOptions(
          spares,
          servers,
          requests,
          maximumAge,
          maximumMemory,
          maximumCpu,
          inactivityTimeout,
          startupTimeout,
          gracefulTimeout,
          reloadEvery,
          libraries,
          mode == WorkerMode.REUSE,
          processes,
          strict,
          learn,
          eager,
          List.copyOf(modules));
    }

    private static Duration positive(String what, Duration value) {
      if (value.isZero() || value.isNegative()) {
        throw new IllegalArgumentException(what + " must be positive: " + value);
      }
      return value;
    }

    private static long positive(String what, long value) {
      if (value < 1) {
        throw new IllegalArgumentException(what + " must be at least 1: " + value);
      }
      return value;
    }
  }
}

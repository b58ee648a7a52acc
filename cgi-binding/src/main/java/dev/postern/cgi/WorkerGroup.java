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
 * Workers for scripts of Perl, Python and Ruby. With them a request does not wait for an
 * interpreter to start and load. A worker is an interpreter that loads a script and its modules
 * once, and forks a child for each request. So the script has fresh state each time.
 *
 * <p>A program answers as if it had just been started. A process of its own answers instead while a
 * worker loads, when the worker must not load the script, when the worker is gone, or when it could
 * not fork. Nothing runs twice. {@link CgiRun#start} and {@link CgiRun#coldReason} tell how each
 * request was served.
 *
 * <p>Whoever builds a group closes it. Pass it to {@link CgiDirectory.Builder#delegate} and {@link
 * CgiHostBuilder#workers}. One group may serve several applications. Thread-safe.
 */
public final class WorkerGroup implements AutoCloseable {
  /**
   * False in a runtime that was linked without {@code jdk.jfr}. Workers do not need that module.
   */
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
   * @throws IllegalArgumentException when the name has other characters
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  WorkerMode mode() {
    return mode;
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

  /** The state of each program that was delegated to the group and requested. */
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

  /** Makes the workers of an application. They end with the group at the latest. */
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

  /** The umask of the group's programs, in octal; null for that of the JVM. */
  @Nullable String umask() {
    return umask;
  }

  /** How long a worker has for its end. */
  int gracefulSeconds() {
    return applicationOptions.gracefulSeconds();
  }

  /** Whether the group loads its programs before they are requested. */
  boolean isEager() {
    return applicationOptions.eager();
  }

  /** The variables that win over those of a host. */
  Map<String, String> environment() {
    return environment;
  }

  /** The directory that wins over that of a host; null for none. */
  @Nullable Path workingDirectory() {
    return workingDirectory;
  }

  /** Ends the workers of an application that is closed before the group. */
  void close(WorkerPool application) {
    application.close();
    applications.remove(application);
  }

  /**
   * Ends all workers, each when its requests have ended. Waits for all of them together up to
   * {@link Builder#gracefulTimeout}. Children that run longer are left to finish, and workers that
   * run longer are killed. Processes of their own answer later requests.
   */
  @Override
  public void close() {
    pool.close(List.copyOf(applications));
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
     * How the group's workers run scripts; {@link WorkerMode#FORK} by default. With {@link
     * WorkerMode#REUSE} a request no longer has fresh state.
     */
    public Builder mode(WorkerMode newMode) {
      mode = requireNonNull(newMode, "mode");
      return this;
    }

    /**
     * Ends a worker of {@link WorkerMode#REUSE} after a request that has left anything behind in
     * it, such as a variable. By default a worker ends for a descriptor, a thread or a child that
     * was left behind, and for a changed limit, priority or user of its process.
     */
    public Builder strictReuse() {
      strict = true;
      return this;
    }

    /**
     * Loads scripts when the directory or application that delegates them is built, as many as
     * there are {@link #servers}. By default a script is loaded when it is requested twice. With
     * this option {@code WsgiApplication} and {@code PsgiApplication} load when they are built.
     */
    public Builder eager() {
      eager = true;
      return this;
    }

    /**
     * Modules that each script of their language finds loaded. They are given by their names in
     * Perl, such as {@code Template::Stash}, or Python, such as {@code email.message}. A name
     * without {@code ::} and {@code .} is tried in both languages. A module that cannot be loaded
     * ahead is left out. {@link #learn} finds the modules by itself; this option helps where the
     * first requests count.
     *
     * @throws IllegalArgumentException for a text that is no name of a module
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
     * The umask of the group's programs, in octal such as {@code 027}; by default that of the JVM.
     * It also holds when a process of its own runs a program.
     *
     * @throws IllegalArgumentException when this is no octal number of at most 777
     */
    public Builder umask(String octal) {
      if (!octal.matches("0?[0-7]{3}")) {
        throw new IllegalArgumentException("umask must be three octal digits: " + octal);
      }
      umask = octal;
      return this;
    }

    /**
     * How many workers each application of WSGI or PSGI, and each script in {@link
     * WorkerMode#REUSE}, may have at once; by default as many as there are processors. A request
     * that finds all of them busy waits 10 s, then the client gets a 503. Scripts in {@link
     * WorkerMode#FORK} have as many children as there are requests.
     *
     * @throws IllegalArgumentException when it is less than 1
     */
    public Builder processes(int count) {
      processes = (int) positive("processes", count);
      return this;
    }

    /**
     * How many children each script's server forks ahead, to wait for requests; 1 by default. A
     * request that gets such a child does not wait for a fork before its first byte. Spare children
     * do not raise the number of requests that can run at once. Each child takes 0.3 to 0.5 MB.
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
     * How many fork servers may run at once, one for each script; 16 by default. When a script
     * needs a new server and all places are taken, the server that was idle for longest ends. A
     * server takes 7 MB for a small script, and up to 50 MB for a script with many modules.
     */
    public Builder servers(int count) {
      servers = (int) positive("servers", count);
      return this;
    }

    /**
     * After how many requests, a tenth more or less, a new server is loaded; 10,000 by default, 0
     * for never. The new server takes the place of the old one when it is ready. All children of a
     * server share its hash seed and address layout. A worker of {@link WorkerMode#REUSE} ends
     * after as many requests, 1,000 by default. A worker of an application never ends for this by
     * default.
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

    /**
     * The age at which a server is replaced in the same way; no limit by default. The time of a
     * fork server's load does not count. Any other worker serves at least one request.
     */
    public Builder maximumAge(Duration age) {
      maximumAge = positive("maximum age", age);
      return this;
    }

    /**
     * The memory, in bytes, at which a server is replaced in the same way; no limit by default. If
     * the load alone takes more, the log says so, the limit does not count for a fork server, and
     * any other worker serves one request.
     */
    public Builder maximumMemory(long bytes) {
      maximumMemory = positive("maximum memory", bytes);
      return this;
    }

    /**
     * The processor time after which a server is replaced in the same way; no limit by default. The
     * load counts as it does for {@link #maximumAge}.
     */
    public Builder maximumCpu(Duration time) {
      maximumCpu = positive("maximum processor time", time);
      return this;
    }

    /**
     * How long a server waits for a request before it ends; 5 minutes by default. A script gets a
     * server when it is requested twice within that time.
     */
    public Builder inactivityTimeout(Duration timeout) {
      inactivityTimeout = positive("inactivity timeout", timeout);
      return this;
    }

    /**
     * How long a server may take to load its script; 15 s by default. A slower server is killed.
     * Another one is not tried for a minute, or until the script changes. If loads fail in another
     * way, or a script must not be loaded, the group tries again after ten minutes.
     */
    public Builder startupTimeout(Duration timeout) {
      startupTimeout = positive("startup timeout", timeout);
      return this;
    }

    /**
     * How long {@link WorkerGroup#close} waits for running requests; 15 s by default. A worker that
     * gets no more requests has as long, in whole seconds, for the end of its threads and for what
     * its program registered for its end. Then it is killed.
     */
    public Builder gracefulTimeout(Duration timeout) {
      gracefulTimeout = positive("graceful timeout", timeout);
      return this;
    }

    /**
     * How often the group checks whether a server's interpreter or loaded modules have changed;
     * each second by default. The script itself and its working directory are checked for each
     * request, those of an application as often as its modules.
     */
    public Builder reloadEvery(Duration time) {
      reloadEvery = positive("reload interval", time);
      return this;
    }

    /**
     * Loads only the libraries, and lets each child compile its script. This is for scripts whose
     * BEGIN blocks do what belongs to a request. The group does this by itself for a script that it
     * has seen doing so.
     */
    public Builder librariesOnly() {
      libraries = true;
      return this;
    }

    /**
     * Whether the next server loads the modules that the first three children have loaded; true by
     * default.
     */
    public Builder learn(boolean learning) {
      learn = learning;
      return this;
    }

    /**
     * Adds a variable to the environment of the group's programs, even when a process of its own
     * runs a program. The variable wins over {@link CgiHostBuilder#environment}.
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

    /**
     * The working directory of the group's programs, even when a process of its own runs a program;
     * by default that of the host.
     */
    public Builder workingDirectory(Path directory) {
      workingDirectory = directory.toAbsolutePath().normalize();
      return this;
    }

    /**
     * Tells {@code listener} of each change: a server loads, is ready, is recycled, has ended, or
     * must not load its script. The call comes on a thread of the group or of a request, so the
     * listener must not wait. It may ask for the {@link WorkerGroup#status}. The calls come one
     * after another for the group's scripts, in the order of the changes. The event {@code
     * dev.postern.Worker} of JDK Flight Recorder has the same facts.
     */
    public Builder onChange(Consumer<WorkerStatus> listener) {
      listeners.add(requireNonNull(listener, "listener"));
      return this;
    }

    /** The group. Nothing starts yet: see {@link #eager} for the time when scripts are loaded. */
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

package dev.postern.warm;

import dev.postern.internal.DaemonTimer;
import dev.postern.internal.Escapes;
import dev.postern.process.ProgramText;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The scripts of one group, each with its own fork server or workers. Thread-safe. */
public final class ScriptPool implements AutoCloseable {
  static final String TOO_SLOW = "it does not load in time";

  /** How long after a failed load the script is loaded again, unless it changes before. */
  static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(60);

  /**
   * How long a script stays cold when its process said itself that it must not serve, or when it
   * failed again and again. The reason may be a module or a library that nobody looks at.
   */
  static final long REFUSED_NANOS = TimeUnit.MINUTES.toNanos(10);

  /** The start of what is said when the system has no room for a process or a thread. */
  static final String CANNOT_LOAD = "it cannot be loaded: ";

  /** Why the processes of a script or application end whose working directory is another one. */
  static final String MOVED = "its directory has changed";

  static final String CLOSED = "its group is closed";

  /** The most scripts of a group, which is more than a directory has. Later scripts stay cold. */
  private static final int MOST_SCRIPTS = 4096;

  private final GroupOptions options;
  private final Consumer<ServerEvent> listener;
  private final Map<Key, PooledScript> scripts = new ConcurrentHashMap<>();
  private final ScheduledThreadPoolExecutor timer;
  private final AtomicBoolean looking = new AtomicBoolean();
  private final LongSupplier clock;
  private final Queue<ServerEvent> news = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean telling = new AtomicBoolean();
  private volatile boolean closed;

  /** What makes servers different: two requests with the same key share a server. */
  record Key(Path program, List<String> command, Map<String, String> constants, Path directory) {}

  /** A pool without any servers. */
  public ScriptPool(GroupOptions options, Consumer<ServerEvent> listener) {
    this(options, listener, DaemonTimer.named("postern-worker-timer"), System::nanoTime);
  }

  /** For tests: a pool with a timer that may fail, and a clock that the test sets. */
  ScriptPool(
      GroupOptions options,
      Consumer<ServerEvent> listener,
      ScheduledThreadPoolExecutor timer,
      LongSupplier clock) {
    this.options = options;
    this.listener = listener;
    this.timer = timer;
    this.clock = clock;
  }

  /** The time by which failed loads are tried again, in nanoseconds. */
  long now() {
    return clock.getAsLong();
  }

  /** Runs tasks later, until the group is closed. */
  ScheduledExecutorService timer() {
    return timer;
  }

  /** Why a server or worker that is hidden from us serves nothing. We open its pipes by /proc. */
  static final String UNREACHABLE = "the system does not let its pipes be opened by /proc";

  GroupOptions options() {
    return options;
  }

  boolean isClosed() {
    return closed;
  }

  /** How often to look for idle servers. An idle server runs at most this much too long. */
  private long lookNanos() {
    return Math.max(TimeUnit.MILLISECONDS.toNanos(20), options.inactivity().toNanos() / 4);
  }

  /**
   * Runs a request's script in a child of its server or in its worker, if there is one.
   *
   * @throws IOException when the script may have begun
   */
  public WarmStart start(WarmRequest request) throws IOException {
    PooledScript script;
    try {
      script = script(request);
    } catch (Unfit e) {
      return WarmStart.cold(e.getMessage());
    } catch (IOException e) {
      return WarmStart.cold("it cannot be read: " + e.getMessage());
    }
    return script.start(request);
  }

  /** Begins to load the script of a request before anybody asks for it, unless there is no room. */
  public void load(WarmRequest request) {
    try {
      long running = scripts.values().stream().filter(PooledScript::hasServer).count();
      if (running < options.servers()) {
        script(request).load();
      }
    } catch (Unfit | IOException e) {
      // The requests of this script are told why.
    }
  }

  /** Thrown when no process can load a script. */
  private static final class Unfit extends Exception {
    private static final long serialVersionUID = 1L;

    Unfit(String why) {
      super(why, null, false, false);
    }

    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }
  }

  private PooledScript script(WarmRequest request) throws IOException, Unfit {
    if (closed) {
      throw new Unfit(CLOSED);
    }
    String file = request.command().get(request.command().size() - 1);
    Path program = script(request, file);
    Interpreter interpreter = Interpreter.of(request.command());
    if (interpreter != null && options.reuse() && request.command().size() > 1) {
      interpreter = interpreter.withSwitchesOf(program);
    }
    if (interpreter == null) {
      throw new Unfit("it is no script of Perl, Python or Ruby that a server could run");
    }
    if (options.reuse() && !interpreter.language().isReusable()) {
      throw new Unfit("scripts of Ruby cannot be run again in one process");
    }
    Map<String, String> constants = Constants.of(request, options.eager());
    Language language = interpreter.language();
    List<String> command = new ArrayList<>(interpreter.words());
    Language.Mode mode = options.reuse() ? Language.Mode.REUSE : Language.Mode.SCRIPT;
    command.addAll(language.words(mode, file));
    List<String> isolated = request.isolated().apply(command);
    Key key = new Key(program, isolated, constants, request.directory());
    PooledScript script = scripts.get(key);
    if (script == null) {
      if (scripts.size() >= MOST_SCRIPTS) {
        throw new Unfit("there are too many scripts");
      }
      script =
          scripts.computeIfAbsent(
              key,
              made -> {
                Set<String> names = Constants.requestNames(request, constants);
                return options.reuse()
                    ? new ReusedScript(this, made, language, isolated, names)
                    : new WarmScript(this, made, language, isolated, names);
              });
    }
    return script;
  }

  /**
   * The script's file, which is looked at for changes. In a command of an interpreter and a script,
   * the program is the interpreter, and the script is the last word.
   */
  private static Path script(WarmRequest request, String word) {
    if (word.equals(ProgramText.toWord(request.program()))) {
      return request.program();
    }
    try {
      return request.directory().resolve(word);
    } catch (InvalidPathException e) {
      return request.program();
    }
  }

  // ---- for scripts ----

  /**
   * How many requests a server serves. Each server has a few more or less than the others, so that
   * not all are loaded again at once.
   */
  @SuppressWarnings("JavaInstantGetSecondsGetNano") // Any number that differs between servers.
  long maximumRequests(ForkServer server) {
    int tenth = options.maximumRequests() / 10;
    return tenth == 0
        ? options.maximumRequests()
        : options.maximumRequests() - tenth + Math.floorMod(server.begun().getNano(), 2 * tenth);
  }

  /**
   * Whether one more script may have a server. If there is no room, the server that was idle for
   * longest ends to make room.
   */
  synchronized boolean makeRoom(PooledScript asking) {
    if (closed) {
      return false;
    }
    List<PooledScript> serving =
        scripts.values().stream().filter(s -> !s.equals(asking) && s.hasServer()).toList();
    if (serving.size() < options.servers()) {
      return true;
    }
    PooledScript idle =
        serving.stream()
            .filter(s -> s.idleSince() != 0)
            .min(Comparator.comparingLong(PooledScript::idleSince))
            .orElse(null);
    if (idle == null) {
      return false;
    }
    // The idle script ends on the timer's thread. This thread may hold the lock of another script,
    // and must not wait for a second one.
    idle.mark();
    try {
      timer.execute(() -> idle.endIfIdle(0, "another script needs its place"));
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      // The group is being closed, or the system has no room for the timer's thread.
      return false;
    }
    return true;
  }

  String fullReason() {
    return closed ? CLOSED : "it cannot be loaded now";
  }

  /** Ends a server that is not ready in time. */
  void killLater(ForkServer server) {
    try {
      var unused =
          timer.schedule(
              () -> {
                if (server.isLoading()) {
                  server.tooSlow();
                }
              },
              options.startup().toNanos(),
              TimeUnit.NANOSECONDS);
      if (looking.compareAndSet(false, true)) {
        var unusedLook = timer.schedule(this::look, lookNanos(), TimeUnit.NANOSECONDS);
      }
    } catch (RejectedExecutionException e) {
      server.retire();
    }
  }

  private void look() {
    looking.set(false);
    for (PooledScript script : scripts.values()) {
      script.endIfIdle(options.inactivity().toNanos(), "nobody has asked for it");
    }
    boolean more = scripts.values().stream().anyMatch(PooledScript::hasServer) && !closed;
    if (more && looking.compareAndSet(false, true)) {
      try {
        var unused = timer.schedule(this::look, lookNanos(), TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        // The group was closed meanwhile.
      }
    }
  }

  /** Keeps a change for {@link #tell}. May be called with a script's lock held. */
  void note(ServerEvent event) {
    news.add(event);
  }

  /**
   * Tells the listener what was noted, in that order. Called without the lock of any script, as a
   * listener may ask for the status of all. If another thread tells already, it tells this, too.
   */
  void tell() {
    while (!news.isEmpty() && telling.compareAndSet(false, true)) {
      try {
        for (ServerEvent event = news.poll(); event != null; event = news.poll()) {
          tell(event);
        }
      } finally {
        telling.set(false);
      }
    }
  }

  private void tell(ServerEvent event) {
    try {
      listener.accept(event);
    } catch (RuntimeException | Error e) {
      System.getLogger("dev.postern.cgi")
          .log(System.Logger.Level.WARNING, "listener of workers must not throw", e);
    }
  }

  /** Logs what a script does. */
  static void log(Path program, String what) {
    System.getLogger("dev.postern.cgi")
        .log(
            System.Logger.Level.INFO,
            Escapes.escape(String.valueOf(program.getFileName())) + " " + Escapes.escape(what));
  }

  /** The state of each script's processes. */
  public Collection<ServerEvent> status() {
    return scripts.values().stream().flatMap(script -> script.status().stream()).toList();
  }

  /**
   * Ends all servers and workers, each when its requests have ended, and waits for that as long as
   * the group is graceful. Children of a server that run longer are not hurried, and their servers
   * end after them. Workers that run longer are killed.
   */
  @Override
  public void close() {
    close(List.of());
  }

  /** Ends also the workers of applications, all at the same time. */
  public void close(List<WorkerPool> applications) {
    List<PooledScript.Ending> all = new ArrayList<>();
    synchronized (this) {
      closed = true;
    }
    for (WorkerPool application : applications) {
      all.addAll(application.endAll());
    }
    for (PooledScript script : scripts.values()) {
      all.addAll(script.close());
    }
    timer.shutdownNow();
    await(all, options.graceful());
    try {
      timer.awaitTermination(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the ends of all, at most for that long together, and then kills the rest. */
  static void await(List<? extends PooledScript.Ending> all, Duration time) {
    long start = System.nanoTime();
    try {
      for (PooledScript.Ending each : all) {
        each.join(time.toNanos() - (System.nanoTime() - start));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    all.forEach(PooledScript.Ending::kill);
  }

  /** For tests: the server that serves a program. */
  @Nullable Long pid(Path program) {
    return scripts.values().stream()
        .filter(s -> s.program().equals(program))
        .map(s -> s.status().get(0).pid())
        .findFirst()
        .orElse(null);
  }
}

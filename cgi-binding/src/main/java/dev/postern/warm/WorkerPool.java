package dev.postern.warm;

import dev.postern.process.ForkedChild;
import dev.postern.process.Headroom;
import dev.postern.process.HostedProcess;
import dev.postern.process.RunningProgram;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The workers of one application or script: as many as are needed at once, up to a bound. A request
 * goes to the worker that became free last, so that a few workers do most of the work. Thread-safe.
 */
public final class WorkerPool implements AutoCloseable, Worker.Listener {
  private record Free(Worker worker, ForkedChild turn, long since) {}

  /** Thrown when no worker could be loaded. */
  public static final class NotLoaded extends IOException {
    private static final long serialVersionUID = 1L;

    NotLoaded(String why) {
      super(why);
    }
  }

  /** Is told what happens to the workers of a pool. */
  interface Listener {
    /** The state of a worker has changed. */
    void changed(ServerEvent event);

    /**
     * Whether the next worker leaves out what this one has refused to load, so that it may succeed.
     * Called on the worker's thread.
     */
    default boolean leavesOut(String why) {
      return false;
    }

    /** A script has left something behind in a worker. */
    default void left(Path program, List<String> names) {}
  }

  /**
   * How much longer than a load a request waits. A load that is ended because it is too slow is
   * noticed a moment later.
   */
  private static final Duration LATE = Duration.ofSeconds(1);

  /** What a script has left behind in its process that has no name of its own. */
  private static final Set<String> RECYCLED = Set.of("child", "limits", "priority", "user");

  private final Path program;
  private final GroupOptions options;
  private final int processes;
  private final Supplier<ServerStart> start;
  private final Worker.Kind kind;
  private final ScheduledExecutorService timer;
  private final Listener listener;
  private final LinkedBlockingDeque<Free> free = new LinkedBlockingDeque<>();
  private final List<Worker> workers = new ArrayList<>();

  /** Workers that were taken out of {@link #workers} and whose processes have not ended yet. */
  private final Set<Worker> retired = new LinkedHashSet<>();

  /** Workers that take no more requests, each with what was left behind in it. */
  private final Map<Worker, String> spoiled = new ConcurrentHashMap<>();

  private final AtomicBoolean looking = new AtomicBoolean();
  private int generation;
  private long looked = System.nanoTime();

  private int failures;

  /** Why the last load failed, and whether the worker said so itself. */
  private @Nullable String failure;

  private boolean refused;
  private volatile long lastUsed = System.nanoTime();
  private boolean closed;
  private volatile boolean warned;

  /** A pool for an application, without workers yet. */
  public static WorkerPool ofApplication(
      Path program,
      GroupOptions options,
      ServerStart start,
      ScriptPool group,
      Consumer<ServerEvent> listener) {
    return new WorkerPool(
        Worker.Kind.APPLICATION, program, options, () -> start, group.timer(), listener::accept);
  }

  WorkerPool(
      Worker.Kind kind,
      Path program,
      GroupOptions options,
      Supplier<ServerStart> start,
      ScheduledExecutorService timer,
      Listener listener) {
    this.kind = kind;
    this.program = program;
    this.options = options;
    this.processes = options.processes();
    this.start = start;
    this.timer = timer;
    this.listener = listener;
  }

  /**
   * Lets a worker serve a request.
   *
   * @param patience how long to wait for a free worker; while none has loaded, at least as long as
   *     a load may take
   * @return null when all were busy for so long
   * @throws NotLoaded when the application cannot be loaded
   * @throws IOException when the request may have begun, or this JVM has no descriptors for it
   */
  public @Nullable RunningProgram start(WarmRequest request, Duration patience) throws IOException {
    long begun = System.nanoTime();
    int failed = failures();
    int last = 0;
    renewStale();
    while (true) {
      long limit = limit(patience);
      Free next = free.pollFirst();
      if (next == null) {
        begin();
        last = last == 0 ? generation() : last;
        next = await(limit - (System.nanoTime() - begun), failed, last);
      }
      if (next == null) {
        String why = failureAfter(failed, last);
        if (why != null) {
          throw new NotLoaded(why);
        }
        if (System.nanoTime() - begun >= limit) {
          return null;
        }
        continue;
      }
      if (!next.worker.isCurrent()) {
        continue;
      }
      next.worker.count();
      lastUsed = System.nanoTime();
      try {
        return HostedProcess.adopt(next.turn, request.command(), request.encoded(), request.body());
      } catch (Headroom.Exhausted e) {
        next.worker.uncount();
        free(next.worker, next.turn);
        throw e;
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        if (HostedProcess.mayHaveRun(e)) {
          throw e;
        }
        // The worker is gone, and the request has not begun. Another worker may serve it.
        next.worker.uncount();
        next.worker.kill();
      }
    }
  }

  /** While nothing has loaded, long enough for a slow load to fail, so that the caller is told. */
  private long limit(Duration patience) {
    long busy = patience.toNanos();
    return isServing() ? busy : Math.max(busy, options.startup().plus(LATE).toNanos());
  }

  private @Nullable Free await(long nanos, int failed, int last) throws InterruptedIOException {
    long begun = System.nanoTime();
    try {
      while (true) {
        long left = nanos - (System.nanoTime() - begun);
        // Waits in slices, because a load may fail meanwhile.
        Free next =
            free.pollFirst(
                Math.min(Math.max(0, left), TimeUnit.MILLISECONDS.toNanos(50)),
                TimeUnit.NANOSECONDS);
        if (next != null || left <= 0 || failureAfter(failed, last) != null || canBegin()) {
          return next;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for a worker");
    }
  }

  /** Whether a worker has loaded, so that a request can be served now or after another one. */
  synchronized boolean isServing() {
    return !closed && workers.stream().anyMatch(Worker::hasLoaded);
  }

  /** Whether there is any worker. */
  synchronized boolean hasWorkers() {
    return !workers.isEmpty();
  }

  /** Whether every worker waits for a request. */
  synchronized boolean isIdle() {
    return free.size() >= workers.size();
  }

  long lastUsed() {
    return lastUsed;
  }

  private synchronized int failures() {
    return failures;
  }

  /** The generation of the worker that was begun last. */
  private synchronized int generation() {
    return generation;
  }

  /**
   * Why no worker could be loaded, if a load has failed since so many had, no worker serves, and
   * none loads that is of the generation {@code last} or older. Loads at the same time may get into
   * each other's way, so one may succeed where another has failed. Younger ones do not count: while
   * requests come, there would always be another load to wait for.
   */
  synchronized @Nullable String failureAfter(int failed, int last) {
    if (closed) {
      return "it is closed";
    }
    boolean wait =
        failures == failed
            || workers.stream()
                .anyMatch(
                    worker ->
                        worker.hasLoaded() || worker.isLoading() && worker.generation() <= last);
    return wait ? null : failure;
  }

  private synchronized boolean canBegin() {
    return !closed && workers.isEmpty();
  }

  /** Whether the last worker that failed to load said itself that it must not. */
  synchronized boolean isRefused() {
    return refused;
  }

  /** Begins to load the application before anybody asks for it. */
  public void load() {
    begin();
  }

  /** Begins to load one more worker, unless there are enough. */
  void begin() {
    Worker worker;
    synchronized (this) {
      if (closed || workers.size() >= processes) {
        return;
      }
      worker = new Worker(kind, start.get(), ++generation, this);
      workers.add(worker);
    }
    tell("loading", worker, "");
    try {
      var unused =
          timer.schedule(worker::endIfLoading, options.startup().toNanos(), TimeUnit.NANOSECONDS);
      worker.begin();
    } catch (RejectedExecutionException e) {
      ended(worker, ScriptPool.CLOSED, false);
    } catch (RuntimeException | Error e) {
      // The system has no room for a thread.
      ended(worker, ScriptPool.CANNOT_LOAD + e, false);
    }
    lookLater();
  }

  private void lookLater() {
    if (!hasWorkers() || !looking.compareAndSet(false, true)) {
      return;
    }
    try {
      var unused =
          timer.schedule(this::look, options.inactivity().toNanos() / 4, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      // The group is being closed, or the next worker looks.
      looking.set(false);
    }
  }

  /** Ends workers that nobody has needed for long. */
  private void look() {
    long now = System.nanoTime();
    List<Worker> idle = new ArrayList<>();
    for (Free each : free) {
      if (now - each.since >= options.inactivity().toNanos() && free.remove(each)) {
        idle.add(each.worker);
      }
    }
    retire(idle, "nobody has asked for it");
    looking.set(false);
    lookLater();
  }

  private void retire(List<Worker> some, String why) {
    List<Worker> leaving = new ArrayList<>();
    synchronized (this) {
      for (Worker worker : some) {
        if (workers.remove(worker)) {
          retired.add(worker);
          leaving.add(worker);
        }
      }
      free.removeIf(each -> leaving.contains(each.worker));
    }
    for (Worker worker : leaving) {
      tell("recycled", worker, why);
      worker.retire();
      killLater(worker);
    }
  }

  /**
   * Kills a retired worker that has not ended some time after its last request. A thread of the
   * application may keep the process.
   */
  private void killLater(Worker worker) {
    var unused =
        worker
            .idle()
            .thenRun(
                () -> {
                  try {
                    var unusedKill =
                        timer.schedule(
                            () -> killIfIdle(worker),
                            options.graceful().toNanos(),
                            TimeUnit.NANOSECONDS);
                  } catch (RejectedExecutionException e) {
                    // The group is being closed, and kills the worker.
                  }
                });
  }

  private void killIfIdle(Worker worker) {
    synchronized (this) {
      if (!retired.contains(worker)) {
        return;
      }
    }
    if (worker.idle().isDone()) {
      worker.kill();
    } else {
      // A request had taken the worker just before the worker was retired.
      killLater(worker);
    }
  }

  /** Ends all workers, each after its request; the next ones are of another generation. */
  void renew(String why) {
    List<Worker> all;
    synchronized (this) {
      all = List.copyOf(workers);
    }
    retire(all, why);
  }

  /** Ends workers that have loaded a file which has changed since, or whose directory has. */
  void renewStale() {
    long now = System.nanoTime();
    List<Worker> all;
    synchronized (this) {
      if (now - looked < options.reloadEvery().toNanos()) {
        return;
      }
      looked = now;
      all = List.copyOf(workers);
    }
    // Without the lock: there may be thousands of files, and a file system that hangs.
    for (Worker worker : all) {
      String why = worker.stale();
      if (why != null) {
        retire(List.of(worker), why);
      }
    }
  }

  @Override
  public void ready(Worker worker) {
    tell("ready", worker, "");
    long maximum = options.maximumMemory();
    if (!warned && maximum > 0 && worker.memory() > maximum) {
      warned = true;
      ScriptPool.log(
          program,
          "is loaded in more memory than maximumMemory, so each worker serves one request: "
              + maximum);
    }
  }

  @Override
  public void left(Worker worker, List<String> names) {
    for (String name : names) {
      if (options.strict() || isRecycled(name)) {
        spoiled.put(worker, name);
        break;
      }
    }
    listener.left(program, names);
  }

  /**
   * Whether a script has left something of those kinds behind with which the next request must not
   * run.
   */
  private static boolean isRecycled(String left) {
    return left.startsWith("fd:") || left.startsWith("thread:") || RECYCLED.contains(left);
  }

  @Override
  public void free(Worker worker, ForkedChild turn) {
    String why = over(worker);
    if (why == null) {
      synchronized (this) {
        if (!closed && workers.contains(worker)) {
          free.addFirst(new Free(worker, turn, System.nanoTime()));
          return;
        }
      }
    } else {
      retire(List.of(worker), why);
    }
    // A worker that was retired before its process was started has not been told yet.
    worker.retire();
  }

  private @Nullable String over(Worker worker) {
    String left = spoiled.get(worker);
    if (left != null) {
      return "its script has left " + left + " behind";
    }
    if (worker.requests() == 0) {
      // If the load alone is over a limit, the next worker would be, too.
      return null;
    }
    if (options.maximumRequests() > 0 && worker.requests() >= options.maximumRequests()) {
      return "it has served its requests";
    }
    if (!options.maximumAge().isZero() && worker.age().compareTo(options.maximumAge()) > 0) {
      return "it is old";
    }
    if (options.maximumMemory() > 0 && worker.memory() > options.maximumMemory()) {
      return "it has grown";
    }
    if (!options.maximumCpu().isZero() && worker.work().compareTo(options.maximumCpu()) > 0) {
      return "it has worked for long";
    }
    return null;
  }

  @Override
  public void ended(Worker worker, @Nullable String why, boolean byItself) {
    spoiled.remove(worker);
    free.removeIf(each -> each.worker == worker);
    boolean again = why != null && byItself && listener.leavesOut(why);
    boolean failed = why != null && !again;
    synchronized (this) {
      workers.remove(worker);
      retired.remove(worker);
      if (failed) {
        failure = why;
        failures++;
        refused = byItself;
      }
    }
    tell(failed ? "cold" : "ended", worker, failed && why != null ? why : "");
    if (again) {
      begin();
    }
  }

  private void tell(String state, Worker worker, String why) {
    try {
      listener.changed(event(state, worker, why));
    } catch (RuntimeException | Error e) {
      System.getLogger("dev.postern.cgi")
          .log(System.Logger.Level.WARNING, "listener of workers must not throw", e);
    }
  }

  private ServerEvent event(String state, Worker worker, String why) {
    return new ServerEvent(
        program,
        state,
        worker.pid(),
        worker.generation(),
        worker.requests(),
        worker.begun(),
        worker.memory(),
        why);
  }

  /** The state of each worker. */
  public synchronized List<ServerEvent> status() {
    return workers.stream()
        .map(worker -> event(worker.isLoading() ? "loading" : "ready", worker, ""))
        .toList();
  }

  /**
   * Ends all workers, each after its request. Waits for that as long as the group is graceful, and
   * then kills the rest.
   */
  @Override
  public void close() {
    ScriptPool.await(endAll(), options.graceful());
  }

  /**
   * Ends all workers, each after its request. The pool takes no more requests.
   *
   * @return the workers to wait for, also those that were retired before
   */
  List<Worker> endAll() {
    List<Worker> all;
    synchronized (this) {
      closed = true;
      all = new ArrayList<>(workers);
      all.addAll(retired);
    }
    all.forEach(Worker::retire);
    return all;
  }
}

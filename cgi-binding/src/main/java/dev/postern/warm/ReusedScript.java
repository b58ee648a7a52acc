package dev.postern.warm;

import dev.postern.process.RunningProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * One script of a group that runs again and again in the same processes, and what it was seen to
 * leave behind in them. Thread-safe.
 */
final class ReusedScript implements PooledScript, WorkerPool.Listener {
  /** How long a request waits for a worker that is free. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** The most names that are logged for one script, whatever it does. */
  private static final int MOST_NAMES = 200;

  private final ScriptPool pool;
  private final ScriptPool.Key key;
  private final Preload preload;
  private final WorkerPool workers;
  private final Set<String> told = new HashSet<>();

  private Stamp stamp;
  private Stamp directory;
  private long asked;
  private boolean wasAsked;
  private String failure = "";
  private boolean refused;
  private long failed;
  private volatile boolean leaving;

  /**
   * A script of which nothing was loaded yet.
   *
   * @param command the worker's command, with the helpers that isolate the worker
   */
  ReusedScript(
      ScriptPool pool,
      ScriptPool.Key key,
      Language language,
      List<String> command,
      Set<String> requestNames) {
    this.pool = pool;
    this.key = key;
    this.stamp = Stamp.of(key.program());
    this.directory = Stamp.ofDirectory(key.directory());
    this.preload = new Preload(this, pool, language);
    this.workers =
        new WorkerPool(
            Worker.Kind.SCRIPT,
            key.program(),
            pool.options(),
            () ->
                new ServerStart(
                    command, key.constants(), key.directory(), text(language, requestNames)),
            pool.timer(),
            this);
  }

  private byte[] text(Language language, Set<String> requestNames) {
    return language.text(
        new Language.Settings(
            Language.Mode.REUSE,
            preload.modules(),
            requestNames,
            Language.resets(),
            false,
            pool.options().gracefulSeconds()));
  }

  @Override
  public Path program() {
    return key.program();
  }

  @Override
  public WarmStart start(WarmRequest request) throws IOException {
    if (request.group() != null) {
      return WarmStart.cold("each run has a control group of its own");
    }
    workers.renewStale();
    String cold = cold();
    pool.tell();
    if (!cold.isEmpty()) {
      return WarmStart.cold(cold);
    }
    if (!workers.isServing()) {
      return WarmStart.cold("it is loading");
    }
    RunningProgram program;
    try {
      program = workers.start(request, PATIENCE);
    } catch (WorkerPool.NotLoaded e) {
      return WarmStart.cold(String.valueOf(e.getMessage()));
    }
    return program == null ? WarmStart.busy() : WarmStart.of(program, "reuse");
  }

  /** Why no worker can serve this request; "" when one can. Starts to load what is missing. */
  private synchronized String cold() {
    Stamp seen = Stamp.of(key.program());
    if (!seen.equals(stamp)) {
      stamp = seen;
      return loadAnew("it has changed");
    }
    Stamp place = Stamp.ofDirectory(key.directory());
    if (!place.equals(directory)) {
      directory = place;
      return loadAnew(ScriptPool.MOVED);
    }
    long now = System.nanoTime();
    if (workers.hasWorkers()) {
      asked = now;
      return "";
    }
    if (isWaiting()) {
      return failure;
    }
    boolean again = wasAsked && now - asked < pool.options().inactivity().toNanos();
    wasAsked = true;
    asked = now;
    if (!again) {
      return "it is asked for the first time";
    }
    return begin() ? "it is loading" : pool.fullReason();
  }

  /** Forgets all that was found out about the script, and begins to load it anew. */
  private String loadAnew(String why) {
    failure = "";
    refused = false;
    preload.clear();
    workers.renew(why);
    begin();
    return why;
  }

  private boolean isWaiting() {
    long nanos = refused ? ScriptPool.REFUSED_NANOS : ScriptPool.RETRY_NANOS;
    return !failure.isEmpty() && pool.now() - failed < nanos;
  }

  /**
   * Begins to load. Returns false if somebody may still be writing the script, or there is no room.
   */
  private boolean begin() {
    if (stamp.isChangedSince(Stamp.now()) || !workers.hasWorkers() && !pool.makeRoom(this)) {
      return false;
    }
    failure = "";
    workers.begin();
    return true;
  }

  @Override
  public void load() {
    synchronized (this) {
      wasAsked = true;
      asked = System.nanoTime();
      begin();
    }
    pool.tell();
  }

  // ---- what its workers tell ----

  @Override
  public void changed(ServerEvent event) {
    if (event.state().equals("cold")) {
      boolean isNew;
      synchronized (this) {
        // Several workers that load at once report the same failure.
        isNew = !event.why().equals(failure);
        failure = event.why();
        refused = workers.isRefused();
        failed = pool.now();
      }
      if (isNew) {
        ScriptPool.log(key.program(), "stays cold: " + event.why());
      }
    }
    pool.note(event);
    // Who holds the lock tells when it is free.
    if (!Thread.holdsLock(this)) {
      pool.tell();
    }
  }

  @Override
  public boolean leavesOut(String why) {
    return preload.leavesOut(why);
  }

  @Override
  public void left(Path program, List<String> names) {
    StringBuilder fresh = new StringBuilder();
    synchronized (this) {
      for (String name : names) {
        if (told.size() < MOST_NAMES && told.add(name)) {
          fresh.append(fresh.isEmpty() ? "" : " ").append(name);
        }
      }
    }
    if (!fresh.isEmpty()) {
      ScriptPool.log(program, "leaves behind for the next request: " + fresh);
    }
  }

  private String findings() {
    return told.isEmpty() ? "" : "it leaves behind: " + String.join(" ", new TreeSet<>(told));
  }

  // ---- the group's looks ----

  @Override
  public boolean hasServer() {
    return !leaving && workers.hasWorkers();
  }

  @Override
  public void mark() {
    leaving = true;
  }

  @Override
  public long idleSince() {
    return !leaving && workers.hasWorkers() && workers.isIdle() ? workers.lastUsed() : 0;
  }

  @Override
  public void endIfIdle(long nanos, String why) {
    synchronized (this) {
      if (workers.hasWorkers()
          && workers.isIdle()
          && System.nanoTime() - workers.lastUsed() >= nanos) {
        workers.renew(why);
        wasAsked = false;
      }
      leaving = false;
    }
    pool.tell();
  }

  @Override
  public List<Ending> close() {
    return List.copyOf(workers.endAll());
  }

  @Override
  public synchronized List<ServerEvent> status() {
    List<ServerEvent> all = workers.status();
    String why = findings();
    if (all.isEmpty()) {
      return List.of(new ServerEvent(key.program(), "cold", 0, 0, 0, Instant.EPOCH, 0, failure));
    }
    return all.stream()
        .map(
            event ->
                new ServerEvent(
                    event.program(),
                    event.state(),
                    event.pid(),
                    event.generation(),
                    event.requests(),
                    event.begun(),
                    event.memory(),
                    why))
        .toList();
  }
}

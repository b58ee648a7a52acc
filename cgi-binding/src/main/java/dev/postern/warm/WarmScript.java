package dev.postern.warm;

import dev.postern.process.ForkedChild;
import dev.postern.process.HostedProcess;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One script of a group, and its servers: the one that serves, and the next one while it loads.
 * Thread-safe.
 */
final class WarmScript implements PooledScript, ForkServer.Listener {
  /** How many children tell what they have loaded. */
  private static final int TELLERS = 3;

  /** How many loads may fail within {@link ScriptPool#RETRY_NANOS}. */
  private static final int FAILURES = 3;

  /** The part of a server's processor time after which the next server is loaded. */
  private static final double RENEWED = 0.5;

  /** The part after which a server forks no more, even if there is no next server yet. */
  private static final double WORN = 0.75;

  private static final String WORKED = "its server has worked for long";

  private final ScriptPool pool;
  private final ScriptPool.Key key;
  private final Language language;
  private final List<String> command;
  private final Set<String> requestNames;

  private Stamp stamp;
  private Stamp directory;
  private volatile @Nullable ForkServer current;
  private volatile @Nullable ForkServer next;

  /** Whether its server is about to end, to make room for another script's. */
  private volatile boolean leaving;

  private int generation;
  private long looked;
  private long asked;
  private boolean wasAsked;

  /** Why the last load failed; "" if it did not. */
  private String failure = "";

  /** Whether the script is not loaded before {@link #retryAt}, unless it changes. */
  private boolean mustWait;

  private long retryAt;

  /** Why children compile the script; "" if the group wants it so, or if they do not. */
  private String apart = "";

  private String logged = "";
  private int failures;
  private long failed;

  private boolean libraries;
  private final Preload preload;
  private int tellers;
  private boolean hasLearned;

  /**
   * A script of which nothing was loaded yet.
   *
   * @param command the server's command, with the helpers that isolate the server
   */
  WarmScript(
      ScriptPool pool,
      ScriptPool.Key key,
      Language language,
      List<String> command,
      Set<String> requestNames) {
    this.pool = pool;
    this.key = key;
    this.language = language;
    this.command = command;
    this.requestNames = requestNames;
    this.stamp = Stamp.of(key.program());
    this.directory = Stamp.ofDirectory(key.directory());
    this.preload = new Preload(this, pool, language);
    this.libraries = pool.options().libraries() && language.hasLibrariesRung();
  }

  @Override
  public Path program() {
    return key.program();
  }

  // ---- requests ----

  @Override
  public WarmStart start(WarmRequest request) throws IOException {
    ForkServer server = null;
    String stale = retireStale();
    String cold;
    synchronized (this) {
      cold = stale == null ? cold() : stale;
      if (cold.isEmpty()) {
        server = current;
        if (server != null && server.enter()) {
          renew(server);
        } else {
          cold = "its server has ended";
        }
      }
    }
    pool.tell();
    if (server == null || !cold.isEmpty()) {
      return WarmStart.cold(cold);
    }
    ForkServer.Taken taken;
    try {
      taken = server.take();
    } catch (InterruptedException e) {
      server.leave();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted before the program was started");
    }
    ForkedChild child = taken.child();
    if (child == null) {
      server.leave();
      return WarmStart.cold(taken.why());
    }
    try {
      return WarmStart.of(
          HostedProcess.adopt(child, request.command(), request.encoded(), request.body()), "fork");
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      if (HostedProcess.mayHaveRun(e)) {
        throw e;
      }
      return WarmStart.cold("its child could not be reached: " + e.getMessage());
    }
  }

  /**
   * Retires a server of which a file has changed, and says why; null if there is none. Looks
   * without the lock, as there may be thousands of files, and a file system that hangs.
   */
  private @Nullable String retireStale() {
    long now = System.nanoTime();
    ForkServer server;
    synchronized (this) {
      server = current;
      if (server == null || now - looked < pool.options().reloadEvery().toNanos()) {
        return null;
      }
      looked = now;
    }
    String stale = server.stale();
    if (stale == null) {
      return null;
    }
    synchronized (this) {
      if (server == current) {
        retire(server, stale);
        current = null;
        begin();
      }
    }
    return stale;
  }

  /** Why no child can serve this request; "" when one can. Starts to load what is missing. */
  private String cold() {
    long now = System.nanoTime();
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
    if (current != null && !current.isServing()) {
      current = null;
    }
    if (current == null) {
      return missing(now);
    }
    if (current.usedWork() > WORN) {
      retire(current, WORKED);
      current = null;
      begin();
      return WORKED;
    }
    asked = now;
    return "";
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

  private String missing(long now) {
    if (next != null) {
      return "it is loading";
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
    logged = "";
    mustWait = false;
    failures = 0;
    forgetFindings();
    if (current != null) {
      retire(current, why);
      current = null;
    }
    if (next != null) {
      retire(next, why);
      next = null;
    }
    begin();
    return why;
  }

  private void forgetFindings() {
    libraries = pool.options().libraries() && language.hasLibrariesRung();
    apart = "";
    failure = "";
    preload.clear();
    tellers = 0;
    hasLearned = false;
  }

  /** Loads a new generation before the old one must go. */
  private void renew(ForkServer server) {
    GroupOptions options = pool.options();
    String why = null;
    if (options.maximumRequests() > 0 && server.requests() >= pool.maximumRequests(server)) {
      why = "it has served its requests";
    } else if (!options.maximumAge().isZero() && server.age().compareTo(options.maximumAge()) > 0) {
      why = "its server is old";
    } else if (options.maximumMemory() > 0
        && server.loadMemory() <= options.maximumMemory()
        && server.memory() > options.maximumMemory()) {
      why = "its server has grown";
    } else if (!options.maximumCpu().isZero() && server.work().compareTo(options.maximumCpu()) > 0
        || server.usedWork() > RENEWED) {
      why = WORKED;
    }
    if (why != null && next == null) {
      begin();
    }
  }

  // ---- servers ----

  /**
   * Begins to load a server, unless one loads already. Returns false if none may load now. Called
   * with the lock held.
   */
  private boolean begin() {
    if (next != null) {
      return true;
    }
    if (isWaiting()) {
      return false;
    }
    if (stamp.isChangedSince(Stamp.now())) {
      // Somebody may still be writing the script.
      return false;
    }
    if (current == null && !pool.makeRoom(this)) {
      return false;
    }
    if (mustWait) {
      mustWait = false;
      if (current == null) {
        forgetFindings();
      }
    }
    byte[] text =
        language.text(
            new Language.Settings(
                libraries ? Language.Mode.LIBRARIES : Language.Mode.SCRIPT,
                preload.modules(),
                requestNames,
                Language.resets(),
                pool.options().learn() && !hasLearned,
                pool.options().gracefulSeconds()));
    ForkServer server =
        new ForkServer(
            new ServerStart(command, key.constants(), key.directory(), text), ++generation, this);
    next = server;
    pool.note(event("loading", server, ""));
    try {
      pool.killLater(server);
      server.begin();
    } catch (RuntimeException | Error e) {
      // The system has no room for a thread.
      refuse(server, ScriptPool.CANNOT_LOAD + e, false);
      return false;
    }
    return true;
  }

  @Override
  public void ready(ForkServer server) {
    String why;
    boolean serves;
    synchronized (this) {
      why = apart;
      serves = serve(server);
    }
    pool.tell();
    if (!serves) {
      return;
    }
    if (!why.isEmpty()) {
      log("is compiled for each request: " + why);
    }
    long maximum = pool.options().maximumMemory();
    if (maximum > 0 && server.loadMemory() > maximum) {
      log("is loaded in more memory than maximumMemory, which then does not count: " + maximum);
    }
  }

  /** Puts the server in the place of the one that serves, unless a file has changed meanwhile. */
  private boolean serve(ForkServer server) {
    if (server != next) {
      server.retire();
      return false;
    }
    next = null;
    if (!Stamp.of(key.program()).equals(stamp)
        || !Stamp.ofDirectory(key.directory()).equals(directory)
        || server.changedWhileLoading()) {
      retire(server, "a file has changed while it loaded");
      return false;
    }
    if (current != null) {
      retire(current, "a new one is ready");
    }
    current = server;
    looked = System.nanoTime();
    failures = 0;
    failure = "";
    server.spare(pool.options().spares());
    pool.note(event("ready", server, apart));
    return true;
  }

  /** Logs what the script does, unless the last line about this script said the same. */
  private void log(String what) {
    synchronized (this) {
      if (what.equals(logged)) {
        return;
      }
      logged = what;
    }
    ScriptPool.log(key.program(), what);
  }

  @Override
  public void refused(ForkServer server, String why, boolean byItself) {
    synchronized (this) {
      refuse(server, why, byItself);
    }
    pool.tell();
  }

  private void refuse(ForkServer server, String why, boolean byItself) {
    if (server != next) {
      // Nobody needed it any more, so it was ended while it loaded.
      pool.note(event("ended", server, ""));
      return;
    }
    next = null;
    if (byItself && !pool.isClosed() && leavesOut(why)) {
      pool.note(event("ended", server, why));
      begin();
      return;
    }
    failure = why;
    if (byItself) {
      waitFor(ScriptPool.REFUSED_NANOS);
    } else {
      fail(why);
    }
    pool.note(event("cold", server, why));
    log("stays cold: " + why);
  }

  /** Leaves out of the next server what this one was refused for; false if nothing is left. */
  private boolean leavesOut(String why) {
    if (preload.leavesOut(why)) {
      return true;
    }
    if (preload.hasLearned()) {
      // The server was not refused before it loaded the learned modules, so leave them out.
      preload.unlearn();
      return true;
    }
    if (libraries || !language.hasLibrariesRung()) {
      return false;
    }
    libraries = true;
    apart = why;
    tellers = 0;
    hasLearned = false;
    return true;
  }

  private void fail(String why) {
    long now = pool.now();
    if (failures == 0 || now - failed > ScriptPool.RETRY_NANOS) {
      failures = 0;
      failed = now;
    }
    failures++;
    if (failures >= FAILURES) {
      failures = 0;
      waitFor(ScriptPool.REFUSED_NANOS);
    } else if (why.equals(ScriptPool.TOO_SLOW) || why.startsWith(ScriptPool.CANNOT_LOAD)) {
      // Another one would take as long now, or find no room either.
      waitFor(ScriptPool.RETRY_NANOS);
    }
  }

  private void waitFor(long nanos) {
    mustWait = true;
    retryAt = pool.now() + nanos;
  }

  private boolean isWaiting() {
    return mustWait && retryAt - pool.now() > 0;
  }

  @Override
  public void learned(ForkServer server, Map<String, String> modules) {
    synchronized (this) {
      learn(server, modules);
    }
    pool.tell();
  }

  private void learn(ForkServer server, Map<String, String> modules) {
    if (server != current || hasLearned || !pool.options().learn()) {
      return;
    }
    preload.learn(modules);
    tellers++;
    if (tellers >= TELLERS) {
      hasLearned = true;
      server.stopLearning();
      if (preload.hasLearned() && !pool.isClosed()) {
        begin();
      }
    }
  }

  @Override
  public void ended(ForkServer server) {
    synchronized (this) {
      if (server == current) {
        current = null;
      }
    }
    pool.note(event("ended", server, ""));
    pool.tell();
  }

  private void retire(ForkServer server, String why) {
    pool.note(event("recycled", server, why));
    server.retire();
  }

  // ---- the group's looks ----

  @Override
  public boolean hasServer() {
    return !leaving && (current != null || next != null);
  }

  @Override
  public void mark() {
    leaving = true;
  }

  @Override
  public long idleSince() {
    ForkServer server = current;
    return !leaving && server != null && next == null && server.isIdle() ? server.lastUsed() : 0;
  }

  @Override
  public void endIfIdle(long nanos, String why) {
    ForkServer idle = null;
    synchronized (this) {
      if (current != null
          && next == null
          && current.isIdle()
          && System.nanoTime() - current.lastUsed() >= nanos) {
        idle = current;
        pool.note(event("recycled", idle, why));
        current = null;
        wasAsked = false;
      }
      leaving = false;
    }
    pool.tell();
    if (idle != null) {
      idle.retire();
    }
  }

  @Override
  public synchronized List<Ending> close() {
    List<Ending> all = new ArrayList<>();
    for (ForkServer server : new ForkServer[] {current, next}) {
      if (server != null) {
        server.retire();
        all.add(server::join);
      }
    }
    current = null;
    next = null;
    return all;
  }

  @Override
  public synchronized List<ServerEvent> status() {
    ForkServer server = current != null ? current : next;
    return List.of(
        server == null
            ? event("cold", null, failure)
            : event(server == current ? "ready" : "loading", server, apart));
  }

  private ServerEvent event(String state, @Nullable ForkServer server, String why) {
    return new ServerEvent(
        key.program(),
        state,
        server == null ? 0 : server.pid(),
        server == null ? generation : server.generation(),
        server == null ? 0 : server.requests(),
        server == null ? Instant.EPOCH : server.begun(),
        server == null ? 0 : server.memory(),
        why);
  }
}

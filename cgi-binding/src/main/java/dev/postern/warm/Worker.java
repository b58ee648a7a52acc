package dev.postern.warm;

import dev.postern.internal.Escapes;
import dev.postern.process.Exit;
import dev.postern.process.ForkedChild;
import dev.postern.process.ServerProcess;
import dev.postern.process.TurnEnd;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One process that has loaded an application or a script and serves request after request, one at a
 * time. A thread of its own starts it and reads its reports. Thread-safe.
 */
final class Worker implements PooledScript.Ending {
  /** What a worker serves. This decides what the end of its process means. */
  enum Kind {
    /** If the process ends during a request, the request was not answered whole. */
    APPLICATION,
    /**
     * The exit of the process is that of its request, because scripts may call {@code exec} or
     * {@code _exit}.
     */
    SCRIPT
  }

  /** Is told what happens to a worker, on the worker's thread. */
  interface Listener {
    /** The worker has loaded. */
    void ready(Worker worker);

    /** A script has left something behind in the worker. */
    void left(Worker worker, List<String> names);

    /** The worker waits for a request. */
    void free(Worker worker, ForkedChild turn);

    /**
     * The worker has ended. {@code why} says why it has not loaded, or is null; {@code byItself}
     * tells whether the worker itself said so.
     */
    void ended(Worker worker, @Nullable String why, boolean byItself);
  }

  private final Kind kind;
  private final ServerStart start;
  private final Listener listener;
  private final int generation;
  private final Instant begun = Stamp.now();
  private final long beganNanos = System.nanoTime();
  private final LoadedFiles files;
  private final Stamp directory;
  private final Thread thread;

  /** When the worker said last which files it has loaded. Used by its thread alone. */
  private Instant told = begun;

  private @Nullable ServerProcess process;
  private @Nullable CompletableFuture<TurnEnd> turn;
  private long requests;
  private boolean busy;
  private boolean loaded;
  private boolean ended;
  private boolean retired;
  private boolean slow;

  Worker(Kind kind, ServerStart start, int generation, Listener listener) {
    this.kind = kind;
    this.start = start;
    this.files = new LoadedFiles(start.directory());
    this.directory = Stamp.ofDirectory(start.directory());
    this.generation = generation;
    this.listener = listener;
    this.thread = new Thread(null, this::run, "postern-worker", 256 * 1024, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
  }

  void begin() {
    thread.start();
  }

  int generation() {
    return generation;
  }

  Instant begun() {
    return begun;
  }

  Duration age() {
    return Duration.ofNanos(System.nanoTime() - beganNanos);
  }

  synchronized long requests() {
    return requests;
  }

  synchronized long pid() {
    return process == null ? 0 : process.pid();
  }

  synchronized boolean isLoading() {
    return !loaded && !ended;
  }

  synchronized boolean hasLoaded() {
    return loaded;
  }

  synchronized long memory() {
    return process == null ? 0 : process.memory();
  }

  synchronized Duration work() {
    return Duration.ofMillis(process == null ? 0 : process.work());
  }

  /** Whether the worker takes another request. */
  synchronized boolean isCurrent() {
    return !ended && !retired;
  }

  private void run() {
    String why = null;
    boolean byItself = false;
    ServerProcess started = null;
    try {
      started = ServerProcess.start(start.command(), start.environment(), start.directory());
      synchronized (this) {
        process = started;
      }
      Lines reports = new Lines(started.reports());
      try {
        started.commands().write(start.text());
        started.commands().flush();
      } catch (IOException e) {
        // The worker's report says why, or its exit does.
      }
      String first = reports.next();
      if (first != null && first.startsWith("ready") && !started.isReachable()) {
        byItself = true;
        why = ScriptPool.UNREACHABLE;
      } else if (first != null && first.startsWith("ready")) {
        files.add(first, told);
        synchronized (this) {
          loaded = true;
        }
        listener.ready(this);
        for (String line = reports.next(); line != null; line = reports.next()) {
          if (line.startsWith("m\t")) {
            files.add(line, told);
          } else {
            told = Stamp.now();
            report(line);
          }
        }
      } else {
        byItself = first != null && first.startsWith("!");
        why =
            byItself && first != null
                ? first.substring(1)
                : tooSlow()
                    ? ScriptPool.TOO_SLOW
                    : first == null
                        ? "it ends while it loads: " + started.exit()
                        : "its worker must speak the protocol: " + Escapes.quote(first);
      }
    } catch (IOException e) {
      why = isLoading() ? ScriptPool.CANNOT_LOAD + e.getMessage() : null;
    } catch (RuntimeException | Error e) {
      // Without a reason the pool would take this for an ordinary end, and begin again at once.
      why = isLoading() ? ScriptPool.CANNOT_LOAD + e : null;
    } finally {
      end(started, why, byItself);
    }
  }

  private void end(@Nullable ServerProcess started, @Nullable String why, boolean byItself) {
    if (started != null && (kind == Kind.APPLICATION || !isInTurn())) {
      started.kill();
    }
    int code = Exit.UNKNOWN.code();
    try {
      if (started != null) {
        // If a script has become another program by exec, its request ends when that program ends.
        if (isInTurn()) {
          started.await();
        }
        code = started.code();
      }
    } catch (InterruptedException e) {
      started.kill();
    }
    exited(code);
    listener.ended(this, why, byItself);
  }

  private synchronized boolean isInTurn() {
    return turn != null && !turn.isDone() && requests > 0;
  }

  private void exited(int code) {
    CompletableFuture<TurnEnd> last;
    synchronized (this) {
      ended = true;
      last = turn;
    }
    if (last != null) {
      // If the worker of an application ends during a request, the request has failed, even with
      // exit 0.
      boolean good = kind == Kind.SCRIPT || code != 0;
      last.complete(new TurnEnd(good ? code : Exit.UNKNOWN.code()));
    }
  }

  private synchronized boolean tooSlow() {
    return slow;
  }

  /** Ends a worker that has not loaded in time. */
  void endIfLoading() {
    synchronized (this) {
      if (loaded || ended) {
        return;
      }
      slow = true;
    }
    kill();
  }

  /**
   * Reads a report: {@code PID INPUT OUTPUT ERRORS CONTROL} when the worker is free, {@code = PID
   * STATUS NAME…} after a request, with the names of what the request has left behind. Each request
   * must get its own answer, so a worker whose reports are not those of one process is killed.
   */
  private void report(String line) {
    String[] words = line.split(" ", -1);
    try {
      boolean good =
          words[0].equals("=")
              ? Long.parseLong(words[1]) == pid() && turnEnds(words)
              : Long.parseLong(words[0]) == pid() && turnBegins(words);
      if (!good) {
        kill();
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      kill();
    }
  }

  /** Ends the turn; false if the worker serves no request. */
  private boolean turnEnds(String[] words) {
    int status = Integer.parseInt(words[2]);
    int signal = status & 0x7F;
    CompletableFuture<TurnEnd> over;
    synchronized (this) {
      over = busy ? openTurn() : null;
    }
    if (over == null) {
      return false;
    }
    List<String> left = List.of(words).subList(3, words.length);
    if (!left.isEmpty()) {
      listener.left(this, left);
    }
    over.complete(new TurnEnd(signal == 0 ? status >> 8 & 0xFF : 128 + signal, left));
    return true;
  }

  /** Begins the next turn; false if the last one has not ended. */
  private boolean turnBegins(String[] words) {
    CompletableFuture<TurnEnd> next = new CompletableFuture<>();
    ForkedChild child =
        new ForkedChild(
            pid(),
            ProcessHandle.current().pid(),
            Integer.parseInt(words[1]),
            Integer.parseInt(words[2]),
            Integer.parseInt(words[3]),
            Integer.parseInt(words[4]),
            next,
            pid -> {});
    synchronized (this) {
      if (openTurn() != null) {
        return false;
      }
      turn = next;
      busy = false;
    }
    listener.free(this, child);
    return true;
  }

  /** The turn that has not ended, if there is one. Called with the lock held. */
  private @Nullable CompletableFuture<TurnEnd> openTurn() {
    return turn == null || turn.isDone() ? null : turn;
  }

  /** Why the worker is stale; null if what it has loaded, and its directory, are still there. */
  @Nullable String stale() {
    if (!Stamp.ofDirectory(start.directory()).equals(directory)) {
      return ScriptPool.MOVED;
    }
    return files.changed() == null ? null : "a file has changed";
  }

  /** Counts a request that is handed over. */
  synchronized void count() {
    requests++;
    busy = true;
  }

  /** Takes back {@link #count} for a request that did not reach the worker. */
  synchronized void uncount() {
    requests--;
    busy = false;
  }

  /** Completes when the worker serves no request: now, or at the end of its request. */
  synchronized CompletableFuture<?> idle() {
    CompletableFuture<TurnEnd> last = turn;
    return busy && last != null ? last : CompletableFuture.completedFuture(null);
  }

  /** Ends the worker after its request. */
  void retire() {
    ServerProcess running;
    synchronized (this) {
      retired = true;
      running = process;
    }
    if (running != null) {
      running.closeCommands();
    }
  }

  @Override
  public void kill() {
    ServerProcess running;
    synchronized (this) {
      running = process;
    }
    if (running != null) {
      running.kill();
    }
  }

  @Override
  public void join(long nanos) throws InterruptedException {
    TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, nanos));
  }
}

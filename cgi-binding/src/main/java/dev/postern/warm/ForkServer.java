package dev.postern.warm;

import dev.postern.internal.Escapes;
import dev.postern.process.ForkedChild;
import dev.postern.process.ServerProcess;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One generation of a fork server: an interpreter that has loaded one script, and forks a child for
 * each request. A thread of its own starts it and reads its reports. Thread-safe.
 */
final class ForkServer {
  /** Is told what happens to a server, on the server's thread. */
  interface Listener {
    /** The server can fork children. */
    void ready(ForkServer server);

    /**
     * The server must not serve this script, or cannot. {@code byItself} tells whether it said so
     * itself.
     */
    void refused(ForkServer server, String why, boolean byItself);

    /** A child has ended, and had loaded these modules in addition to the server's. */
    void learned(ForkServer server, Map<String, String> modules);

    /** The server has ended, after it was ready. */
    void ended(ForkServer server);
  }

  /**
   * How long a server may take to fork. A server that takes longer counts as hung, and is killed.
   */
  private static final Duration FORK_PATIENCE = Duration.ofSeconds(3);

  /** What a server says when the system has refused it a process. */
  private static final String FORK_REFUSED = "!fork: ";

  private static final String DELETED = " (deleted)";

  private final ServerStart start;
  private final Listener listener;
  private final int generation;
  private final Instant begun = Stamp.now();
  private final LinkedBlockingQueue<Report> children = new LinkedBlockingQueue<>();
  private final LoadedFiles files;

  /** How many children were ordered by requests that were interrupted, so that others get them. */
  private final AtomicInteger left = new AtomicInteger();

  private final Map<Long, Map<String, String>> telling = new LinkedHashMap<>();

  /** The answers that are awaited to {@link #reap}. */
  private final Map<Long, CompletableFuture<Integer>> ends = new ConcurrentHashMap<>();

  private final Thread thread;

  private @Nullable ServerProcess process;
  private Set<String> replaced = Set.of();
  private boolean changedWhileLoading;
  private long workLimit;
  private long loadWork;
  private long loadMemory;
  private long readyNanos;
  private boolean ready;
  private boolean ended;
  private boolean retired;
  private volatile boolean slow;
  private int inFlight;
  private long requests;
  private volatile long lastUsed = System.nanoTime();

  /** The result of a fork: a child, or why there is none. */
  private record Report(@Nullable ForkedChild child, String failure) {}

  ForkServer(ServerStart start, int generation, Listener listener) {
    this.start = start;
    this.files = new LoadedFiles(start.directory());
    this.generation = generation;
    this.listener = listener;
    this.thread = new Thread(null, this::run, "postern-fork-server", 256 * 1024, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
  }

  /** Starts loading, and returns at once. */
  void begin() {
    thread.start();
  }

  int generation() {
    return generation;
  }

  Instant begun() {
    return begun;
  }

  /** The time since the load, which counts for no limit: the next server loads as long. */
  synchronized Duration age() {
    return Duration.ofNanos(System.nanoTime() - readyNanos);
  }

  long lastUsed() {
    return lastUsed;
  }

  synchronized long requests() {
    return requests;
  }

  synchronized boolean isIdle() {
    return inFlight == 0;
  }

  /** Whether the server can be asked for a child. */
  synchronized boolean isServing() {
    return ready && !ended && !retired;
  }

  /** Whether the server is still loading. */
  synchronized boolean isLoading() {
    return !ready && !ended;
  }

  synchronized long pid() {
    return process == null ? 0 : process.pid();
  }

  long memory() {
    ServerProcess running = process();
    return running == null ? 0 : running.memory();
  }

  /** The memory that the load alone took. */
  synchronized long loadMemory() {
    return loadMemory;
  }

  /** The processor time since the load. */
  synchronized Duration work() {
    return Duration.ofMillis(process == null ? 0 : Math.max(0, process.work() - loadWork));
  }

  /**
   * How much the server has used of the processor time that its limit leaves it after the load,
   * from 0 to 1; 0 without a limit. A limit is there for the children, each of which begins at
   * zero, but the kernel would end their server by it, too.
   */
  synchronized double usedWork() {
    ServerProcess running = process;
    if (workLimit == 0 || running == null) {
      return 0;
    }
    return Math.max(0, running.work() - loadWork) / (double) Math.max(1, workLimit - loadWork);
  }

  private synchronized @Nullable ServerProcess process() {
    return process;
  }

  // ---- the server's thread ----

  private void run() {
    boolean wasReady = false;
    try {
      ServerProcess started =
          ServerProcess.start(start.command(), start.environment(), start.directory());
      synchronized (this) {
        process = started;
        if (retired) {
          started.kill();
        }
      }
      Lines reports = new Lines(started.reports());
      try {
        send(start.text());
      } catch (IOException e) {
        // The server's report says why, or its exit does.
      }
      wasReady = load(started, reports);
      if (wasReady) {
        for (String line = reports.next(); line != null; line = reports.next()) {
          report(line);
        }
      }
    } catch (IOException e) {
      if (!wasReady) {
        listener.refused(
            this, ScriptPool.CANNOT_LOAD + Escapes.escape(String.valueOf(e.getMessage())), false);
      }
    } catch (RuntimeException | Error e) {
      if (!wasReady) {
        listener.refused(this, ScriptPool.CANNOT_LOAD + e, false);
      }
    } finally {
      end(wasReady);
    }
  }

  private boolean load(ServerProcess started, Lines reports) throws IOException {
    String line = reports.next();
    if (line != null && line.startsWith("ready\t")) {
      if (!started.isReachable()) {
        listener.refused(this, ScriptPool.UNREACHABLE, true);
        return false;
      }
      changedWhileLoading = files.add(line, begun);
      replaced = replaced();
      synchronized (this) {
        workLimit = started.workLimit();
        loadWork = started.work();
        loadMemory = started.memory();
        readyNanos = System.nanoTime();
        ready = true;
        if (retired) {
          leaveIfDone();
        }
      }
      listener.ready(this);
      return true;
    }
    if (line != null && line.startsWith(FORK_REFUSED)) {
      listener.refused(this, ScriptPool.CANNOT_LOAD + line.substring(1), false);
    } else if (line != null && line.startsWith("!")) {
      listener.refused(this, line.substring(1), true);
    } else {
      listener.refused(
          this,
          slow
              ? ScriptPool.TOO_SLOW
              : line == null
                  ? "it ends while it loads: " + started.exit()
                  : "its server must speak the protocol: " + Escapes.quote(line),
          false);
    }
    return false;
  }

  private void end(boolean wasReady) {
    ServerProcess running;
    synchronized (this) {
      ended = true;
      running = process;
    }
    if (running != null) {
      // Nobody reads the server's reports any more, so it must not live on.
      running.kill();
      running.closeCommands();
    }
    children.add(new Report(null, "its server has ended"));
    ends.values().forEach(answer -> answer.complete(-1));
    if (wasReady) {
      listener.ended(this);
    }
  }

  private void report(String line) {
    if (line.startsWith("+ ")) {
      learn(line);
    } else if (line.startsWith("= ")) {
      told(line);
    } else if (line.startsWith("!")) {
      children.add(new Report(null, "its server could not fork: " + line.substring(1)));
    } else {
      children.add(new Report(child(line), ""));
    }
  }

  private @Nullable ForkedChild child(String line) {
    try {
      String[] numbers = line.split(" ", -1);
      if (numbers.length == 5) {
        AtomicBoolean reaped = new AtomicBoolean();
        return new ForkedChild(
            Long.parseLong(numbers[0]),
            pid(),
            Integer.parseInt(numbers[1]),
            Integer.parseInt(numbers[2]),
            Integer.parseInt(numbers[3]),
            Integer.parseInt(numbers[4]),
            null,
            pid -> forget(pid, reaped.get()),
            pid -> {
              Integer status = reap(pid);
              reaped.set(status != null);
              return status;
            });
      }
    } catch (NumberFormatException e) {
      // The line is not the report of a child.
    }
    kill();
    return null;
  }

  /** Reads {@code + PID NAME=FILE NAME=FILE…}, and {@code + PID .} at the end. */
  private void learn(String line) {
    String[] words = line.split(" ", -1);
    try {
      long pid = Long.parseLong(words[1]);
      Map<String, String> told = telling.computeIfAbsent(pid, key -> new LinkedHashMap<>());
      for (int i = 2; i < words.length; i++) {
        int equals = words[i].indexOf('=');
        if (equals > 0) {
          told.put(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
      }
      if (words.length == 3 && words[2].equals(".")) {
        telling.remove(pid);
        listener.learned(this, told);
      } else if (telling.size() > 100) {
        telling.clear();
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      // No child of ours writes such a line.
    }
  }

  // ---- for requests ----

  /** Counts a request as running. {@link #leave} or the child's own end ends that. */
  synchronized boolean enter() {
    if (!isServing()) {
      return false;
    }
    inFlight++;
    requests++;
    lastUsed = System.nanoTime();
    return true;
  }

  /** Ends what {@link #enter} has counted: the request has no child, or its child has ended. */
  synchronized void leave() {
    inFlight--;
    lastUsed = System.nanoTime();
    leaveIfDone();
  }

  /** Makes the server fork so many children ahead. */
  void spare(int count) {
    try {
      for (int i = 0; i < count; i++) {
        send("f\n");
      }
    } catch (IOException e) {
      // The server has ended. The next request will notice.
    }
  }

  /** What a request gets: a child, or why there is none. */
  record Taken(@Nullable ForkedChild child, String why) {}

  /**
   * A child for a request. If a spare child is there, the request gets it, and the child that is
   * forked now is for the next request.
   */
  Taken take() throws InterruptedException {
    try {
      if (left.getAndUpdate(n -> Math.max(0, n - 1)) == 0) {
        send("f\n");
      }
    } catch (IOException e) {
      return new Taken(null, "its server has ended");
    }
    Report report;
    try {
      report = children.poll(FORK_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      left.incrementAndGet();
      throw e;
    }
    if (report == null) {
      kill();
      return new Taken(null, "its server did not fork in time");
    }
    if (report.child == null) {
      synchronized (this) {
        if (ended) {
          children.add(report);
        }
      }
      return new Taken(null, report.failure);
    }
    return new Taken(report.child, "");
  }

  /** Asks how an ended child ended, as wait(2) tells; null if the server does not say. */
  private @Nullable Integer reap(long pid) {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    ends.put(pid, answer);
    try {
      send("s " + pid + "\n");
      int status = answer.get(FORK_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
      return status < 0 ? null : status;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (IOException | ExecutionException | TimeoutException e) {
      return null;
    } finally {
      ends.remove(pid);
    }
  }

  /** Reads {@code = PID STATUS}. */
  private void told(String line) {
    String[] words = line.split(" ", -1);
    try {
      CompletableFuture<Integer> answer = ends.get(Long.parseLong(words[1]));
      if (answer != null) {
        answer.complete(Integer.parseInt(words[2]));
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      kill();
    }
  }

  private void forget(long pid, boolean reaped) {
    try {
      // The number of a reaped child may be that of another child by now.
      if (!reaped) {
        send("r " + pid + "\n");
      }
    } catch (IOException e) {
      // The server has ended, and its children are init's.
    } finally {
      leave();
    }
  }

  /** Makes children stop telling what they have loaded. */
  void stopLearning() {
    try {
      send("q\n");
    } catch (IOException e) {
      // The server has ended.
    }
  }

  // ---- currency ----

  /** Whether a module has changed since loading began. */
  boolean changedWhileLoading() {
    return changedWhileLoading;
  }

  /** Why the server is stale; null if all that it has loaded is still what is on disk. */
  @Nullable String stale() {
    Path changed = files.changed();
    if (changed != null) {
      return "a module has changed: " + changed.getFileName();
    }
    return replaced.containsAll(replaced()) ? null : "its interpreter was replaced";
  }

  /** The files that the server runs, or has mapped as code, and that are gone under their names. */
  private Set<String> replaced() {
    Set<String> gone = new HashSet<>();
    Path proc = Path.of("/proc", Long.toString(pid()));
    try {
      String program = Files.readSymbolicLink(proc.resolve("exe")).toString();
      if (program.endsWith(DELETED)) {
        gone.add(program);
      }
      try (Stream<String> maps = Files.lines(proc.resolve("maps"), StandardCharsets.ISO_8859_1)) {
        maps.filter(line -> line.endsWith(DELETED) && line.contains("x"))
            .map(line -> line.split(" +", 6))
            .filter(fields -> fields.length == 6 && fields[1].contains("x"))
            .forEach(fields -> gone.add(fields[5]));
      }
    } catch (IOException | RuntimeException e) {
      // The server has ended, or does not let us read this.
    }
    return gone;
  }

  // ---- the end ----

  /**
   * Ends the server when no request needs it. A request with a child needs the server, which keeps
   * the child's status until the request asks for it.
   */
  synchronized void retire() {
    retired = true;
    leaveIfDone();
  }

  private synchronized void leaveIfDone() {
    if (retired && inFlight == 0) {
      ServerProcess running = process;
      if (running != null) {
        if (ready) {
          running.closeCommands();
        } else {
          running.kill();
        }
      }
    }
  }

  /** Ends the server at once. Children that run go on. */
  void kill() {
    ServerProcess running = process();
    if (running != null) {
      running.kill();
    }
  }

  /** Ends a server that has not loaded in time. */
  void tooSlow() {
    slow = true;
    kill();
  }

  /** Waits until the server's thread has ended, at most for that long. */
  void join(long nanos) throws InterruptedException {
    TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, nanos));
  }

  private void send(String text) throws IOException {
    send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private void send(byte[] bytes) throws IOException {
    ServerProcess running = process();
    if (running == null) {
      throw new IOException("server must have been started");
    }
    OutputStream commands = running.commands();
    synchronized (commands) {
      commands.write(bytes);
      commands.flush();
    }
  }
}

package dev.postern.warm;

import dev.postern.internal.Escapes;
import dev.postern.process.Exit;
import dev.postern.process.ForkedChild;
import dev.postern.process.ServerProcess;
import dev.postern.system.FileNames;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One process that has loaded an application and serves request after request, one at a time. A
 * thread of its own starts it and reads its reports. Thread-safe.
 */
final class Worker {
  /** Who is told how it goes, on the worker's thread. */
  interface Listener {
    /** It has loaded. */
    void ready(Worker worker);

    /** It waits for a request. */
    void free(Worker worker, ForkedChild turn);

    /** It has ended; why, where it has not loaded. */
    void ended(Worker worker, @Nullable String why);
  }

  private final ServerStart start;
  private final Listener listener;
  private final int generation;
  private final Instant begun = Stamp.now();
  private final long beganNanos = System.nanoTime();
  private final Map<Path, Stamp> modules = new LinkedHashMap<>();
  private final Thread thread;

  private @Nullable ServerProcess process;
  private @Nullable CompletableFuture<Integer> turn;
  private long requests;
  private boolean loaded;
  private boolean ended;
  private boolean retired;

  Worker(ServerStart start, int generation, Listener listener) {
    this.start = start;
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

  synchronized long memory() {
    return process == null ? 0 : process.memory();
  }

  synchronized Duration work() {
    return Duration.ofMillis(process == null ? 0 : process.work());
  }

  /** Whether it takes another request. */
  synchronized boolean isCurrent() {
    return !ended && !retired;
  }

  private void run() {
    String why = null;
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
        // It says why, or its exit does.
      }
      String first = reports.next();
      if (first != null && first.startsWith("ready")) {
        look(first);
        synchronized (this) {
          loaded = true;
        }
        listener.ready(this);
        for (String line = reports.next(); line != null; line = reports.next()) {
          report(line);
        }
      } else {
        why =
            first == null
                ? "it ends while it loads: " + started.exit()
                : first.startsWith("!") ? first.substring(1) : Escapes.quote(first);
      }
    } catch (IOException | RuntimeException e) {
      why = isLoading() ? "it cannot be loaded: " + e.getMessage() : null;
    } finally {
      end(started, why);
    }
  }

  private void end(@Nullable ServerProcess started, @Nullable String why) {
    int code = Exit.UNKNOWN.code();
    if (started != null) {
      started.kill();
      code = started.code();
    }
    CompletableFuture<Integer> last;
    synchronized (this) {
      ended = true;
      last = turn;
    }
    if (last != null) {
      // No request ends well with its worker.
      last.complete(code == 0 ? Exit.UNKNOWN.code() : code);
    }
    listener.ended(this, why);
  }

  /**
   * {@code PID INPUT OUTPUT ERRORS CONTROL} when it is free, {@code = PID STATUS} after a request.
   */
  private void report(String line) {
    String[] words = line.split(" ", -1);
    try {
      if (words[0].equals("=")) {
        int status = Integer.parseInt(words[2]);
        int signal = status & 0x7F;
        CompletableFuture<Integer> over;
        synchronized (this) {
          over = turn;
        }
        if (over != null) {
          over.complete(signal == 0 ? status >> 8 & 0xFF : 128 + signal);
        }
        return;
      }
      CompletableFuture<Integer> next = new CompletableFuture<>();
      synchronized (this) {
        turn = next;
      }
      listener.free(
          this,
          new ForkedChild(
              pid(),
              Integer.parseInt(words[1]),
              Integer.parseInt(words[2]),
              Integer.parseInt(words[3]),
              Integer.parseInt(words[4]),
              next,
              pid -> {}));
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      kill();
    }
  }

  private void look(String ready) {
    String[] files = ready.split("\t", -1);
    synchronized (modules) {
      for (int i = 1; i < files.length; i++) {
        String text = FileNames.ofBytes(files[i]);
        if (text != null && text.indexOf('\0') < 0) {
          Path file = start.directory().resolve(text);
          modules.put(file, Stamp.of(file));
        }
      }
    }
  }

  /** Whether what it has loaded is not any more what is on disk. */
  boolean isStale() {
    synchronized (modules) {
      return modules.entrySet().stream().anyMatch(m -> !Stamp.of(m.getKey()).equals(m.getValue()));
    }
  }

  /** A request is handed over. */
  synchronized void count() {
    requests++;
  }

  /** Ends it after its request. */
  void retire() {
    ServerProcess running;
    synchronized (this) {
      retired = true;
      running = process;
    }
    if (running != null) {
      try {
        running.commands().close();
      } catch (IOException e) {
        // It has ended already.
      }
    }
  }

  void kill() {
    ServerProcess running;
    synchronized (this) {
      running = process;
    }
    if (running != null) {
      running.kill();
    }
  }

  void join(long nanos) throws InterruptedException {
    TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, nanos));
  }
}

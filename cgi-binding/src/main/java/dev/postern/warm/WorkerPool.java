package dev.postern.warm;

import dev.postern.process.ForkedChild;
import dev.postern.process.HostedProcess;
import dev.postern.process.RunningProgram;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The workers of one application: as many as are needed at once, up to a bound. The one that was
 * free last is asked first, so that few have much to do. Thread-safe.
 */
public final class WorkerPool implements AutoCloseable, Worker.Listener {
  private record Free(Worker worker, ForkedChild turn) {}

  private final Path program;
  private final GroupOptions options;
  private final int processes;
  private final ServerStart start;
  private final Consumer<ServerEvent> listener;
  private final LinkedBlockingDeque<Free> free = new LinkedBlockingDeque<>();
  private final List<Worker> workers = new ArrayList<>();
  private int generation;
  private long looked = System.nanoTime();
  private @Nullable String failure;
  private boolean closed;

  /** A pool without any workers. */
  public WorkerPool(
      Path program,
      GroupOptions options,
      int processes,
      ServerStart start,
      Consumer<ServerEvent> listener) {
    this.program = program;
    this.options = options;
    this.processes = processes;
    this.start = start;
    this.listener = listener;
  }

  /**
   * Has a worker serve a request.
   *
   * @param patience how long to wait for one that is free, and for a new one to load
   * @return null when all were busy for so long
   * @throws IOException when the application cannot be loaded, or the request may have begun
   */
  public @Nullable RunningProgram start(WarmRequest request, Duration patience) throws IOException {
    long begun = System.nanoTime();
    long limit = Math.max(patience.toNanos(), options.startup().toNanos());
    renewStale();
    while (true) {
      Free next = free.pollFirst();
      if (next == null) {
        begin();
        next = await(limit - (System.nanoTime() - begun));
      }
      if (next == null) {
        String why = failure();
        if (why != null) {
          throw new IOException("application must load: " + program + ": " + why);
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
      try {
        return HostedProcess.adopt(next.turn, request.command(), request.encoded(), request.body());
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        if (e.getCause() != null && !(e.getCause() instanceof IOException)) {
          throw e;
        }
        // It is gone, and has not begun.
        next.worker.kill();
      }
    }
  }

  private @Nullable Free await(long nanos) throws InterruptedIOException {
    long begun = System.nanoTime();
    try {
      while (true) {
        long left = nanos - (System.nanoTime() - begun);
        // In slices, as a load may fail meanwhile.
        Free next =
            free.pollFirst(
                Math.min(Math.max(0, left), TimeUnit.MILLISECONDS.toNanos(50)),
                TimeUnit.NANOSECONDS);
        if (next != null || left <= 0 || failure() != null || canBegin()) {
          return next;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for a worker");
    }
  }

  /** Why no worker could be loaded, where none is left. */
  private synchronized @Nullable String failure() {
    return closed ? "it is closed" : workers.isEmpty() ? failure : null;
  }

  private synchronized boolean canBegin() {
    return !closed && workers.isEmpty();
  }

  private void begin() {
    Worker worker;
    synchronized (this) {
      if (closed
          || workers.size() >= processes
          || workers.stream().anyMatch(Worker::isLoading) && workers.size() >= processes) {
        return;
      }
      failure = null;
      worker = new Worker(start, ++generation, this);
      workers.add(worker);
    }
    tell("loading", worker, "");
    worker.begin();
  }

  private void renewStale() {
    long now = System.nanoTime();
    List<Worker> stale;
    synchronized (this) {
      if (now - looked < options.reloadEvery().toNanos()) {
        return;
      }
      looked = now;
      stale = workers.stream().filter(Worker::isStale).toList();
      workers.removeAll(stale);
    }
    for (Worker worker : stale) {
      tell("recycled", worker, "a file has changed");
      worker.retire();
    }
  }

  @Override
  public void ready(Worker worker) {
    tell("ready", worker, "");
  }

  @Override
  public void free(Worker worker, ForkedChild turn) {
    String why = over(worker);
    synchronized (this) {
      if (why != null || closed || !workers.contains(worker)) {
        workers.remove(worker);
        worker.retire();
        if (why == null) {
          return;
        }
      } else {
        free.addFirst(new Free(worker, turn));
        return;
      }
    }
    tell("recycled", worker, why);
  }

  private @Nullable String over(Worker worker) {
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
  public void ended(Worker worker, @Nullable String why) {
    synchronized (this) {
      workers.remove(worker);
      if (why != null) {
        failure = why;
      }
    }
    tell(why == null ? "ended" : "cold", worker, why == null ? "" : why);
  }

  private void tell(String state, Worker worker, String why) {
    try {
      listener.accept(event(state, worker, why));
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

  /** How each worker stands. */
  public synchronized Collection<ServerEvent> status() {
    return workers.stream()
        .map(worker -> event(worker.isLoading() ? "loading" : "ready", worker, ""))
        .toList();
  }

  /** Ends all workers, each after its request; waits for that as long as the group is graceful. */
  @Override
  public void close() {
    List<Worker> all;
    synchronized (this) {
      closed = true;
      all = List.copyOf(workers);
    }
    all.forEach(Worker::retire);
    long begun = System.nanoTime();
    try {
      for (Worker worker : all) {
        worker.join(options.graceful().toNanos() - (System.nanoTime() - begun));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    all.forEach(Worker::kill);
  }
}

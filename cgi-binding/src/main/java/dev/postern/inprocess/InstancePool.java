package dev.postern.inprocess;

import static java.util.Objects.requireNonNull;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.process.RunningProgram;
import dev.postern.rewrite.ClassPathRoot;
import dev.postern.rewrite.NotAProgramException;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The instances of one program: those that are idle or busy, and those that could not be stopped.
 * When the program's file has changed, new instances are made; busy ones finish with the old file.
 * Thread-safe.
 */
public final class InstancePool implements AutoCloseable {
  private static final long WAIT_SECONDS = 10;
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ProgramSource source;
  private final ProgramOptions options;
  private final Semaphore places;
  private final Deque<Instance> idle = new ArrayDeque<>();
  private final Deque<ProgramThread> threads = new ArrayDeque<>();
  private final Set<Instance> abandoned = new LinkedHashSet<>();
  private final Map<String, Long> discarded = new TreeMap<>();
  private @Nullable ProgramCode code;

  /** Why there is no code of what {@link #seen} says; a program is not compiled twice in vain. */
  private @Nullable NotAProgramException broken;

  /** The stamps of the class path when it was loaded last; empty before that. */
  private List<Object> seen = List.of();

  /** When the other files were looked at last, in nanoseconds. */
  private long looked;

  private final int compareEvery = Integer.getInteger("dev.postern.inprocess.compare", 0);
  private int compareNext;
  private boolean closed;

  /** The state of a pool at one moment. */
  public record Report(
      ProgramOptions.State state,
      String reason,
      int classes,
      int idle,
      int busy,
      int abandoned,
      Map<String, Long> discarded,
      List<String> findings) {}

  /** A pool without instances. */
  public InstancePool(ProgramSource source, ProgramOptions options) {
    this.source = source;
    this.options = options;
    this.places = new Semaphore(options.instances(), true);
  }

  /**
   * Starts the program for a request.
   *
   * @param environment bytes, one char each
   * @throws GatewayException 500 if the source is no program, 503 if no instance is free in time or
   *     too many could not be stopped
   * @throws IOException when the JVM has no memory or thread for another instance
   */
  public RunningProgram start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body)
      throws IOException {
    Instance instance = acquire();
    return begin(
        instance,
        () -> {
          Comparison comparison =
              instance.code.isReset() && isCompared()
                  ? new Comparison(this, environment, directory)
                  : null;
          InputStream read = comparison == null ? body : comparison.recorded(body);
          Run run = new Run(instance, environment, directory, read, options.charset());
          return new RunningInstance(instance, run, command, options.stopGrace(), comparison);
        });
  }

  /** Gives the instance back if anything fails, because its place would be lost. */
  private RunningInstance begin(Instance instance, Supplier<RunningInstance> request)
      throws IOException {
    try {
      RunningInstance running = request.get();
      instance.begin(running.run(), options.arguments().toArray(new String[0]));
      return running;
    } catch (Throwable e) {
      giveBack(instance, "not started");
      if (e instanceof OutOfMemoryError) {
        throw new IOException("program must have a thread", e);
      }
      throw e;
    }
  }

  // ---- each N-th request twice ----

  private synchronized boolean isCompared() {
    return compareEvery > 0 && compareNext++ % compareEvery == 0;
  }

  /**
   * Runs the same request in new classes, which are discarded after it; null when no place is free.
   */
  @Nullable RunningInstance startNew(
      Map<String, String> environment, Path directory, InputStream body) throws IOException {
    if (!places.tryAcquire()) {
      return null;
    }
    ProgramCode current;
    try {
      current = code();
    } catch (Throwable e) {
      places.release();
      throw e;
    }
    Instance instance = made(current);
    return begin(
        instance,
        () -> {
          Run run = new Run(instance, environment, directory, body, options.charset());
          run.spoil("compared");
          return new RunningInstance(instance, run, List.of(), options.stopGrace(), null);
        });
  }

  /** Reports that the answer of a program that was reset differs from the answer of new classes. */
  void differs(String how) {
    ProgramCode compared = code;
    if (compared != null) {
      compared.findings().add("differs after a reset", how);
    }
    System.getLogger("dev.postern.cgi")
        .log(System.Logger.Level.WARNING, source + " differs after a reset: " + how + " [compare]");
  }

  private Instance acquire() throws IOException {
    checkAbandoned();
    try {
      if (!places.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)) {
        throw refused("instance-limit", "program must have a free instance in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new java.io.InterruptedIOException("interrupted while waiting for an instance");
    }
    ProgramCode current;
    try {
      current = code();
      for (Instance next = poll(); next != null; next = poll()) {
        boolean isUsable = next.code == current && (current.isKept() || current.isReset());
        if (isUsable) {
          return next;
        }
        discard(next, next.code == current ? "fallback" : "changed", false);
      }
    } catch (NotAProgramException e) {
      places.release();
      throw Refusal.of(500, "not-a-program", String.valueOf(e.getMessage()), Headers.of(), e);
    } catch (Throwable e) {
      places.release();
      throw e;
    }
    return made(current);
  }

  /**
   * A new instance, for which the caller has taken a place. The place is released if this fails.
   */
  private Instance made(ProgramCode current) throws IOException {
    try {
      return new Instance(this, current);
    } catch (ClassNotFoundException | OutOfMemoryError e) {
      places.release();
      throw new IOException("program must have an instance", e);
    } catch (Throwable e) {
      places.release();
      throw e;
    }
  }

  private synchronized @Nullable Instance poll() {
    return idle.pollFirst();
  }

  /**
   * The program as it is on disk now. Entries of the class path are looked at each time. There may
   * be many classes in directories and jars of a Class-Path, so they are looked at once a second.
   */
  synchronized ProgramCode code() throws IOException {
    List<Object> stamps = source.stamps();
    long now = System.nanoTime();
    boolean looks = now - looked > LOOK_NANOS;
    looked = looks ? now : looked;
    boolean changed =
        !stamps.equals(seen) || looks && (code == null ? !source.isOneFile() : code.hasChanged());
    if (changed) {
      // Where the new version cannot be loaded, the old one must not answer.
      code = null;
      seen = List.of();
      try {
        code = source.load(options);
      } catch (NotAProgramException e) {
        broken = e;
      }
      seen = stamps;
      looked = System.nanoTime();
    }
    if (code == null) {
      throw requireNonNull(broken);
    }
    return code;
  }

  private static GatewayException refused(String rule, String message) {
    return Refusal.of(503, rule, message, Headers.of("Retry-After", "1"), null);
  }

  private void checkAbandoned() throws GatewayException {
    synchronized (this) {
      abandoned.removeIf(instance -> !instance.isAlive());
      if (abandoned.size() < options.abandonedLimit()) {
        return;
      }
    }
    System.getLogger("dev.postern.cgi")
        .log(
            System.Logger.Level.ERROR,
            source + ": too many instances could not be stopped [abandoned-limit]");
    throw refused("abandoned-limit", "program must be able to be stopped");
  }

  // ---- the end of a request ----

  /**
   * Takes back an instance in which nothing runs any more. {@code why} says why it must not be used
   * again; null if it may be.
   */
  void giveBack(Instance instance, @Nullable String why) {
    boolean fresh = !instance.code.isKept() && !instance.code.isReset();
    String reason = why;
    if (reason == null && instance.requests() >= options.maxRequests()) {
      reason = "requests";
    }
    synchronized (this) {
      if (reason == null && closed) {
        reason = "closed";
      }
      if (reason == null && !fresh) {
        idle.addFirst(instance);
        places.release();
        return;
      }
    }
    discard(instance, reason == null ? "fresh" : reason, reason == null);
    places.release();
  }

  private void discard(Instance instance, String why, boolean keepsThread) {
    instance.undo();
    ProgramThread thread = instance.takeThread();
    boolean spare = keepsThread && thread != null && !instance.code.usesThreadLocals();
    synchronized (this) {
      discarded.merge(why, 1L, Long::sum);
      if (spare && !closed && thread != null) {
        thread.moveTo(null);
        threads.addFirst(thread);
        return;
      }
    }
    if (thread != null) {
      thread.end();
    }
  }

  /**
   * Gives up an instance that could not be stopped. It is never used again, but its place is free
   * for another one.
   */
  void abandon(Instance instance) {
    synchronized (this) {
      abandoned.add(instance);
      discarded.merge("abandoned", 1L, Long::sum);
    }
    System.getLogger("dev.postern.cgi")
        .log(
            System.Logger.Level.WARNING,
            source
                + ": program could not be stopped within "
                + options.stopGrace()
                + " [abandoned]");
    instance.undo();
    instance.endThread();
    places.release();
  }

  /** A thread for an instance: a spare one if there is any, otherwise a new one. */
  ProgramThread thread(Instance instance) {
    synchronized (this) {
      ProgramThread spare = threads.pollFirst();
      if (spare != null) {
        spare.moveTo(instance);
        return spare;
      }
    }
    return new ProgramThread(Instance.PARENT, this, instance, options.idle().toNanos());
  }

  /** Called when a thread was idle for long. Returns whether the thread must end. */
  boolean expire(ProgramThread thread, @Nullable Instance instance) {
    synchronized (this) {
      if (instance == null) {
        return threads.remove(thread);
      }
      if (idle.size() <= 1 || !idle.remove(instance)) {
        return false;
      }
      discarded.merge("idle", 1L, Long::sum);
    }
    instance.undo();
    return true;
  }

  /**
   * Ends the idle instances at once, and busy ones with their requests. May be called more than
   * once.
   */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      threads.forEach(ProgramThread::end);
      threads.clear();
    }
    for (Instance next = poll(); next != null; next = poll()) {
      discard(next, "closed", false);
    }
  }

  /** The state of the pool now. */
  public synchronized Report report() {
    String reason = code == null ? null : code.fallBackReason();
    return new Report(
        reason == null ? options.state() : ProgramOptions.State.FRESH,
        reason == null ? "" : reason,
        code == null ? 0 : code.size(),
        idle.size(),
        options.instances() - places.availablePermits(),
        (int) abandoned.stream().filter(Instance::isAlive).count(),
        Map.copyOf(discarded),
        code == null ? List.of() : code.findings().lines());
  }

  /** Loads the program and looks at all of its classes, without running it. */
  public List<String> check() throws IOException {
    ProgramCode checked = source.load(options);
    for (ClassPathRoot root : checked.roots()) {
      for (String name : root.classes()) {
        try {
          checked.find(name);
        } catch (RuntimeException | LinkageError e) {
          checked.findings().add("cannot be read", name + ": " + e.getMessage());
        }
      }
    }
    return checked.findings().lines();
  }
}

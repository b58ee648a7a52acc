package dev.postern.hosting;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.internal.Escapes;
import dev.postern.process.ErrorTail;
import dev.postern.process.RunningProgram;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Records how one run goes, and tells the listeners once, when all is over. Where a method does not
 * say that any thread may call it, it is confined to the request's thread, and then to the thread
 * that watches a program after its answer.
 */
public final class RunWatch {
  private static final int NONE = -1;

  /**
   * Whether this runtime has {@code jdk.jfr}. A runtime that was linked without it hosts programs
   * all the same. If nobody has recorded yet, the event's class is not loaded, because that takes
   * longer than a request.
   */
  private static final boolean RECORDER = ModuleLayer.boot().findModule("jdk.jfr").isPresent();

  /** Refusals that mean that something had more than its share of a resource. */
  private static final Set<String> LIMITS =
      Set.of(
          "process-limit",
          "instance-limit",
          "abandoned-limit",
          "not-started",
          "spool-full",
          "program-timeout",
          "after-output",
          "body-timeout",
          "body-too-large",
          "block-too-long",
          "line-too-long",
          "too-many-fields",
          "environment-too-large",
          "path-too-long",
          "query-too-long");

  private final Path program;
  private final Environ environ;
  private final List<Consumer<RunRecord>> listeners;
  private final LongSupplier clock;
  private final @Nullable RunEvent event;
  private final @Nullable RunTape tape;
  private final long begun;
  private final String method;
  private final String path;
  private final @Nullable String client;
  private long started;
  private @Nullable RequestBody body;
  private @Nullable Permits places;
  private volatile @Nullable RunningProgram running;
  private volatile String state = "waiting";
  private boolean told;
  private boolean left;

  int status;
  long queueNanos;
  long startNanos = NONE;
  long firstByteNanos = NONE;
  long totalNanos;
  long bytesIn;
  long bytesOut;
  long errorBytes;
  String exit = "";
  String start = "";
  String coldReason = "";
  final Set<String> limits = new LinkedHashSet<>();
  @Nullable Throwable failure;

  /**
   * The run begins now.
   *
   * @param kept how many bytes of each of its streams are kept; 0 for nothing
   */
  public RunWatch(
      Path program,
      Environ environ,
      List<Consumer<RunRecord>> listeners,
      long kept,
      LongSupplier clock) {
    this.program = program;
    this.environ = environ;
    this.listeners = listeners;
    this.clock = clock;
    this.tape = kept > 0 ? new RunTape(kept) : null;
    this.event = RECORDER && FlightRecorder.isInitialized() ? RunEvent.begun() : null;
    this.begun = clock.getAsLong();
    this.method = environ.method();
    this.path = environ.scriptName() + environ.pathInfo();
    this.client = environ.remoteAddr();
  }

  /** Shows this run among the runs of those places, until {@link #tell} is called. */
  void at(Permits newPlaces) {
    places = newPlaces;
    newPlaces.add(this);
  }

  /** The program's file. Any thread may call this and the seven methods below. */
  public Path program() {
    return program;
  }

  /** The request's method. */
  public String method() {
    return method;
  }

  /** The request's path, decoded, without its query. */
  public String path() {
    return path;
  }

  /** The client's address; null where the server tells none. */
  public @Nullable String client() {
    return client;
  }

  /**
   * {@code waiting} for a place, {@code starting}, {@code running} without an answer so far, {@code
   * answering}, or {@code finishing} after its answer.
   */
  public String state() {
    return state;
  }

  /** The process that leads the program's session; 0 for none. */
  public long pid() {
    RunningProgram program = running;
    return program == null ? 0 : program.pid();
  }

  /** How long the request has been here. */
  public Duration age() {
    return Duration.ofNanos(clock.getAsLong() - begun);
  }

  /** How many bytes of output have come; the number may be a moment old. */
  public long bytesOutNow() {
    return bytesOut;
  }

  /** The body that the program is given. */
  void body(RequestBody newBody) {
    body = newBody;
  }

  /** What the program is to be started with. */
  void given(Hosted hosted, Map<String, String> environment) {
    if (tape != null) {
      tape.begin(hosted, environment);
    }
  }

  /** The body on its way to the program. */
  @Nullable InputStream input(@Nullable InputStream stream) {
    return tape == null || stream == null ? stream : tape.input(stream);
  }

  /** The request has its place, or will get none. */
  public void queued(long since) {
    queueNanos = clock.getAsLong() - since;
    state = "starting";
  }

  /** The time by the clock of this run, in nanoseconds. */
  public long now() {
    return clock.getAsLong();
  }

  /** The program runs. Its start began at {@code since}. */
  public void started(long since) {
    started = clock.getAsLong();
    startNanos = started - since;
    state = "running";
  }

  /** This is the program that runs. */
  void runs(RunningProgram program) {
    running = program;
  }

  /** How it was started: {@code spawn}, {@code fork} or another word. */
  public void startedBy(String how) {
    start = how;
  }

  /** Why it was started in another way than it was meant to be. */
  public void cold(String reason) {
    coldReason = reason;
  }

  /** A block of output has come. */
  void output(RunningProgram process) {
    output(process.length());
    if (tape != null) {
      tape.output(process);
    }
  }

  /** The same, for a block of so many bytes. */
  public void output(int bytes) {
    if (firstByteNanos < 0) {
      firstByteNanos = clock.getAsLong() - started;
      state = "answering";
    }
    bytesOut += bytes;
  }

  /** The first failure is the one that counts. */
  void failed(Throwable e) {
    if (failure == null) {
      failure = e;
      if (status == 0 && e instanceof GatewayException refused) {
        status = refused.status();
      }
    }
  }

  /** The request has failed, and with it the run, unless its program works on without it. */
  public void requestFailed(Throwable e) {
    if (!left) {
      failed(e);
      tell();
    }
  }

  /** The process has been closed. */
  void ended(RunningProgram process) {
    exit = process.exitNow();
    if (!left) {
      environ.report("cgi.exit", exit);
    }
    ErrorTail errors = process.errors();
    errorBytes = errors.total();
    if (tape != null) {
      tape.ended(process);
    }
    if (errors.dropped() > 0) {
      limits.add("stderr");
    }
    if (process.wasTerminated()) {
      limits.add("term");
    }
    if (process.wasKilled()) {
      limits.add("kill");
    }
    process.left().forEach(name -> limits.add("left:" + name));
  }

  /** {@link RunRecord#rule}. */
  String rule() {
    if (failure == null) {
      return "";
    }
    if (failure instanceof GatewayException refused) {
      return Refusal.rule(refused);
    }
    if (failure instanceof InterruptedException || failure instanceof InterruptedIOException) {
      return "interrupted";
    }
    return !left && environ.isCancelled() ? "cancelled" : "aborted";
  }

  /** The request ends before its program. Nothing of the request is used any more. */
  void leaveRequest() {
    environ.errors().flush();
    left = true;
    state = "finishing";
  }

  /** A request that was cancelled before its response was whole has failed. */
  void checkCancelled(boolean unfinished) {
    if (unfinished && !left && environ.isCancelled()) {
      failed(new IOException("request was cancelled"));
    }
  }

  /** Writes a line to the request's log, or to that of this package when the request has ended. */
  void log(String line) {
    if (left) {
      System.getLogger("dev.postern.cgi").log(System.Logger.Level.WARNING, line);
    } else {
      environ.errors().println(line);
    }
  }

  /** Tells the listeners. Does nothing after the first call. */
  public void tell() {
    if (told) {
      return;
    }
    told = true;
    if (places != null) {
      places.remove(this);
    }
    running = null;
    if (event == null && listeners.isEmpty()) {
      return;
    }
    bytesIn = body == null ? 0 : body.taken();
    totalNanos = clock.getAsLong() - begun;
    if (LIMITS.contains(rule())) {
      limits.add(rule());
    }
    RunRecord run =
        new RunRecord(
            program,
            status,
            Duration.ofNanos(queueNanos),
            duration(startNanos),
            duration(firstByteNanos),
            Duration.ofNanos(totalNanos),
            bytesIn,
            bytesOut,
            errorBytes,
            start,
            coldReason,
            exit,
            Set.copyOf(limits),
            failure,
            rule(),
            tape);
    if (event != null) {
      event.commit(run);
    }
    for (Consumer<RunRecord> listener : listeners) {
      try {
        listener.accept(run);
      } catch (Throwable e) {
        log("postern: listener of runs must not throw: " + Escapes.quote(e.toString()));
      }
    }
  }

  private static @Nullable Duration duration(long nanos) {
    return nanos < 0 ? null : Duration.ofNanos(nanos);
  }
}

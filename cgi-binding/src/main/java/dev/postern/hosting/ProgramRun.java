package dev.postern.hosting;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.StartResponse;
import dev.postern.internal.Escapes;
import dev.postern.process.Exit;
import dev.postern.process.Pumps;
import dev.postern.process.RunningProgram;
import dev.postern.wire.HeaderBlockParser;
import dev.postern.wire.ProgramResponse;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of a program, and the body of its response. Its output is checked before it is passed on:
 * what a program could not finish is never passed on as whole. Confined to the request's thread; a
 * program that works on after its answer is then watched by another one.
 */
final class ProgramRun implements Body {
  /** How long the end of an answer is waited for that has nothing more to say. */
  private static final Duration AFTER_REDIRECT = Duration.ofSeconds(2);

  /** A program that ends with its answer has ended by then, as a rule. */
  private static final Duration AFTER_BODY = Duration.ofMillis(100);

  /** A head that nothing follows for so long goes out alone. */
  private static final Duration HEAD_ALONE = Duration.ofMillis(100);

  /** How often a program is looked at whose client still sends. */
  private static final Duration LOOK = Duration.ofMillis(100);

  /** How much of a body is read for nobody, where the client gets none. */
  private static final int UNSENT = 4 * 1024 * 1024;

  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  private final HostOptions options;
  private final RefusalCounters counters;
  private final Environ environ;
  private final Hosted hosted;
  private final Places places;
  private final RunWatch watch;
  private final long began = System.nanoTime();

  private @Nullable ProgramOutput output;
  private final RequestBody request;
  private final ReadAhead ahead;
  private long declared = -1;
  private long passed;

  /** What counts that comes after the response is whole. */
  private String excess = "response-excess";

  /** Since when the program could have said more. */
  private long silentSince = began;

  /** Output that was read ahead, and is the next to be passed on. */
  private @Nullable ByteBuffer spooled;

  private boolean used;
  private boolean begun;

  /** Whether its client gets no body, and it has stopped to write one. */
  private boolean unsent;

  /** Whether the host ends it for what it does after its answer; its exit is not its own then. */
  private boolean overdue;

  private boolean ended;
  private boolean closed;
  private boolean gaveBack;

  /** A run that has its places already; it gives them back, and closes what it runs. */
  ProgramRun(
      HostOptions options,
      RefusalCounters counters,
      Hosted hosted,
      Environ environ,
      RequestBody request,
      Places places,
      RunWatch watch) {
    this.options = options;
    this.counters = counters;
    this.hosted = hosted;
    this.environ = environ;
    this.request = request;
    this.places = places;
    this.watch = watch;
    this.ahead = new ReadAhead(options.maxSpool(), () -> output().keepBlock(), this::readAhead);
  }

  /** Takes over a program that has been started. */
  void start(RunningProgram program) {
    output = new ProgramOutput(program, hosted.command(), watch);
    silentSince = System.nanoTime();
    environ.onCancel(program::wake);
  }

  private ProgramOutput output() {
    if (output == null) {
      throw new IllegalStateException("program must be started");
    }
    return output;
  }

  // ---- the head ----

  /** Reads the header block, and as much of the body as it takes to understand that. */
  ProgramResponse head() throws IOException {
    try {
      ProgramResponse head = ProgramResponse.of(readHeaders(), options.lenientType());
      if (head.localPath() != null && (options.localRedirects() == null || hasBody())) {
        head = head.toClient();
      }
      if (!head.typed() && head.localPath() == null && !isBodiless(head.status())) {
        head = untyped(head);
      }
      head.dropped().forEach(counters::count);
      watch.status = head.status();
      return head;
    } catch (GatewayException e) {
      if (e.status() == 502) {
        output().logRefused(name(), watch::log);
      }
      throw output().diagnosed(e, e.status() == 502);
    }
  }

  /** Starts the response; from here on this is its body. */
  Body begin(ProgramResponse head, StartResponse startResponse) {
    if (declared < 0) {
      declared = head.contentLength();
    }
    startResponse.start(head.status(), head.headers());
    begun = true;
    tellOfCredentials(head);
    return this;
  }

  /** A program that asks for credentials again and again never got them. */
  private void tellOfCredentials(ProgramResponse head) {
    if (head.status() == 401
        && !options.passAuthorization()
        && environ.variable("HTTP_AUTHORIZATION") != null
        && counters.isFirstWithheld()) {
      watch.log(
          name()
              + ": program answered 401 and was not given the client's Authorization, which"
              + " passAuthorization() or --pass-authorization passes [header-credentials]");
    }
  }

  private HeaderBlockParser readHeaders() throws IOException {
    HeaderBlockParser parser = new HeaderBlockParser(hosted.isNph());
    while (!parser.isComplete()) {
      if (!hasNext(options.headerTimeout())) {
        if (parser.size() == 0 && output().isNotRun()) {
          throw ProgramHost.notStarted(watch.program(), null);
        }
        checkNotCut();
        throw parser.ended();
      }
      output().feed(parser);
    }
    silentSince = System.nanoTime();
    return parser;
  }

  private boolean isBodiless(int status) {
    return status == 204 || status == 304 || environ.method().equals("HEAD");
  }

  /** Whether a body follows a local redirect, which must have none; ends of lines are none. */
  private boolean hasBody() throws IOException {
    while (output().await(AFTER_REDIRECT) == RunningProgram.Read.BLOCK) {
      if (!output().isBlank()) {
        return true;
      }
      output().discard();
    }
    return false;
  }

  /**
   * A redirect needs no body, so that one without a type is dropped. For all others, a type that
   * browsers would guess is a type that an attacker can choose (CVE-2020-24553).
   */
  private ProgramResponse untyped(ProgramResponse head) throws IOException {
    if (head.isRedirect()) {
      declared = 0;
      excess = "response-untyped";
      return head.withoutBody();
    }
    if (!hasNext(options.idleTimeout())) {
      return head;
    }
    if (!options.lenientType()) {
      throw Refusal.of(502, "no-content-type", "program must send a Content-Type with a body");
    }
    return head.asOctetStream();
  }

  /** Lets a program that has said all it will be asked for come to its end. */
  void drain() throws IOException {
    long start = System.nanoTime();
    Duration left = AFTER_REDIRECT;
    RunningProgram.Read read = RunningProgram.Read.BLOCK;
    while (read == RunningProgram.Read.BLOCK && !left.isNegative()) {
      read = output().await(left);
      if (read == RunningProgram.Read.BLOCK) {
        output().discard();
      }
      left = AFTER_REDIRECT.minusNanos(System.nanoTime() - start);
    }
    if (read == RunningProgram.Read.END) {
      ended = true;
      output().process().exit();
    }
  }

  // ---- the body ----

  @Override
  public Iterator<ByteBuffer> iterator() {
    use();
    return new Blocks();
  }

  /** Writes each block as it comes, and flushes when no more is waiting. */
  @Override
  public void writeTo(OutputStream out) throws IOException {
    use();
    try {
      if (isSilent()) {
        pass(out, null);
      }
      while (advance()) {
        ByteBuffer read = spooled;
        spooled = null;
        pass(out, read == null ? output().block(out) : new ProgramOutput.Block(read));
      }
    } catch (IOException | RuntimeException e) {
      if (ahead.isInUse() || !isSatisfied() || environ.isCancelled()) {
        watch.failed(e);
      }
      throw e;
    }
  }

  /** Passes a block on, if there is one, and flushes when no more is waiting. */
  private void pass(OutputStream out, ProgramOutput.@Nullable Block block) throws IOException {
    boolean ours = true;
    if (block != null) {
      ahead.leave();
      try {
        block.writeTo(out);
      } finally {
        ours = ahead.comeBack();
      }
    }
    if (!ours || !output().process().hasMore()) {
      ahead.leave();
      try {
        out.flush();
      } finally {
        ahead.comeBack();
      }
    }
  }

  /**
   * What is left of the program's output; -1, as only the program knows. Its own Content-Length is
   * among the headers.
   */
  @Override
  public long length() {
    return -1;
  }

  private void use() {
    if (used) {
      throw new IllegalStateException("body of a program must be used once");
    }
    used = true;
    SlowClients.add(ahead);
  }

  /** What a program sends beyond its Content-Length is cut by the engine. */
  private void count(int bytes) {
    if (declared >= 0 && passed <= declared && passed + bytes > declared) {
      counters.count(excess);
    }
    passed += bytes;
  }

  /** Whether the head has nothing to wait for. */
  private boolean isSilent() throws IOException {
    try {
      Duration left = remaining();
      Duration wait = left.compareTo(HEAD_ALONE) < 0 ? left : HEAD_ALONE;
      return !isSatisfied() && output().await(wait) == RunningProgram.Read.TIMEOUT;
    } catch (GatewayException e) {
      throw failed(e);
    }
  }

  /** Whether there is a block; at the end, whether that was the whole response. */
  private boolean advance() throws IOException {
    if (ahead.isInUse()) {
      spooled = readBefore();
      if (spooled != null) {
        return true;
      }
      if (ahead.isWhole()) {
        return false;
      }
    }
    return readOn();
  }

  private @Nullable ByteBuffer readBefore() throws IOException {
    try {
      return ahead.next();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private boolean readOn() throws IOException {
    try {
      if (isSatisfied()) {
        awaitEnd();
        return false;
      }
      silentSince = System.nanoTime();
      if (hasNext(options.idleTimeout())) {
        count(output().waiting());
        return true;
      }
      end();
      return false;
    } catch (GatewayException e) {
      throw failed(e);
    }
  }

  private GatewayException failed(GatewayException e) {
    GatewayException failure = counters.counted(output().diagnosed(e, ended));
    watch.failed(failure);
    return failure;
  }

  /** The client has its answer. What is left to see is whether the program ends with that. */
  private void awaitEnd() throws IOException {
    long start = System.nanoTime();
    Duration left = AFTER_BODY;
    while (!ended && !left.isNegative()) {
      RunningProgram.Read read = output().await(left);
      if (read == RunningProgram.Read.END) {
        end();
      } else if (read == RunningProgram.Read.BLOCK) {
        count(output().waiting());
        output().discard();
      }
      left = AFTER_BODY.minusNanos(System.nanoTime() - start);
    }
  }

  // ---- for a slow client ----

  /** On a thread of its own, while the request's waits for its client. */
  private void readAhead() {
    Throwable failed = null;
    try {
      boolean more = readOn();
      while (more && ahead.add(output().takeBytes())) {
        more = !ahead.isStopped() && readOn();
      }
      if (!more && !ahead.isStopped()) {
        ahead.complete();
        awaitExit();
      }
    } catch (Throwable e) {
      failed = e;
      if (!ahead.isStopped()) {
        endNow();
      }
    } finally {
      ahead.end(failed);
    }
  }

  /** Gives the place back when the program ends; it may have more to do after its answer. */
  private void awaitExit() throws IOException {
    long start = System.nanoTime();
    long limit = TimeUnit.NANOSECONDS.convert(options.afterOutput());
    while (!ahead.isStopped()) {
      if (!ended) {
        awaitEnd();
      } else if (!output().process().exit().isRunning()) {
        endNow();
        return;
      }
      if (System.nanoTime() - start >= limit) {
        tellOfAfterOutput();
        endNow();
        return;
      }
    }
  }

  private void tellOfAfterOutput() {
    broken("after-output");
    watch.log(
        name()
            + ": program must end within "
            + options.afterOutput()
            + " of its answer [after-output]");
  }

  /** It is ended for what it does after its answer. */
  private void broken(String rule) {
    overdue = true;
    watch.limits.add(rule);
    counters.count(rule);
  }

  private void endNow() {
    try {
      output().process().end();
    } finally {
      giveBack();
    }
  }

  private void end() throws GatewayException {
    if (!ended) {
      ended = true;
      checkWhole();
    }
  }

  /**
   * Whether there is output that was not passed on yet; false at the end. The time counts from
   * {@link #silentSince} on, and not while the program has to wait for the client.
   */
  private boolean hasNext(Duration timeout) throws IOException {
    while (true) {
      Duration own = timeout.minusNanos(System.nanoTime() - silentSince);
      own = own.isNegative() ? Duration.ZERO : own;
      Duration all = remaining();
      boolean last = all.compareTo(own) < 0;
      Duration wait = last ? all : own;
      if (request.isStreamed() && wait.compareTo(LOOK) > 0) {
        wait = LOOK;
      }
      // What has come already is nothing to go on for when the time for all is over.
      RunningProgram.Read read = all.isZero() ? RunningProgram.Read.TIMEOUT : output().await(wait);
      if (read != RunningProgram.Read.TIMEOUT) {
        return read == RunningProgram.Read.BLOCK;
      }
      if (request.isStreamed() && output().process().awaitsClient()) {
        silentSince = System.nanoTime();
      } else if (wait.equals(own) || last && wait.equals(all)) {
        throw Refusal.of(
            504,
            "program-timeout",
            last ? "program must be done in time" : "program must send output in time");
      }
      if (all.isZero()) {
        throw Refusal.of(504, "program-timeout", "program must be done in time");
      }
    }
  }

  /** What is left for all of the run, not below zero. */
  private Duration remaining() {
    Duration asked = environ.remaining();
    Duration total = options.totalTimeout();
    Duration left = total == null ? FOREVER : total.minusNanos(System.nanoTime() - began);
    left = left.isNegative() ? Duration.ZERO : left;
    return asked != null && asked.compareTo(left) < 0 ? asked : left;
  }

  /** The client has all that it was told of: no end of the program can take that back. */
  private boolean isSatisfied() {
    return declared >= 0 && passed >= declared;
  }

  /**
   * A program that was killed, or sent less than it declared, has not finished; its clean end of
   * output must not hide that.
   */
  private void checkWhole() throws GatewayException {
    RunningProgram process = output().process();
    Exit exit = process.exit();
    if (declared >= 0 && !isSatisfied()) {
      throw Refusal.of(
          502,
          "short-body",
          "program must send its Content-Length: " + passed + " of " + declared + " bytes");
    }
    if (!isSatisfied()) {
      checkNotCut();
    }
    boolean failed = options.strictExit() && !exit.isSuccess() && !exit.isRunning();
    boolean unknown = exit.isUnknown() && !isSatisfied();
    if (exit.isSignalled() || unknown || failed) {
      throw Refusal.of(
          502, "bad-exit", "program must end by itself" + (options.strictExit() ? ", with 0" : ""));
    }
  }

  /** Whether all that there was of the output has come. */
  private void checkNotCut() throws GatewayException {
    GatewayException cut = output().process().cut();
    if (cut != null) {
      throw cut;
    }
  }

  // ---- the end ----

  /**
   * Ends the program and all that it started, and gives its place back. A program that works on
   * after its answer keeps its place and its time, and nobody waits for it here.
   */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    SlowClients.remove(ahead);
    if (output != null) {
      ahead.stop(output.process()::wake);
      if (begun && !used && mayBeUnsent() && isWanted()) {
        dropBody();
      }
    }
    used = true;
    if (output != null && worksOn(output)) {
      leave(output);
    } else {
      finish();
    }
  }

  /**
   * Whether the client may have all of the answer with its head, which the program need not know: a
   * middleware can answer a condition by 304, too.
   */
  private boolean mayBeUnsent() {
    return isBodiless(watch.status)
        || watch.status == 205
        || environ.variable("HTTP_IF_NONE_MATCH") != null
        || environ.variable("HTTP_IF_MODIFIED_SINCE") != null;
  }

  /** Lets a program write the body that its client does not get, up to a bound. */
  private void dropBody() throws IOException {
    try {
      long dropped = 0;
      RunningProgram.Read read = RunningProgram.Read.BLOCK;
      while (read == RunningProgram.Read.BLOCK && dropped < UNSENT) {
        read = output().await(AFTER_BODY);
        if (read == RunningProgram.Read.BLOCK) {
          dropped += output().waiting();
          output().discard();
        }
      }
      ended = read == RunningProgram.Read.END;
      unsent = read != RunningProgram.Read.BLOCK;
      if (!unsent) {
        // As large downloads do that are asked for by HEAD, so that it is nothing to log.
        broken("unsent-body");
      }
    } catch (IOException e) {
      // Nobody waits for what it says: it is ended like one whose client has left.
    }
  }

  private boolean worksOn(ProgramOutput written) {
    return (ended || isSatisfied() || unsent)
        && isWanted()
        && written.process().exitNow().equals(Exit.RUNNING.toString());
  }

  private boolean isWanted() {
    return watch.failure == null
        && !environ.isCancelled()
        && !Thread.currentThread().isInterrupted();
  }

  /** The request ends here, and its program is watched by another thread. */
  private void leave(ProgramOutput written) throws IOException {
    try {
      written.process().detach();
      environ.report("cgi.exit", Exit.RUNNING.toString());
      written.logErrors(name(), watch::log);
      watch.leaveRequest();
      Pumps.run(() -> workOn(written));
    } catch (RuntimeException | Error e) {
      // Such as no memory for a thread: then it cannot be watched.
      watch.failed(e);
      finish();
      throw e;
    }
  }

  private void workOn(ProgramOutput written) {
    try {
      if (!written.process().finish(options.afterOutput())) {
        tellOfAfterOutput();
      }
    } catch (IOException e) {
      watch.log(name() + ": program could not be watched after its answer: " + e);
    } finally {
      try {
        finish();
      } catch (IOException e) {
        watch.log(name() + ": request body must be removed: " + e);
      }
    }
  }

  private String name() {
    return String.valueOf(watch.program().getFileName());
  }

  private void finish() throws IOException {
    try {
      if (output != null) {
        close(output);
      }
    } finally {
      giveBack();
      watch.checkCancelled(!ended && !isSatisfied());
      try {
        request.close();
      } finally {
        watch.tell();
      }
    }
  }

  private void close(ProgramOutput written) {
    RunningProgram process = written.process();
    try {
      process.end();
    } finally {
      // Before the wait for whoever reads the request's body: a silent client keeps nobody out.
      giveBack();
      process.close();
    }
    watch.ended(process);
    if (process.errors().dropped() > 0) {
      counters.count("stderr-dropped");
    }
    written.logErrors(name(), watch::log);
    warnOfExit(process);
  }

  /** A status after a whole-looking answer: that is delivered, and to be found in the log. */
  private void warnOfExit(RunningProgram process) {
    boolean own = !process.wasTerminated() && !process.wasKilled() && !overdue;
    if (watch.failure == null && own && !watch.exit.equals("exit 0")) {
      System.getLogger("dev.postern.cgi")
          .log(
              System.Logger.Level.WARNING,
              Escapes.escape(name()) + ": program must end with 0: " + watch.exit + " [exit]");
    }
  }

  /** What others can use now that the program has ended. Nothing after the first call. */
  private void giveBack() {
    if (gaveBack) {
      return;
    }
    gaveBack = true;
    try {
      hosted.close();
    } catch (IOException e) {
      watch.log("postern: control group must end with its run: " + e.getMessage());
    } finally {
      places.close();
    }
  }

  /** The body block by block. A block belongs to whoever takes it, so that each is a copy. */
  private final class Blocks implements Iterator<ByteBuffer> {
    private @Nullable ByteBuffer block;

    @Override
    public boolean hasNext() {
      if (block == null) {
        try {
          ahead.comeBack();
          if (!advance()) {
            return false;
          }
        } catch (IOException e) {
          throw ProgramRun.<RuntimeException>rethrow(e);
        }
        block = spooled == null ? output().take() : spooled;
        spooled = null;
        ahead.leave();
      }
      return true;
    }

    @Override
    public ByteBuffer next() {
      if (!hasNext() || block == null) {
        throw new NoSuchElementException();
      }
      ByteBuffer taken = block;
      block = null;
      return taken;
    }
  }

  /** A body's iterator throws what its source throws, as it is. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> RuntimeException rethrow(Throwable error) throws E {
    throw (E) error;
  }
}

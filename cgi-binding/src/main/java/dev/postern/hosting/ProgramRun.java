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
 * One run of a program, and the body of its response. The program's output is checked before it is
 * passed on. Output that a program could not finish is never passed on as whole. Confined to the
 * request's thread. If a program works on after its answer, another thread watches it then.
 */
final class ProgramRun implements Body {
  /** How long to wait for the end of the output after a local redirect. */
  private static final Duration AFTER_REDIRECT = Duration.ofSeconds(2);

  /** How many bytes of line ends may follow a local redirect. */
  private static final int BLANK = 64 * 1024;

  /** How long to wait for a program's end after its body. Usually it has ended by then. */
  private static final Duration AFTER_BODY = Duration.ofMillis(100);

  /** How long a head waits for a body. If nothing follows in this time, the head goes out alone. */
  private static final Duration HEAD_ALONE = Duration.ofMillis(100);

  /** How often to check a program whose client still sends. */
  private static final Duration LOOK = Duration.ofMillis(100);

  /** How much output is read and dropped that no client gets. */
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

  /** The rule that counts output which comes after the response is whole. */
  private String excess = "response-excess";

  /** Since when the program could have written more. */
  private long silentSince = began;

  /** Output that was read ahead, and is the next to be passed on. */
  private @Nullable ByteBuffer spooled;

  private boolean used;
  private boolean begun;

  /** Whether the head is the whole answer, so that its client gets no output. */
  private boolean bodiless;

  /** How much output was dropped that no client gets. */
  private long dropped;

  /**
   * Whether the host ends the program for what it does after its answer. Its exit is then not its
   * own.
   */
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

  /** Logs once that a program which answers 401 was not given the client's credentials. */
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
    return status == 204 || status == 205 || status == 304 || environ.method().equals("HEAD");
  }

  /**
   * Whether a body follows a local redirect, which must have none. Line ends alone are no body,
   * unless they are very many.
   */
  private boolean hasBody() throws IOException {
    long start = System.nanoTime();
    long blank = 0;
    Duration time = atMost(AFTER_REDIRECT);
    Duration left = time;
    RunningProgram.Read read = RunningProgram.Read.BLOCK;
    while (read == RunningProgram.Read.BLOCK && !left.isNegative()) {
      read = output().await(left);
      if (read == RunningProgram.Read.BLOCK) {
        blank += output().waiting();
        if (!output().isBlank() || blank > BLANK) {
          return true;
        }
        output().discard();
      }
      left = left(time, start);
    }
    if (read == RunningProgram.Read.END) {
      end();
    } else if (remaining().isZero()) {
      throw timeIsOver();
    }
    bodiless = true;
    return false;
  }

  /**
   * Handles a body without a type. A redirect needs no body, so such a body is dropped. For other
   * responses, browsers would guess the type, and an attacker could choose what they guess
   * (CVE-2020-24553). So these are refused, or sent as octets if the options are lenient.
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
   * -1, because only the program knows how much output is left. Its own Content-Length is among the
   * headers.
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

  /** Counts bytes of the body. The engine cuts what a program sends beyond its Content-Length. */
  private void count(int bytes) {
    if (declared >= 0 && passed <= declared && passed + bytes > declared) {
      counters.count(excess);
    }
    passed += bytes;
  }

  /** Whether nothing follows the head soon, so that the head need not wait. */
  private boolean isSilent() throws IOException {
    try {
      return !isSatisfied() && output().await(atMost(HEAD_ALONE)) == RunningProgram.Read.TIMEOUT;
    } catch (GatewayException e) {
      throw failed(e);
    }
  }

  /** Whether there is a block. At the end, checks that the response was whole. */
  private boolean advance() throws IOException {
    if (ahead.isInUse()) {
      spooled = readBefore();
      if (spooled != null) {
        checkTime();
        return true;
      }
      if (ahead.isWhole()) {
        return false;
      }
    }
    return readOn();
  }

  /** Checks that there is time left for the whole run while output that was read ahead goes out. */
  private void checkTime() throws IOException {
    if (!remaining().isZero()) {
      return;
    }
    // From here on, this thread has the program.
    ahead.stop(output().process()::wake);
    // The reader may have failed before, and has then counted that.
    throw watch.failure instanceof GatewayException counted ? counted : failed(timeIsOver());
  }

  private static GatewayException timeIsOver() {
    return Refusal.of(504, "program-timeout", "program must be done in time");
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

  /** Sees whether the program ends with its answer, which the client has already. */
  private void awaitEnd() throws IOException {
    if (drop(AFTER_BODY) == RunningProgram.Read.END) {
      end();
    }
  }

  // ---- for a slow client ----

  /** Reads on a thread of its own, while the request's thread waits for its client. */
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

  /**
   * Gives the place back when the program ends. The program may have more to do after its answer.
   */
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
      if (overdue || System.nanoTime() - start >= limit) {
        tellOfAfterOutput();
        endNow();
        return;
      }
    }
  }

  /** Records that the program used up its time, unless it is ended for another rule. */
  private void tellOfAfterOutput() {
    if (overdue) {
      return;
    }
    broken("after-output");
    watch.log(
        name()
            + ": program must end within "
            + options.afterOutput()
            + " of its answer [after-output]");
  }

  /** Records the rule for which the program is ended after its answer. */
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
      // When the time for the whole run is over, output that has come already does not count.
      RunningProgram.Read read = all.isZero() ? RunningProgram.Read.TIMEOUT : output().await(wait);
      if (read != RunningProgram.Read.TIMEOUT) {
        return read == RunningProgram.Read.BLOCK;
      }
      if (request.isStreamed() && output().process().awaitsClient()) {
        silentSince = System.nanoTime();
      } else if (wait.equals(own) || last && wait.equals(all)) {
        throw last
            ? timeIsOver()
            : Refusal.of(504, "program-timeout", "program must send output in time");
      }
      if (all.isZero()) {
        throw timeIsOver();
      }
    }
  }

  /** What is left of a time that began then; negative when it is over. */
  private static Duration left(Duration time, long start) {
    return time.minusNanos(System.nanoTime() - start);
  }

  /** That time, or the time that is left for the whole run if this is less. */
  private Duration atMost(Duration time) {
    Duration left = remaining();
    return left.compareTo(time) < 0 ? left : time;
  }

  /** The time that is left for the whole run, not below zero. */
  private Duration remaining() {
    Duration asked = environ.remaining();
    Duration total = options.totalTimeout();
    Duration left = total == null ? FOREVER : total.minusNanos(System.nanoTime() - began);
    left = left.isNegative() ? Duration.ZERO : left;
    return asked != null && asked.compareTo(left) < 0 ? asked : left;
  }

  /**
   * Whether the client has all bytes that it was told of. No end of the program can take these
   * back.
   */
  private boolean isSatisfied() {
    return bodiless || declared >= 0 && passed >= declared;
  }

  /**
   * Checks that the program has finished its response. A program that was killed, or sent less than
   * it declared, has not finished, even if its output ended normally. A client that has as many
   * bytes as were declared has all of the response, whatever the program does then. If 0 bytes were
   * declared, the client may have nothing yet, and the program's end still decides.
   */
  private void checkWhole() throws GatewayException {
    RunningProgram process = output().process();
    Exit exit = process.exit();
    if (declared > 0) {
      if (!isSatisfied()) {
        throw Refusal.of(
            502,
            "short-body",
            "program must send its Content-Length: " + passed + " of " + declared + " bytes");
      }
      return;
    }
    if (declared < 0) {
      checkNotCut();
    }
    boolean failed =
        !exit.isSuccess() && !exit.isRunning() && (options.strictExit() || hosted.isStrict());
    boolean unknown = exit.isUnknown() && declared < 0;
    if (exit.isSignalled() || unknown || failed) {
      throw Refusal.of(502, "bad-exit", "program must end by itself" + (failed ? ", with 0" : ""));
    }
  }

  /** Checks that all of the output has come. */
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
      if (begun && !used && isWanted()) {
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
   * Lets a program write the body that its client does not get: the answer has none, or a
   * middleware gives another one. If the program still writes when the time is over, it goes on
   * without its request.
   */
  private void dropBody() {
    try {
      ended = drop(AFTER_BODY) == RunningProgram.Read.END;
      bodiless = true;
    } catch (IOException e) {
      // Nobody waits for this output, so the program is ended like one whose client has left.
    }
  }

  /**
   * Reads output that nobody gets: to its end, for that long, or up to a bound. A program that goes
   * beyond the bound is to be ended.
   *
   * @return END at the end of the output
   */
  private RunningProgram.Read drop(Duration time) throws IOException {
    long start = System.nanoTime();
    Duration left = time;
    RunningProgram.Read read = ended ? RunningProgram.Read.END : RunningProgram.Read.BLOCK;
    while (read == RunningProgram.Read.BLOCK && dropped < UNSENT && !left.isNegative()) {
      read = output().await(left);
      if (read == RunningProgram.Read.BLOCK) {
        count(output().waiting());
        dropped += output().waiting();
        output().discard();
      }
      left = left(time, start);
    }
    if (dropped >= UNSENT && !overdue) {
      // A large download that is asked for by HEAD does this too, so it is not logged.
      broken("unsent-body");
    }
    return read;
  }

  private boolean worksOn(ProgramOutput written) {
    return (ended || isSatisfied())
        && !overdue
        && isWanted()
        && written.process().exitNow().equals(Exit.RUNNING.toString());
  }

  private boolean isWanted() {
    return watch.failure == null
        && !environ.isCancelled()
        && !Thread.currentThread().isInterrupted();
  }

  /** Ends the request here. Another thread watches the program. */
  private void leave(ProgramOutput written) throws IOException {
    try {
      written.process().detach();
      environ.report("cgi.exit", Exit.RUNNING.toString());
      written.logErrors(name(), watch::log);
      watch.leaveRequest();
      Pumps.run(() -> workOn(written));
    } catch (RuntimeException | Error e) {
      // For example, there is no memory for a thread. Nobody can watch the program then, so it is
      // ended.
      watch.failed(e);
      finish();
      throw e;
    }
  }

  private void workOn(ProgramOutput written) {
    long start = System.nanoTime();
    Duration time = options.afterOutput();
    try {
      drop(time);
      if (!overdue && !written.process().finish(left(time, start))) {
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
      // Given back before close(), which may wait for a reader of the request's body: a silent
      // client must keep nobody out.
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

  /**
   * Warns of an exit other than 0 after an answer that looks whole. The answer was delivered, so
   * only the log can show the exit.
   */
  private void warnOfExit(RunningProgram process) {
    boolean own = !process.wasTerminated() && !process.wasKilled() && !overdue;
    if (watch.failure == null && own && !watch.exit.equals("exit 0")) {
      System.getLogger("dev.postern.cgi")
          .log(
              System.Logger.Level.WARNING,
              Escapes.escape(name()) + ": program must end with 0: " + watch.exit + " [exit]");
    }
  }

  /**
   * Gives back what others can use now that the program has ended. Does nothing after the first
   * call.
   */
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

  /** The body block by block. A block belongs to whoever takes it, so each one is a copy. */
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

package dev.postern.cgi;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.StartResponse;
import dev.postern.process.Exit;
import dev.postern.process.HostedProcess;
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
import org.jspecify.annotations.Nullable;

/**
 * One run of a program, and the body of its response. Its output is checked before it is passed on:
 * what a program could not finish is never passed on as whole. Confined to the request's thread.
 */
final class ProgramRun implements Body {
  /** How long a program may go on after the last byte that it will be asked for. */
  private static final Duration AFTER_BODY = Duration.ofSeconds(2);

  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  private final HostOptions options;
  private final RefusalCounters counters;
  private final Environ environ;
  private final Places places;
  private final RunWatch watch;
  private final long began = System.nanoTime();

  private Isolation.@Nullable Enclosure enclosure;
  private @Nullable ProgramOutput output;
  private @Nullable RequestBody request;
  private long declared = -1;
  private long passed;
  private boolean used;
  private boolean ended;
  private boolean closed;

  /** A run that has its places already, and gives them back. */
  ProgramRun(
      HostOptions options,
      RefusalCounters counters,
      Environ environ,
      Places places,
      RunWatch watch) {
    this.options = options;
    this.counters = counters;
    this.environ = environ;
    this.places = places;
    this.watch = watch;
  }

  /** The program was not run, as is known only afterwards. */
  static final class NotStartedException extends IOException {
    private static final long serialVersionUID = 1;

    NotStartedException() {
      super("program could not be run");
    }
  }

  /** What its processes are in; ended with the run. */
  void enclose(Isolation.Enclosure newEnclosure) {
    enclosure = newEnclosure;
  }

  /** Takes over a process; also a second one, when the first never became the program. */
  void start(HostedProcess process) {
    if (output != null) {
      // Its body is in memory or in a file: nothing else can be started again.
      output.process().close();
    }
    output = new ProgramOutput(process, watch);
    environ.onCancel(process::wake);
  }

  private ProgramOutput output() {
    if (output == null) {
      throw new IllegalStateException("program must be started");
    }
    return output;
  }

  // ---- the head ----

  /**
   * Reads the header block.
   *
   * @throws NotStartedException when the program could not be run; then a run can be started again
   */
  ProgramResponse head() throws IOException {
    try {
      ProgramResponse head = ProgramResponse.of(readHeaders(), options.lenientType());
      boolean followed = head.localPath() != null && options.localRedirects() != null;
      if (!head.typed()
          && !followed
          && !isBodiless(head.status())
          && hasNext(options.idleTimeout())) {
        head = withoutType(head);
      }
      head.dropped().forEach(counters::count);
      watch.status = head.status();
      return head;
    } catch (GatewayException e) {
      throw output().diagnosed(e, e.status() == 502);
    }
  }

  /** Starts the response; from here on this is its body, and owns the request's body too. */
  Body begin(ProgramResponse head, RequestBody body, StartResponse startResponse) {
    declared = head.contentLength();
    startResponse.start(head.status(), head.headers());
    request = body;
    return this;
  }

  private HeaderBlockParser readHeaders() throws IOException {
    HeaderBlockParser parser = new HeaderBlockParser();
    long start = System.nanoTime();
    while (!parser.isComplete()) {
      Duration left = options.headerTimeout().minusNanos(System.nanoTime() - start);
      if (!hasNext(left.isNegative() ? Duration.ZERO : left)) {
        if (parser.size() == 0 && output().isNotRun()) {
          throw new NotStartedException();
        }
        throw parser.ended();
      }
      output().feed(parser);
    }
    return parser;
  }

  private boolean isBodiless(int status) {
    return status == 204 || status == 304 || environ.method().equals("HEAD");
  }

  /** A type that browsers would guess is a type that an attacker can choose (CVE-2020-24553). */
  private ProgramResponse withoutType(ProgramResponse head) throws GatewayException {
    if (!options.lenientType()) {
      throw Refusal.of(502, "no-content-type", "program must send a Content-Type with a body");
    }
    return head.asOctetStream();
  }

  /** Lets a program that has said all it will be asked for come to its end. */
  void drain() {
    output().drain(AFTER_BODY);
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
      while (advance()) {
        pass(output().waiting());
        output().writeTo(out);
      }
    } catch (IOException | RuntimeException e) {
      if (!isSatisfied() || environ.isCancelled()) {
        watch.failed(e);
      }
      throw e;
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
  }

  /** What a program sends beyond its Content-Length is cut by the engine. */
  private void pass(int bytes) {
    if (declared >= 0 && passed <= declared && passed + bytes > declared) {
      counters.count("response-excess");
    }
    passed += bytes;
  }

  /** Whether there is a block; at the end, whether that was the whole response. */
  private boolean advance() throws IOException {
    try {
      if (hasNext(isSatisfied() ? AFTER_BODY : options.idleTimeout())) {
        return true;
      }
      if (!ended) {
        ended = true;
        checkWhole();
      }
      return false;
    } catch (GatewayException e) {
      GatewayException failure = counters.counted(output().diagnosed(e, ended));
      watch.failed(failure);
      throw failure;
    }
  }

  /** Whether there is output that was not passed on yet; false at the end. */
  private boolean hasNext(Duration timeout) throws IOException {
    Duration left = remaining();
    boolean last = left.compareTo(timeout) < 0;
    // What has come already is nothing to go on for when the time for all is over.
    HostedProcess.Read read =
        left.isZero() ? HostedProcess.Read.TIMEOUT : output().await(last ? left : timeout);
    if (read == HostedProcess.Read.TIMEOUT && !isSatisfied()) {
      throw Refusal.of(
          504,
          "program-timeout",
          last ? "program must be done in time" : "program must send output in time");
    }
    return read == HostedProcess.Read.BLOCK;
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
    HostedProcess process = output().process();
    Exit exit = process.exit();
    if (declared >= 0 && !isSatisfied()) {
      throw Refusal.of(
          502,
          "short-body",
          "program must send its Content-Length: " + passed + " of " + declared + " bytes");
    }
    if (process.wasStillWriting() && !isSatisfied()) {
      throw Refusal.of(502, "left-writing", "program must not leave others writing its response");
    }
    boolean failed = options.strictExit() && !exit.isSuccess() && !exit.equals(Exit.RUNNING);
    if (exit.isSignalled() || failed) {
      throw Refusal.of(
          502, "bad-exit", "program must end by itself" + (options.strictExit() ? ", with 0" : ""));
    }
  }

  // ---- the end ----

  /** Ends the program and all that it started, and gives its place back. */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    used = true;
    try {
      if (output != null) {
        close(output);
      }
    } finally {
      giveBack();
      if (!ended && !isSatisfied() && environ.isCancelled()) {
        watch.failed(new IOException("request was cancelled"));
      }
      try {
        if (request != null) {
          request.close();
        }
      } finally {
        watch.tell();
      }
    }
  }

  private void close(ProgramOutput written) {
    HostedProcess process = written.process();
    try {
      process.end();
    } finally {
      // Before the wait for whoever reads the request's body: a silent client keeps nobody out.
      giveBack();
      process.close();
    }
    watch.ended(process);
    environ.report("cgi.exit", watch.exit);
    if (process.errors().dropped() > 0) {
      counters.count("stderr-dropped");
    }
    written.logErrors(String.valueOf(watch.program().getFileName()), environ.errors());
  }

  /** What others can use now that the program has ended. Nothing after the first call. */
  private void giveBack() {
    try {
      if (enclosure != null) {
        enclosure.close();
      }
    } catch (IOException e) {
      environ.errors().println("postern: control group must end with its run: " + e.getMessage());
    } finally {
      enclosure = null;
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
          if (!advance()) {
            return false;
          }
        } catch (IOException e) {
          throw ProgramRun.<RuntimeException>rethrow(e);
        }
        pass(output().waiting());
        block = output().take();
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

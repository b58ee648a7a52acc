package dev.postern.cgi;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.GatewayException.Diagnosis;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.process.HostedProcess;
import dev.postern.wire.Escapes;
import dev.postern.wire.HeaderBlockParser;
import dev.postern.wire.ProgramResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * One run of a program, and the body of its response. Its output is checked before it is passed on:
 * what a program could not finish is never passed on as whole. Confined to the request's thread.
 */
final class ProgramRun implements Body {
  /** How much of standard error goes into a diagnosis. */
  private static final int STDERR_SHOWN = 512;

  private final Program program;
  private final HostedProcess process;
  private final RequestBody request;
  private final HostOptions options;
  private final Environ environ;

  /** From here on in the current block, there is output that was not passed on. */
  private int position;

  private boolean inBlock;
  private long declared = -1;
  private long passed;
  private boolean used;
  private boolean ended;
  private boolean closed;

  ProgramRun(
      Program program,
      HostedProcess process,
      RequestBody request,
      HostOptions options,
      Environ environ) {
    this.program = program;
    this.process = process;
    this.request = request;
    this.options = options;
    this.environ = environ;
    environ.onCancel(process::wake);
  }

  // ---- the head ----

  /** Reads the header block and starts the response. */
  Body begin(StartResponse startResponse) throws IOException {
    ProgramResponse head;
    try {
      head = ProgramResponse.of(readHeaders(), options.lenientType());
      if (!head.typed() && !isBodiless(head.status()) && nextBlock(options.idleTimeout())) {
        head = withoutType(head);
      }
    } catch (GatewayException e) {
      throw diagnosed(e);
    }
    declared = head.contentLength();
    startResponse.start(head.status(), head.headers());
    return this;
  }

  private HeaderBlockParser readHeaders() throws IOException {
    HeaderBlockParser parser = new HeaderBlockParser();
    long start = System.nanoTime();
    while (!parser.isComplete()) {
      Duration left = options.headerTimeout().minusNanos(System.nanoTime() - start);
      if (!nextBlock(left.isNegative() ? Duration.ZERO : left)) {
        throw parser.ended();
      }
      position += parser.feed(process.bytes(), position, process.length() - position);
    }
    return parser;
  }

  private boolean isBodiless(int status) {
    return status == 204 || status == 304 || environ.method().equals("HEAD");
  }

  /** A type that browsers would guess is a type that an attacker can choose (CVE-2020-24553). */
  private ProgramResponse withoutType(ProgramResponse head) throws GatewayException {
    if (!options.lenientType()) {
      throw new GatewayException(
          502,
          "program must send a Content-Type with a body [no-content-type]",
          Headers.of(),
          new Diagnosis("no-content-type", -1, "", "", ""),
          null);
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
    while (advance()) {
      int from = position;
      position = process.length();
      passed += position - from;
      out.write(process.bytes(), from, position - from);
      if (!process.hasMore()) {
        out.flush();
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
  }

  /** Whether there is a block; at the end, whether that was the whole response. */
  private boolean advance() throws IOException {
    try {
      if (nextBlock(options.idleTimeout())) {
        return true;
      }
      if (!ended) {
        ended = true;
        checkWhole();
      }
      return false;
    } catch (GatewayException e) {
      throw diagnosed(e);
    }
  }

  /** Moves on to the next output that was not passed on yet; false at the end. */
  private boolean nextBlock(Duration timeout) throws IOException {
    if (inBlock && position < process.length()) {
      return true;
    }
    HostedProcess.Read read;
    try {
      read = process.read(timeout);
    } catch (IOException e) {
      throw RequestBody.unreadable(e);
    }
    inBlock = read == HostedProcess.Read.BLOCK;
    position = 0;
    return switch (read) {
      case BLOCK -> true;
      case END -> false;
      case TIMEOUT ->
          throw new GatewayException(504, "program must send output in time [program-timeout]");
      case WOKEN ->
          throw new IOException("program must not run on after its request was cancelled");
    };
  }

  /**
   * A program that was killed, or sent less than it declared, has not finished; its clean end of
   * output must not hide that.
   */
  private void checkWhole() throws GatewayException {
    Exit exit = process.exit();
    environ.report("cgi.exit", exit.toString());
    if (declared >= 0 && passed < declared) {
      throw incomplete(
          "short-body",
          "program must send its Content-Length: " + passed + " of " + declared + " bytes");
    }
    if (process.wasStillWriting()) {
      throw incomplete("left-writing", "program must not leave others writing its response");
    }
    if (exit.isSignalled() || options.strictExit() && !exit.isSuccess() && exit != Exit.RUNNING) {
      throw incomplete(
          "bad-exit", "program must end by itself" + (options.strictExit() ? " with exit 0" : ""));
    }
  }

  private static GatewayException incomplete(String rule, String message) {
    return new GatewayException(
        502, message + " [" + rule + "]", Headers.of(), new Diagnosis(rule, -1, "", "", ""), null);
  }

  /** The failure with all that is known about the program. */
  private GatewayException diagnosed(GatewayException e) {
    Diagnosis known = e.diagnosis();
    byte[] stderr = process.errors().bytes();
    int shown = Math.min(stderr.length, STDERR_SHOWN);
    Diagnosis diagnosis =
        new Diagnosis(
            known == null ? "program" : known.rule(),
            known == null ? -1 : known.offset(),
            known == null ? "" : known.excerpt(),
            Escapes.escape(stderr, stderr.length - shown, shown),
            process.exitNow());
    return new GatewayException(
        e.status(), String.valueOf(e.getMessage()), e.headers(), diagnosis, e.getCause());
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
      process.close();
      logErrors();
    } finally {
      options.limit().release();
      request.close();
    }
  }

  /**
   * What the program wrote on its standard error, line by line, so that no program can write lines
   * of the log itself.
   */
  private void logErrors() {
    ErrorTail errors = process.errors();
    if (errors.total() == 0) {
      return;
    }
    PrintWriter log = environ.errors();
    String name = String.valueOf(program.file().getFileName());
    byte[] bytes = errors.bytes();
    int start = 0;
    for (int i = 0; i <= bytes.length; i++) {
      if (i == bytes.length || bytes[i] == '\n') {
        if (i > start) {
          log.println(name + ": " + Escapes.escape(bytes, start, i - start));
        }
        start = i + 1;
      }
    }
    if (errors.dropped() > 0) {
      log.println(
          name + ": " + errors.dropped() + " bytes of standard error before these were dropped");
    }
    log.flush();
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
        block = ByteBuffer.wrap(Arrays.copyOfRange(process.bytes(), position, process.length()));
        passed += block.remaining();
        position = process.length();
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

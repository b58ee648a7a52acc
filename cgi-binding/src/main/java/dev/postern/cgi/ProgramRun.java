package dev.postern.cgi;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.StartResponse;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.process.HostedProcess;
import dev.postern.wire.Escapes;
import dev.postern.wire.HeaderBlockParser;
import dev.postern.wire.ProgramResponse;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One run of a program, and the body of its response. Its output is checked before it is passed on:
 * what a program could not finish is never passed on as whole. Confined to the request's thread.
 */
final class ProgramRun implements Body {
  /** How much of standard error goes into a diagnosis. */
  private static final int STDERR_SHOWN = 512;

  /** How long a program may go on after the last byte of its Content-Length. */
  private static final Duration AFTER_BODY = Duration.ofSeconds(2);

  /** What {@code setsid} ends with when it cannot run a program. */
  private static final Set<String> NOT_RUN = Set.of("exit 126", "exit 127");

  private final Program program;
  private final HostOptions options;
  private final RefusalCounters counters;
  private final Environ environ;
  private final Runnable release;

  private @Nullable HostedProcess process;
  private @Nullable RequestBody request;

  /** From here on in the current block, there is output that was not passed on. */
  private int position;

  private boolean inBlock;
  private long declared = -1;
  private long passed;
  private boolean used;
  private boolean ended;
  private boolean closed;

  /**
   * A run that has its place already.
   *
   * @param release gives the place back
   */
  ProgramRun(
      Program program,
      HostOptions options,
      RefusalCounters counters,
      Environ environ,
      Runnable release) {
    this.program = program;
    this.options = options;
    this.counters = counters;
    this.environ = environ;
    this.release = release;
  }

  /** The program was not run, as is known only afterwards. */
  static final class NotStartedException extends IOException {
    private static final long serialVersionUID = 1;

    NotStartedException(String message) {
      super(message);
    }
  }

  /** Takes over a process; also a second one, when the first was none. */
  void start(HostedProcess newProcess) {
    process = newProcess;
    environ.onCancel(newProcess::wake);
  }

  boolean isStarted() {
    return process != null;
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
      if (!followed
          && !head.typed()
          && !isBodiless(head.status())
          && nextBlock(options.idleTimeout())) {
        head = withoutType(head);
      }
      head.dropped().forEach(counters::count);
      return head;
    } catch (GatewayException e) {
      throw diagnosed(e);
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
      if (!nextBlock(left.isNegative() ? Duration.ZERO : left)) {
        if (parser.size() == 0) {
          checkStarted();
        }
        throw parser.ended();
      }
      position += parser.feed(process().bytes(), position, process().length() - position);
    }
    return parser;
  }

  /** {@code setsid} tells on standard error, and by its exit status, that it could not go on. */
  private void checkStarted() throws IOException {
    if (NOT_RUN.contains(process().exit().toString())) {
      process().close();
      String said = stderr(process().errors());
      if (said.startsWith("setsid: ")) {
        throw new NotStartedException(said);
      }
    }
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

  /** Lets a program that has said all it will be asked come to its end. */
  void drain() {
    try {
      long start = System.nanoTime();
      Duration left = AFTER_BODY;
      while (left.compareTo(Duration.ZERO) > 0
          && process().read(left) == HostedProcess.Read.BLOCK) {
        left = AFTER_BODY.minusNanos(System.nanoTime() - start);
      }
    } catch (IOException e) {
      // Nobody waits for what it says.
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
    while (advance()) {
      int from = position;
      position = process().length();
      passed(position - from);
      out.write(process().bytes(), from, position - from);
      if (!process().hasMore()) {
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

  /** What a program sends beyond its Content-Length is cut by the engine. */
  private void passed(int bytes) {
    if (declared >= 0 && passed <= declared && passed + bytes > declared) {
      counters.count("response-excess");
    }
    passed += bytes;
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
      if (nextBlock(isSatisfied() ? AFTER_BODY : options.idleTimeout())) {
        return true;
      }
      if (!ended) {
        ended = true;
        checkWhole();
      }
      return false;
    } catch (GatewayException e) {
      throw counters.counted(diagnosed(e));
    }
  }

  /** The client has all that it was told of: no end of the program can take that back. */
  private boolean isSatisfied() {
    return declared >= 0 && passed >= declared;
  }

  /** Moves on to the next output that was not passed on yet; false at the end. */
  private boolean nextBlock(Duration timeout) throws IOException {
    if (inBlock && position < process().length()) {
      return true;
    }
    HostedProcess.Read read;
    try {
      read = process().read(timeout);
    } catch (IOException e) {
      throw RequestBody.unreadable(e);
    }
    inBlock = read == HostedProcess.Read.BLOCK;
    position = 0;
    return switch (read) {
      case BLOCK -> true;
      case END -> false;
      case TIMEOUT -> {
        if (isSatisfied()) {
          yield false;
        }
        throw Refusal.of(504, "program-timeout", "program must send output in time");
      }
      case WOKEN ->
          throw new IOException("program must not run on after its request was cancelled");
    };
  }

  /**
   * A program that was killed, or sent less than it declared, has not finished; its clean end of
   * output must not hide that.
   */
  private void checkWhole() throws GatewayException {
    Exit exit = process().exit();
    if (declared >= 0 && !isSatisfied()) {
      throw Refusal.of(
          502,
          "short-body",
          "program must send its Content-Length: " + passed + " of " + declared + " bytes");
    }
    if (process().wasStillWriting() && !isSatisfied()) {
      throw Refusal.of(502, "left-writing", "program must not leave others writing its response");
    }
    if (exit.isSignalled() || options.strictExit() && !exit.isSuccess() && exit != Exit.RUNNING) {
      throw Refusal.of(
          502, "bad-exit", "program must end by itself" + (options.strictExit() ? ", with 0" : ""));
    }
  }

  /** The failure with all that is known about the program. */
  private GatewayException diagnosed(GatewayException e) {
    Exit exit = ended || !inBlock ? process().exit() : Exit.RUNNING;
    if (exit != Exit.RUNNING) {
      // Its last words are read to their end.
      process().close();
    }
    return Refusal.diagnosed(
        e,
        stderr(process().errors()),
        exit == Exit.RUNNING ? process().exitNow() : exit.toString());
  }

  private static String stderr(ErrorTail errors) {
    byte[] bytes = errors.bytes();
    int shown = Math.min(bytes.length, STDERR_SHOWN);
    return Escapes.escape(bytes, bytes.length - shown, shown);
  }

  private HostedProcess process() {
    if (process == null) {
      throw new IllegalStateException("program must be started");
    }
    return process;
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
      if (process != null) {
        process.close();
        environ.report("cgi.exit", process.exitNow());
        logErrors(process.errors());
      }
    } finally {
      release.run();
      if (request != null) {
        request.close();
      }
    }
  }

  /**
   * What the program wrote on its standard error, line by line, so that no program can write lines
   * of the log itself.
   */
  private void logErrors(ErrorTail errors) {
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
        block =
            ByteBuffer.wrap(Arrays.copyOfRange(process().bytes(), position, process().length()));
        passed(block.remaining());
        position = process().length();
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

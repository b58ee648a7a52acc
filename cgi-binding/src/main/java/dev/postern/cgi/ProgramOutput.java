package dev.postern.cgi;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.process.BodyException;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.process.HostedProcess;
import dev.postern.process.PipeException;
import dev.postern.wire.Escapes;
import dev.postern.wire.HeaderBlockParser;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What one process writes: its output, of which each byte is taken once, and its standard error.
 * Confined to the request's thread.
 */
final class ProgramOutput {
  /** How many lines of standard error are logged for a run: the last ones. */
  static final int LOG_LINES = 100;

  /** How many bytes of standard error a line of the log holds; a longer line is several. */
  static final int LOG_LINE = 4096;

  /** How much of standard error goes into a diagnosis. */
  private static final int STDERR_SHOWN = 512;

  /** The engine holds fewer bytes back, so that they are copied in any case. */
  private static final int WORTH_IT = 8 * 1024;

  /** What {@code setsid} ends with when it cannot run a program. */
  private static final Set<String> NOT_RUN = Set.of("exit 126", "exit 127");

  /** What prlimit and setpriv say then. */
  private static final Pattern HELPER_FAILED =
      Pattern.compile("^(prlimit|setpriv): failed to execute ");

  private final HostedProcess process;
  private final RunWatch watch;

  /** From here on in the current block, there is output that was not taken. */
  private int position;

  private boolean inBlock;

  ProgramOutput(HostedProcess process, RunWatch watch) {
    this.process = process;
    this.watch = watch;
  }

  HostedProcess process() {
    return process;
  }

  // ---- output ----

  /** What came of waiting for output that was not taken yet. */
  HostedProcess.Read await(Duration timeout) throws IOException {
    if (inBlock && position < process.length()) {
      return HostedProcess.Read.BLOCK;
    }
    HostedProcess.Read read;
    try {
      read = process.read(timeout);
    } catch (PipeException e) {
      throw Refusal.of(500, "pipe-failed", "pipe of a program must work", Headers.of(), e);
    } catch (BodyException e) {
      throw RequestBody.unreadable(e.failure());
    }
    inBlock = read == HostedProcess.Read.BLOCK;
    if (inBlock) {
      watch.output(process.length());
    }
    position = 0;
    if (read == HostedProcess.Read.WOKEN) {
      throw new IOException("program must not run on after its request was cancelled");
    }
    return read;
  }

  /** Hands a parser as much as it takes. */
  void feed(HeaderBlockParser parser) throws GatewayException {
    position += parser.feed(process.bytes(), position, waiting());
  }

  /** How many bytes of the current block were not taken yet. */
  int waiting() {
    return process.length() - position;
  }

  /** Takes what is waiting, and flushes when no more has come meanwhile. */
  void writeTo(OutputStream out) throws IOException {
    int from = position;
    position = process.length();
    ByteBuffer direct = position - from < WORTH_IT ? null : process.direct();
    if (direct != null && out instanceof WritableByteChannel channel) {
      channel.write(direct.position(from));
    } else {
      out.write(process.bytes(), from, position - from);
    }
    if (!process.hasMore()) {
      out.flush();
    }
  }

  /** Takes what is waiting, as a copy. */
  ByteBuffer take() {
    byte[] copy = Arrays.copyOfRange(process.bytes(), position, process.length());
    position = process.length();
    return ByteBuffer.wrap(copy);
  }

  /** Reads on to the end, for at most that time, for nobody. */
  void drain(Duration time) {
    try {
      long start = System.nanoTime();
      Duration left = time;
      while (!left.isNegative() && process.read(left) == HostedProcess.Read.BLOCK) {
        left = time.minusNanos(System.nanoTime() - start);
      }
    } catch (IOException e) {
      // Nobody waits for what it says.
    }
  }

  // ---- standard error and the end ----

  /**
   * Whether a process without any output never became the program: {@code setsid} tells so by its
   * exit status and on standard error.
   */
  boolean isNotRun() {
    if (!NOT_RUN.contains(process.exit().toString())) {
      return false;
    }
    process.end();
    String errors = errors();
    return errors.startsWith("setsid: ") || HELPER_FAILED.matcher(errors).find();
  }

  /**
   * The failure with all that is known about the program.
   *
   * @param ending whether the program is about to end by itself, so that its last words may come
   */
  GatewayException diagnosed(GatewayException e, boolean ending) {
    Exit exit = ending ? process.exit() : Exit.RUNNING;
    if (exit.equals(Exit.RUNNING)) {
      return Refusal.diagnosed(e, errors(), process.exitNow());
    }
    process.end();
    return Refusal.diagnosed(e, errors(), exit.toString());
  }

  private String errors() {
    byte[] bytes = process.errors().bytes();
    int shown = Math.min(bytes.length, STDERR_SHOWN);
    return Escapes.escape(bytes, bytes.length - shown, shown);
  }

  /**
   * The last of what the program wrote on its standard error, line by line and escaped, so that no
   * program can write lines of the log itself, or fill it. One line more tells how much came
   * before.
   *
   * @param name of the program, which each line starts with
   */
  void logErrors(String name, PrintWriter log) {
    ErrorTail errors = process.errors();
    if (errors.total() == 0) {
      return;
    }
    String prefix = Escapes.escape(name) + ": ";
    byte[] bytes = errors.bytes();
    Deque<Line> lines = new ArrayDeque<>();
    long dropped = errors.dropped();
    int start = 0;
    for (int i = 0; i <= bytes.length; i++) {
      boolean ends = i == bytes.length || bytes[i] == '\n';
      if (i > start && (ends || i - start == LOG_LINE)) {
        lines.add(new Line(start, i - start));
        start = i;
      }
      if (ends) {
        start = i + 1;
      }
    }
    if (lines.size() > LOG_LINES) {
      while (lines.size() > LOG_LINES) {
        lines.remove();
      }
      dropped += lines.element().start;
    }
    for (Line line : lines) {
      log.println(prefix + Escapes.escape(bytes, line.start, line.length));
    }
    if (dropped > 0) {
      log.println(prefix + dropped + " bytes of standard error before these were dropped");
    }
    log.flush();
  }

  /** Where bytes for one line of the log are. */
  private record Line(int start, int length) {}
}

package dev.postern.hosting;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.internal.Escapes;
import dev.postern.process.BodyException;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.process.PipeException;
import dev.postern.process.RunningProgram;
import dev.postern.wire.HeaderBlockParser;
import dev.postern.wire.Refusal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one process writes: its output and its standard error. Each byte of the output is taken
 * once. Confined to the request's thread.
 */
public final class ProgramOutput {
  /** How many lines of standard error are logged for a run: the last ones. */
  public static final int LOG_LINES = 100;

  /** How many bytes of standard error a line of the log holds; a longer line is several. */
  public static final int LOG_LINE = 4096;

  /** How much of standard error goes into a diagnosis. */
  private static final int STDERR_SHOWN = 512;

  /** How much of a refused output is read, and how long to wait for all of it. */
  private static final int REFUSED_READ = 64 * 1024;

  private static final Duration REFUSED_TIME = Duration.ofMillis(250);

  /** How much of a refused output is logged: its last bytes, and of these the last lines. */
  private static final int REFUSED_SHOWN = 2048;

  private static final int REFUSED_LINES = 40;

  /**
   * From this size on, a copy to the heap is saved. The engine holds smaller blocks back, and
   * copies them in any case.
   */
  private static final int WORTH_IT = 8 * 1024;

  /** How {@code setsid} and other helpers end when they cannot run a program. */
  private static final Set<String> NOT_RUN = Set.of("exit 126", "exit 127");

  /** What the helpers then write, and nothing else: those of util-linux, and of busybox. */
  private static final Pattern HELPER_FAILED =
      Pattern.compile("([a-z]+): (?:failed to execute (.+)|can't execute '(.+)'): [^\n]*\n");

  private final RunningProgram process;
  private final int helpers;
  private final RunWatch watch;

  /** The first byte of the current block that was not taken yet. */
  private int position;

  private boolean inBlock;

  /** How much of standard error has been logged, or dropped before that. */
  private long logged;

  /**
   * The output of a program that runs.
   *
   * @param command the command of the program itself, without the helpers before it
   */
  ProgramOutput(RunningProgram process, List<String> command, RunWatch watch) {
    this.process = process;
    this.helpers = process.command().size() - command.size();
    this.watch = watch;
  }

  RunningProgram process() {
    return process;
  }

  // ---- output ----

  /** Waits for output that was not taken yet. */
  RunningProgram.Read await(Duration timeout) throws IOException {
    if (inBlock && position < process.length()) {
      return RunningProgram.Read.BLOCK;
    }
    RunningProgram.Read read;
    try {
      read = process.read(timeout);
    } catch (PipeException e) {
      throw Refusal.of(500, "pipe-failed", "pipe of a program must work", Headers.of(), e);
    } catch (BodyException e) {
      throw RequestBody.unreadable(e.failure());
    }
    inBlock = read == RunningProgram.Read.BLOCK;
    if (inBlock) {
      watch.output(process);
    }
    position = 0;
    if (read == RunningProgram.Read.WOKEN) {
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

  /** Takes what is waiting, and drops it. */
  void discard() {
    position = process.length();
  }

  /** Whether what is waiting is nothing but ends of lines. */
  boolean isBlank() {
    byte[] bytes = process.bytes();
    for (int i = position; i < process.length(); i++) {
      if (bytes[i] != '\n' && bytes[i] != '\r') {
        return false;
      }
    }
    return true;
  }

  /**
   * Takes what is waiting, without a copy. The block is valid until the next wait, unless it is
   * kept.
   */
  Block block(OutputStream out) {
    int from = position;
    position = process.length();
    if (position - from >= WORTH_IT && out instanceof WritableByteChannel) {
      ByteBuffer direct = process.direct();
      if (direct != null) {
        return new Block(direct.position(from));
      }
    }
    return new Block(ByteBuffer.wrap(process.bytes(), from, position - from));
  }

  /** Bytes of the output, on or off the heap. */
  record Block(ByteBuffer bytes) {
    void writeTo(OutputStream out) throws IOException {
      if (bytes.hasArray()) {
        out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
      } else {
        ((WritableByteChannel) out).write(bytes);
      }
    }
  }

  /** Leaves what {@link #block} took to whoever has it; false if the program cannot do that. */
  boolean keepBlock() {
    if (!process.keepBlock()) {
      return false;
    }
    inBlock = false;
    return true;
  }

  /** Takes what is waiting, as a copy. */
  ByteBuffer take() {
    return ByteBuffer.wrap(takeBytes());
  }

  /** The same, as an array. */
  byte[] takeBytes() {
    byte[] copy = Arrays.copyOfRange(process.bytes(), position, process.length());
    position = process.length();
    return copy;
  }

  // ---- standard error and the end ----

  /**
   * Whether a process without any output says that it never became the program. One of our helpers
   * before the program says so by its exit status, and by its own words on standard error. A
   * program can write the same words, so this is no proof, and nothing may be run again for it.
   */
  boolean isNotRun() {
    if (helpers < 1 || !NOT_RUN.contains(process.exit().toString())) {
      return false;
    }
    process.end();
    String said = new String(process.errors().bytes(), StandardCharsets.ISO_8859_1);
    Matcher failed = HELPER_FAILED.matcher(said);
    if (!failed.matches()) {
      return false;
    }
    String what = failed.group(2) == null ? failed.group(3) : failed.group(2);
    List<String> all = process.command();
    for (int i = 0; i < helpers; i++) {
      boolean ours = all.get(i).endsWith("/" + failed.group(1));
      if (ours && all.subList(i + 1, helpers + 1).contains(what)) {
        return true;
      }
    }
    return false;
  }

  /**
   * The failure with all that is known about the program.
   *
   * @param ending whether the program is about to end by itself, so that it may still write errors
   */
  GatewayException diagnosed(GatewayException e, boolean ending) {
    Exit exit = ending ? process.exit() : Exit.RUNNING;
    if (exit.isRunning()) {
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
   * Logs the last of what the program wrote on its standard error, line by line and escaped, so
   * that no program can write lines of the log itself, or fill the log. One line more tells how
   * much came before.
   *
   * @param name of the program, which each line starts with
   */
  void logErrors(String name, Consumer<String> log) {
    ErrorTail.Kept kept = process.errors().kept();
    long total = kept.total();
    if (total == logged) {
      return;
    }
    String prefix = Escapes.escape(name) + ": ";
    byte[] bytes = kept.bytes();
    // What an earlier call has logged is not logged again.
    int start = (int) Math.max(0, logged - (total - bytes.length));
    long dropped = Math.max(0, total - bytes.length - logged);
    logged = total;
    List<Line> lines = lines(bytes, start);
    int first = Math.max(0, lines.size() - LOG_LINES);
    if (first > 0) {
      dropped += lines.get(first).start - start;
    }
    for (Line line : lines.subList(first, lines.size())) {
      log.accept(prefix + Escapes.line(bytes, line.start, line.length));
    }
    if (dropped > 0) {
      log.accept(prefix + dropped + " bytes of standard error before these were dropped");
    }
  }

  /**
   * Logs the end of an output that was refused, line by line and escaped. Some programs write there
   * what is wrong with them, such as Python with {@code cgitb}. Waits a moment for what is still to
   * come.
   */
  void logRefused(String name, Consumer<String> log) {
    byte[] said = refused();
    int start = Math.max(0, said.length - REFUSED_SHOWN);
    List<Line> lines = lines(said, start);
    int first = Math.max(0, lines.size() - REFUSED_LINES);
    String prefix = Escapes.escape(name) + ": output: ";
    if (start > 0 || first > 0) {
      log.accept(prefix + "… (its end)");
    }
    for (Line line : lines.subList(first, lines.size())) {
      log.accept(prefix + Escapes.line(said, line.start, line.length));
    }
  }

  /** The lines from a place on, without empty ones. A line that is too long is several. */
  private static List<Line> lines(byte[] bytes, int start) {
    List<Line> lines = new ArrayList<>();
    int from = start;
    for (int i = start; i <= bytes.length; i++) {
      boolean ends = i == bytes.length || bytes[i] == '\n';
      int end = ends && i > from && bytes[i - 1] == '\r' ? i - 1 : i;
      if (end > from && (ends || end - from == LOG_LINE)) {
        lines.add(new Line(from, end - from));
        from = end;
      }
      if (ends) {
        from = i + 1;
      }
    }
    return lines;
  }

  private byte[] refused() {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    long start = System.nanoTime();
    try {
      RunningProgram.Read read = inBlock ? RunningProgram.Read.BLOCK : RunningProgram.Read.TIMEOUT;
      while (read == RunningProgram.Read.BLOCK && said.size() < REFUSED_READ) {
        said.write(process.bytes(), 0, process.length());
        discard();
        Duration left = REFUSED_TIME.minusNanos(System.nanoTime() - start);
        read = left.isNegative() ? RunningProgram.Read.TIMEOUT : await(left);
      }
    } catch (IOException e) {
      // The output that has come must be enough.
    }
    return said.toByteArray();
  }

  /** Where bytes for one line of the log are. */
  private record Line(int start, int length) {}
}

package dev.postern.process;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A process that serves more than one request, in a session of its own: a fork server or a worker.
 * It is told by its standard input, whose end is its own end, and tells by its standard output.
 * Thread-safe, but for the two streams.
 */
public final class ServerProcess {
  private static final long END_SECONDS = 2;

  /** A process that has just ended shows itself no more, before its end is known. */
  private static final long UNREACHABLE_MILLIS = 200;

  private final Process process;
  private final PortableSession session;

  private ServerProcess(Process process) {
    this.process = process;
    this.session = new PortableSession(process);
  }

  /**
   * Starts one; what it writes on its standard error is dropped.
   *
   * @param command an absolute path and its arguments, as text
   * @param environment all of it, as bytes, one char each
   * @throws IOException when the system refuses, or a byte cannot be passed on
   */
  public static ServerProcess start(
      List<String> command, Map<String, String> environment, Path directory) throws IOException {
    Map<String, String> variables = new LinkedHashMap<>();
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      variables.put(variable.getKey(), text(variable.getValue()));
    }
    List<String> words = new ArrayList<>(command.size());
    for (String word : command) {
      words.add(text(ProgramText.toBytes(word)));
    }
    ProcessBuilder builder =
        new ProcessBuilder(PortableSession.command(words))
            .directory(new File(text(ProgramText.toBytes(directory))))
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().clear();
    builder.environment().putAll(variables);
    return new ServerProcess(Headroom.start(builder));
  }

  private static String text(@Nullable String bytes) throws IOException {
    String text = bytes == null ? null : ProgramText.toText(bytes);
    if (text == null) {
      throw new IOException("bytes must be such that " + ProgramText.charset() + " can carry");
    }
    return text;
  }

  /** The process's number. */
  public long pid() {
    return process.pid();
  }

  /** Whether it still runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /**
   * Whether its open files can be reached, and those of its children: not where it has made itself
   * undumpable, is another user's by now, or /proc is hidden. One that has ended is reachable.
   */
  public boolean isReachable() {
    try {
      // The system asks for the same right when an open file is opened.
      Files.readSymbolicLink(Path.of("/proc", Long.toString(pid()), "exe"));
      return true;
    } catch (IOException e) {
      try {
        return process.waitFor(UNREACHABLE_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException interrupt) {
        Thread.currentThread().interrupt();
        return true;
      }
    }
  }

  /** What it is told by. */
  public OutputStream commands() {
    return process.getOutputStream();
  }

  /** What it tells. */
  public InputStream reports() {
    return process.getInputStream();
  }

  /** How it ended, for a diagnosis. Waits a moment for that. */
  public String exit() {
    try {
      if (process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        return new Exit(process.exitValue()).toString();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Exit.RUNNING.toString();
  }

  /** How it ended, as {@link Exit} has it; waits a moment for that. */
  public int code() {
    try {
      if (process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        return process.exitValue();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Exit.UNKNOWN.code();
  }

  /** Waits until it has ended, by itself or since it was killed. */
  public void await() throws InterruptedException {
    process.waitFor();
  }

  /** Kills it alone, at once and without a helper. */
  void killAlone() {
    process.destroyForcibly();
  }

  /** Kills it, and all of its session; children that have begun lead sessions of their own. */
  public void kill() {
    session.kill();
  }

  /** The memory that it has for itself and shares, in bytes (VmRSS); 0 where nothing tells. */
  public long memory() {
    return ProcessTable.memory(process.pid());
  }

  /** How long it has had a processor, in milliseconds; 0 where nothing tells. */
  public long work() {
    ProcessTable.Entry entry = ProcessTable.of(process.pid());
    return entry == null ? 0 : entry.work() * 10;
  }
}

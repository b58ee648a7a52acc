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
 * It reads commands from its standard input, ends when its input ends, and writes reports to its
 * standard output. Thread-safe, except for the two streams.
 */
public final class ServerProcess {
  private static final long END_SECONDS = 2;

  /**
   * How long a process that cannot be reached may take to end. A process that is ending cannot be
   * reached for a moment before we know of its end.
   */
  private static final long UNREACHABLE_MILLIS = 200;

  private final Process process;
  private final PortableSession session;

  private ServerProcess(Process process) {
    this.process = process;
    this.session = new PortableSession(process);
  }

  /**
   * Starts a process. What it writes on its standard error is dropped.
   *
   * @param command an absolute path and its arguments, as text
   * @param environment the whole environment, as bytes, one char each
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
    Process process = Headroom.start(builder);
    NativePath.forbidCores(process.pid());
    return new ServerProcess(process);
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

  /** Whether the process still runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /**
   * Whether we can open the files of the process and of its children. We cannot if it has made
   * itself undumpable, if it is another user's by now, or if /proc is hidden. A process that has
   * ended counts as reachable.
   */
  public boolean isReachable() {
    try {
      // Reading this link needs the same right as opening one of its files.
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

  /** The stream for commands to the process. */
  public OutputStream commands() {
    return process.getOutputStream();
  }

  /** Lets the process end, as it does at the end of its commands. */
  public void closeCommands() {
    try {
      commands().close();
    } catch (IOException e) {
      // The process has ended already.
    }
  }

  /** The stream of the process's reports. */
  public InputStream reports() {
    return process.getInputStream();
  }

  /** How the process ended, for a diagnosis. Waits a moment for the end. */
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

  /** How the process ended, as a code of {@link Exit}. Waits a moment for the end. */
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

  /** Waits until the process has ended, by itself or because it was killed. */
  public void await() throws InterruptedException {
    process.waitFor();
  }

  /** Kills only this process, at once and without a helper process. */
  void killAlone() {
    process.destroyForcibly();
  }

  /**
   * Kills the process and all of its session. Children that have begun lead sessions of their own.
   */
  public void kill() {
    session.kill();
  }

  /** The memory of the process, own and shared, in bytes (VmRSS); 0 if unknown. */
  public long memory() {
    return ProcessTable.memory(process.pid());
  }

  /**
   * How long the process may have a processor before the kernel ends it, in milliseconds; 0 for no
   * limit.
   */
  public long workLimit() {
    return ProcessTable.workLimit(process.pid()) * 1_000;
  }

  /** How long the process has had a processor, in milliseconds; 0 if unknown. */
  public long work() {
    ProcessTable.Entry entry = ProcessTable.of(process.pid());
    return entry == null ? 0 : entry.work() * 10;
  }
}

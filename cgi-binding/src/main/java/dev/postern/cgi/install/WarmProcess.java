package dev.postern.cgi.install;

import dev.postern.process.ProcessTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The running server of a {@link CgiExecutable.Builder#warm warm} executable.
 *
 * @param pid the number of its process
 * @param user the user that runs it, usually the web server's; empty if the system does not tell
 * @param name the executable's file name and the number of its installation
 * @param started when the process started
 */
public record WarmProcess(long pid, String user, String name, Instant started) {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /**
   * The servers of all users that belong to a library directory, in the order of their process
   * numbers. This method finds them in the kernel's list of processes by the argument file that
   * each was started with.
   *
   * @throws IOException when there is no such directory
   */
  public static List<WarmProcess> of(Path library) throws IOException {
    Path directory = library.toAbsolutePath().normalize();
    if (!Files.isDirectory(directory)) {
      throw new IOException("library directory must be there: " + library);
    }
    List<WarmProcess> found = new ArrayList<>();
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      String name = name(directory, process.pid());
      if (!name.isEmpty()) {
        ProcessHandle.Info info = process.info();
        found.add(
            new WarmProcess(
                process.pid(),
                info.user().orElse(""),
                name,
                info.startInstant().orElse(Instant.EPOCH)));
      }
    }
    found.sort(Comparator.comparingLong(WarmProcess::pid));
    return found;
  }

  /** The name of the installation that a process serves; empty for any other process. */
  private static String name(Path library, long pid) {
    String[] words;
    try {
      // Reads the bytes as chars. That is enough because a library's path is ASCII.
      Path line = Path.of("/proc", Long.toString(pid), "cmdline");
      words = Files.readString(line, StandardCharsets.ISO_8859_1).split("\0", -1);
    } catch (IOException e) {
      // The process has ended meanwhile.
      return "";
    }
    // java @LIB/NAME-NUMBER/warm LIB/run/UID/NUMBER.sock …
    String start = "@" + library + "/";
    String end = "/" + InstallDirectory.WARM;
    boolean ours =
        words.length > 2
            && words[1].startsWith(start)
            && words[1].endsWith(end)
            && words[2].startsWith(library.resolve(InstallDirectory.RUN) + "/");
    return ours ? words[1].substring(start.length(), words[1].length() - end.length()) : "";
  }

  /**
   * Ends the server by SIGTERM, and waits for its end. The server cancels the requests that it is
   * answering. The next request to the executable starts another server.
   *
   * @return whether the server has ended; false when it belongs to another user, or takes longer
   */
  public boolean stop(Duration limit) {
    ProcessHandle process = ProcessHandle.of(pid).orElse(null);
    if (process == null || !process.info().startInstant().orElse(Instant.EPOCH).equals(started)) {
      // The server has ended, and another process may have its number now.
      return true;
    }
    if (!process.destroy() && ProcessTable.isRunning(process)) {
      return false;
    }
    // The server is no child of this JVM: for such a process, ProcessHandle.onExit looks ever more
    // seldom, in the end once a second.
    long start = System.nanoTime();
    while (ProcessTable.isRunning(process) && System.nanoTime() - start < limit.toNanos()) {
      LockSupport.parkNanos(LOOK_NANOS);
      if (Thread.currentThread().isInterrupted()) {
        break;
      }
    }
    return !ProcessTable.isRunning(process);
  }
}

package dev.postern.process;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code PID-START} of a process. A process puts this into the names of the files and directories
 * that it makes, so that others can tell leftovers of an ended process from what is in use. The pid
 * alone is not enough, because in a container the next server often has the pid of the one before.
 *
 * @param start when the process began, comparable on this system only; 0 if unknown
 */
public record ProcessName(long pid, long start) {
  private static final long UNKNOWN = 0;

  /** {@code PID-START-ANYTHING}. */
  private static final Pattern MADE = Pattern.compile("([0-9]{1,18})-([0-9]{1,18})-[0-9a-f]+");

  /**
   * Whether {@code start} is the kernel's own count, which is exact. Elsewhere it is a time of day,
   * which depends on when the clock was set.
   */
  private static final boolean TICKS = ticks(ProcessHandle.current().pid()) != UNKNOWN;

  private static final ProcessName CURRENT = of(ProcessHandle.current());

  /** This process. */
  public static ProcessName current() {
    return CURRENT;
  }

  public static ProcessName of(ProcessHandle process) {
    long start =
        TICKS
            ? ticks(process.pid())
            : process.info().startInstant().map(Instant::toEpochMilli).orElse(UNKNOWN);
    return new ProcessName(process.pid(), start);
  }

  /**
   * Whether a file has a name of {@code prefix} and {@code PID-START-ANYTHING}, and that process
   * has ended. False if nobody can tell.
   */
  public static boolean isLeftover(Path file, String prefix) {
    String name = String.valueOf(file.getFileName());
    if (!name.startsWith(prefix)) {
      return false;
    }
    Matcher made = MADE.matcher(name.substring(prefix.length()));
    return made.matches()
        && new ProcessName(Long.parseLong(made.group(1)), Long.parseLong(made.group(2))).hasEnded();
  }

  private boolean hasEnded() {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    if (process.isEmpty()) {
      return true;
    }
    long other = of(process.get()).start;
    return start != UNKNOWN && other != UNKNOWN && start != other;
  }

  private static long ticks(long pid) {
    ProcessTable.Entry entry = ProcessTable.of(pid);
    return entry == null ? UNKNOWN : entry.start();
  }

  @Override
  public String toString() {
    return pid + "-" + start;
  }
}

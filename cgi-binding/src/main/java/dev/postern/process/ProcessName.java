package dev.postern.process;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code PID-START}: a process, in the names of what it makes, so that what it has left behind can
 * be told from what is in use. The pid alone does not tell: in a container the next server often
 * has that of the one before.
 *
 * @param start when it began, which is comparable on this system only; 0 where nothing tells
 */
public record ProcessName(long pid, long start) {
  private static final long UNKNOWN = 0;

  /** {@code PID-START-ANYTHING}. */
  private static final Pattern MADE = Pattern.compile("([0-9]{1,18})-([0-9]{1,18})-[0-9a-f]+");

  /** The kernel's own count is exact; a time of day there depends on when the clock was set. */
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
   * Whether a file is called {@code PREFIX-PID-START-ANYTHING} by a process that has ended. Where
   * that cannot be told it has not.
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

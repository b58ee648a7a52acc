package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.hosting.Permits;
import dev.postern.hosting.RunWatch;
import dev.postern.process.ProcessTable;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How many programs may run at once, and how long a request waits for its turn before the client
 * gets a 503. If several applications get the same limit, it holds for all of them together.
 *
 * <p>Thread-safe.
 */
public final class ProcessLimit {
  static final Duration WAIT = Duration.ofSeconds(10);

  private final Permits permits;

  private ProcessLimit(int max, Duration wait) {
    if (max < 1) {
      throw new IllegalArgumentException("process limit must be at least 1: " + max);
    }
    if (wait.isNegative()) {
      throw new IllegalArgumentException("wait must not be negative: " + wait);
    }
    this.permits = new Permits(max, requireNonNull(wait, "wait"));
  }

  /** At most {@code max} programs at once; a request waits up to 10 s for its turn. */
  public static ProcessLimit of(int max) {
    return new ProcessLimit(max, WAIT);
  }

  /** At most {@code max} programs at once; a request waits up to {@code wait} for its turn. */
  public static ProcessLimit of(int max, Duration wait) {
    return new ProcessLimit(max, wait);
  }

  /** The default: 16 programs for each processor, but at least 64 and at most 256. */
  static ProcessLimit standard() {
    int processors = Runtime.getRuntime().availableProcessors();
    return of(Math.max(64, Math.min(256, 16 * processors)));
  }

  /** How many programs could be started now. */
  public int available() {
    return permits.available();
  }

  /** How many places there are. */
  public int max() {
    return permits.max();
  }

  /**
   * The requests that have a place now, or wait for one, the oldest first. This reads the system's
   * list of processes, which takes milliseconds.
   */
  public List<RunStatus> status() {
    Collection<RunWatch> runs = permits.runs();
    Set<Long> sessions = new HashSet<>();
    runs.forEach(run -> sessions.add(run.pid()));
    sessions.remove(0L);
    Map<Long, Long> memory = ProcessTable.memory(sessions);
    return runs.stream()
        .map(run -> RunStatus.of(run, memory))
        .sorted(Comparator.comparing(RunStatus::totalTime).reversed())
        .toList();
  }

  Permits permits() {
    return permits;
  }

  @Override
  public String toString() {
    return "ProcessLimit.of(" + permits + ")";
  }
}

package dev.postern.hosting;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.wire.Refusal;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Places for requests, and how long a request waits for its place. Thread-safe. */
public final class Permits {
  private final Semaphore permits;
  private final int max;
  private final Duration wait;
  private final Set<RunWatch> runs = ConcurrentHashMap.newKeySet();

  /** That many places, given in the order in which requests came. */
  public Permits(int max, Duration wait) {
    this.max = max;
    this.wait = wait;
    this.permits = new Semaphore(max, true);
  }

  /** How many places there are. */
  public int max() {
    return max;
  }

  /** How many places are free now. */
  public int available() {
    return permits.availablePermits();
  }

  /** The runs that have a place, or wait for one. */
  public Collection<RunWatch> runs() {
    return List.copyOf(runs);
  }

  void add(RunWatch run) {
    runs.add(run);
  }

  void remove(RunWatch run) {
    runs.remove(run);
  }

  /** Another set of that many places, with the same wait. */
  public Permits withMax(int newMax) {
    return new Permits(newMax, wait);
  }

  /**
   * Takes a place, which {@link #release} gives back.
   *
   * @param waited how long the request has waited for others already
   */
  public void acquire(long waited) throws GatewayException, InterruptedIOException {
    try {
      if (!permits.tryAcquire(
          Math.max(0, TimeUnit.NANOSECONDS.convert(wait) - waited), TimeUnit.NANOSECONDS)) {
        throw Refusal.of(
            503,
            "process-limit",
            "program must find a free place of " + max + " within " + wait.toMillis() + " ms",
            Headers.of("Retry-After", "1"),
            null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for a free place");
    }
  }

  /** Gives a place back. */
  public void release() {
    permits.release();
  }

  @Override
  public String toString() {
    return max + ", " + wait;
  }
}

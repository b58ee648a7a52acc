package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.wire.Refusal;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * How many programs may run at once, and how long a request waits for its turn before the client is
 * told 503. One limit may be given to several applications: it then holds for all of them together.
 *
 * <p>Thread-safe.
 */
public final class ProcessLimit {
  static final Duration WAIT = Duration.ofSeconds(10);

  private final Semaphore permits;
  private final int max;
  private final Duration wait;

  private ProcessLimit(int max, Duration wait) {
    if (max < 1) {
      throw new IllegalArgumentException("process limit must be at least 1: " + max);
    }
    if (wait.isNegative()) {
      throw new IllegalArgumentException("wait must not be negative: " + wait);
    }
    this.max = max;
    this.wait = requireNonNull(wait, "wait");
    this.permits = new Semaphore(max, true);
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
    return permits.availablePermits();
  }

  int max() {
    return max;
  }

  /** As many of its own, with the same wait. */
  ProcessLimit withMax(int newMax) {
    return new ProcessLimit(newMax, wait);
  }

  /**
   * Takes a place, which {@link #release} gives back.
   *
   * @param waited how long the request has waited for others already
   */
  void acquire(long waited) throws GatewayException, InterruptedIOException {
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

  void release() {
    permits.release();
  }

  @Override
  public String toString() {
    return "ProcessLimit.of(" + max + ", " + wait + ")";
  }
}

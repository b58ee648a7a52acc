package dev.postern.servlet;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * How much of a processor the looks of a {@link ClientWatch} may take: one part in {@value #SHARE},
 * and what they have not taken before, up to {@value #SAVED_MILLIS} ms of it.
 *
 * <p>Of the watching thread alone.
 */
final class LookBudget {
  static final int SHARE = 50;
  static final int SAVED_MILLIS = 200;

  private static final long SAVED = TimeUnit.MILLISECONDS.toNanos(SAVED_MILLIS);

  private long saved = SAVED;
  private long now;
  private long used;

  /** A thread starts to use it. */
  void begin() {
    now = System.nanoTime();
    used = processorTime(now);
  }

  /** How long the thread has to rest, in nanoseconds, after what it has done until now. */
  long rest() {
    long then = now;
    long before = used;
    now = System.nanoTime();
    used = processorTime(now);
    return charge(now - then, used - before);
  }

  /** Both in nanoseconds. */
  long charge(long elapsed, long taken) {
    saved = Math.min(SAVED, saved + elapsed / SHARE) - taken;
    return saved >= 0 ? 0 : -saved * SHARE;
  }

  /**
   * What this thread has had of a processor: the first number of {@code schedstat}. A look that
   * waits for a processor takes long and costs little. Without that file the time itself counts,
   * which is more.
   */
  private static long processorTime(long time) {
    byte[] text = new byte[64];
    try (FileInputStream in = new FileInputStream("/proc/thread-self/schedstat")) {
      int n = in.read(text);
      long value = 0;
      for (int i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++) {
        value = 10 * value + text[i] - '0';
      }
      return value;
    } catch (IOException e) {
      return time;
    }
  }
}

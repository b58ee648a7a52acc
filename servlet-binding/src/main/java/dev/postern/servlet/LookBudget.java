package dev.postern.servlet;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * How much of a processor the looks of a {@link ClientWatch} may take: one part in {@value #SHARE}.
 * Time that they have not taken is saved, up to {@value #SAVED_MILLIS} ms.
 *
 * <p>Confined to the watching thread.
 */
final class LookBudget {
  static final int SHARE = 50;
  static final int SAVED_MILLIS = 200;

  private static final long SAVED = TimeUnit.MILLISECONDS.toNanos(SAVED_MILLIS);

  private long saved = SAVED;
  private long now;
  private long used;

  /** Called by the watching thread when it starts. */
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

  /** How long the thread has to rest. All times are in nanoseconds. */
  long charge(long elapsed, long taken) {
    saved = Math.min(SAVED, saved + elapsed / SHARE) - taken;
    return saved >= 0 ? 0 : -saved * SHARE;
  }

  /**
   * The processor time of this thread: the first number of {@code schedstat}. A look that waits for
   * a processor takes long, but costs little. Without that file the elapsed time counts, which is
   * more.
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

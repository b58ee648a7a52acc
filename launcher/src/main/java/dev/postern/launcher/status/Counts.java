package dev.postern.launcher.status;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** How many requests came, how they ended, and how long they took. Thread-safe. */
final class Counts {
  /** Upper bounds of the histogram's steps, in seconds, much like those of Prometheus's clients. */
  static final double[] BOUNDS = {
    .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60
  };

  /** The percentiles are of so many of the last requests. */
  private static final int RECENT = 1024;

  private final LongAdder begun = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder nanos = new LongAdder();

  /** By the first digit of the status; 0 for requests that had none. */
  private final LongAdder[] classes = adders(6);

  private final LongAdder[] steps = adders(BOUNDS.length + 1);
  private final long[] recent = new long[RECENT];
  private final AtomicLong next = new AtomicLong();

  private static LongAdder[] adders(int n) {
    LongAdder[] adders = new LongAdder[n];
    Arrays.setAll(adders, i -> new LongAdder());
    return adders;
  }

  void begun() {
    begun.increment();
  }

  /** Takes back a request that has begun. It must not be ended, too. */
  void withdrawn() {
    begun.decrement();
  }

  void ended(int status, long sent, Duration took) {
    classes[status / 100 % 6].increment();
    bytes.add(sent);
    nanos.add(took.toNanos());
    double seconds = took.toNanos() / 1e9;
    int step = 0;
    while (step < BOUNDS.length && seconds > BOUNDS[step]) {
      step++;
    }
    steps[step].increment();
    // Another thread may be writing a figure just now. One wrong figure in a thousand does no harm.
    recent[(int) (next.getAndIncrement() % RECENT)] = took.toNanos();
  }

  long total() {
    return begun.sum();
  }

  long running() {
    return Math.max(0, begun.sum() - ended());
  }

  long ended() {
    long sum = 0;
    for (LongAdder one : classes) {
      sum += one.sum();
    }
    return sum;
  }

  long bytes() {
    return bytes.sum();
  }

  /** Returns the time of all ended requests together. */
  double seconds() {
    return nanos.sum() / 1e9;
  }

  /** Returns how many ended with a status of that hundred; 0 is for those without a status. */
  long ofClass(int hundred) {
    return classes[hundred].sum();
  }

  /** Returns how many took no longer than that step, and longer than the one before. */
  long inStep(int step) {
    return steps[step].sum();
  }

  /** Returns the time in which that share of the last requests was done; zero before the first. */
  Duration percentile(double share) {
    int n = (int) Math.min(next.get(), RECENT);
    if (n == 0) {
      return Duration.ZERO;
    }
    long[] sorted = Arrays.copyOf(recent, n);
    Arrays.sort(sorted);
    return Duration.ofNanos(sorted[(int) Math.min(n - 1, Math.floor(n * share))]);
  }
}

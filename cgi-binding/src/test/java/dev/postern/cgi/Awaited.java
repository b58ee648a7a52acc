package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** What another thread or process brings about. */
final class Awaited {
  private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  private Awaited() {}

  /** Looks until it is so. */
  static void await(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      inTime(start, "");
      LockSupport.parkNanos(2_000_000);
    }
  }

  /** Fails if it has taken too long since then; for loops that ask and look at each answer. */
  static void inTime(long start, String seen) {
    assertThat(System.nanoTime() - start).as("waited: %s", seen).isLessThan(MAX_WAIT_NANOS);
  }
}

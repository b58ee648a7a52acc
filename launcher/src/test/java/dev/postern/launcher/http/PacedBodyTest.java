package dev.postern.launcher.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PacedBodyTest {
  /** Nanoseconds for each byte would not fit into a long from 9.2 GB on. */
  @Test
  void bodyOfAnyLength_earnsItsTime() {
    long hour = TimeUnit.HOURS.toNanos(1);
    for (long bytes : new long[] {10_000_000_000L, 10_000_000_000_000L, Long.MAX_VALUE}) {
      assertThat(PacedBody.isLate(hour, bytes, 500)).as("%d bytes", bytes).isFalse();
    }
    assertThat(PacedBody.isLate(hour, 500L * 3600, 500)).isFalse();
    assertThat(PacedBody.isLate(hour + 1, 500L * 3600, 500)).isTrue();
    assertThat(PacedBody.isLate(1, 0, 500)).isTrue();
    assertThat(PacedBody.isLate(-1, 0, 500)).isFalse();
  }
}

package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class JvmCostsTest {
  @Test
  void allocated_logOfCollections_isWhatCameBetweenThem() {
    List<String> log =
        List.of(
            "[0.005s][info][gc] Using G1",
            "[1.2s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 23M->4M(64M) 2.1ms",
            "[1.3s][info][gc] GC(1) Concurrent Mark Cycle",
            "[1.4s][info][gc] GC(1) Pause Remark 14M->12M(64M) 2.3ms",
            "[1.5s][info][gc] GC(1) Concurrent Mark Cycle 10.0ms",
            "[2.0s][info][gc] GC(2) Pause Full (Diagnostic Command) 20M->3M(16M) 9.1ms");

    assertThat(JvmCosts.allocated(log)).isEqualTo((23 + 10 + 8) * 1048576.0);
  }

  @Test
  void between_twoCounts_isSharedByTheRequests() {
    assertThat(
            JvmCosts.PerRequest.between(
                new JvmCosts.Count(1_000, 7), new JvmCosts.Count(41_000, 12), 10))
        .isEqualTo(new JvmCosts.PerRequest(4_000, 0.5));
  }
}

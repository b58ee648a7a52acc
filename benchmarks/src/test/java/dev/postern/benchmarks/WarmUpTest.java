package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WarmUpTest {
  private static WarmUp after(Peer peer, double... values) {
    WarmUp warmUp = WarmUp.of(peer, Samples.HELLO);
    for (double value : values) {
      warmUp.add(2, value);
    }
    return warmUp;
  }

  @Test
  void isDone_twoLikeSlices_endsTheWarmUpOfANativeServer() {
    assertThat(after(Samples.GO, 100).isDone()).isFalse();
    assertThat(after(Samples.GO, 100, 110).isDone()).isFalse();
    assertThat(after(Samples.GO, 100, 110, 111).isDone()).isTrue();
  }

  @Test
  void isDone_twoLikeSlicesAtFirst_saysNothingOfAJvm() {
    assertThat(after(Samples.OURS, 50, 51).isDone()).isFalse();
    assertThat(after(Samples.OURS, 50, 51, 70, 90, 100, 101).isDone()).isTrue();
  }

  @Test
  void isDone_neverSteady_isBounded() {
    assertThat(after(Samples.GO, 100, 200, 100, 200).isDone()).isFalse();
    assertThat(after(Samples.GO, 100, 200, 100, 200, 100).isDone()).isTrue();
    assertThat(after(Samples.OURS, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1).isDone()).isFalse();
    assertThat(after(Samples.OURS, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2).isDone()).isTrue();
  }
}

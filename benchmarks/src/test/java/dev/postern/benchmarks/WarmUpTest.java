package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WarmUpTest {
  private static WarmUp after(Peer peer, double... values) {
    WarmUp warmUp = WarmUp.of(peer, Samples.HELLO, false);
    for (double value : values) {
      warmUp.add(2, value, 0);
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
  void isDone_firstSlices_sayNothingOfAJvm() {
    assertThat(after(Samples.OURS, 50, 50, 50, 50, 50).isDone()).isFalse();
    assertThat(after(Samples.OURS, 50, 50, 50, 50, 50, 50).isDone()).isTrue();
  }

  @Test
  void isDone_compilersOfAJvm_mustRest() {
    WarmUp warmUp = after(Samples.OURS, 50, 60, 70, 80, 90, 100);
    warmUp.add(2, 100, 0.05);
    assertThat(warmUp.isDone()).isFalse();
    warmUp.add(2, 80, 0.03);
    assertThat(warmUp.isDone()).isTrue();
  }

  @Test
  void isDone_neverSteady_isBounded() {
    assertThat(after(Samples.GO, 100, 200, 100, 200).isDone()).isFalse();
    assertThat(after(Samples.GO, 100, 200, 100, 200, 100).isDone()).isTrue();
    WarmUp warmUp = WarmUp.of(Samples.OURS, Samples.HELLO, false);
    for (int i = 0; i < 44; i++) {
      warmUp.add(2, 100, 2);
      assertThat(warmUp.isDone()).isFalse();
    }
    warmUp.add(2, 100, 2);
    assertThat(warmUp.isDone()).isTrue();
  }
}

package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StatisticsTest {
  private static List<Double> upTo(int n) {
    List<Double> values =
        IntStream.rangeClosed(1, n).mapToObj(i -> (double) i).collect(Collectors.toList());
    Collections.shuffle(values, new Random(1));
    return values;
  }

  @Test
  void median_oddCount_isTheMiddleOne() {
    assertThat(Statistics.of(upTo(15)).median()).isEqualTo(8);
  }

  @Test
  void median_evenCount_isBetweenTheMiddleTwo() {
    assertThat(Statistics.of(upTo(4)).median()).isEqualTo(2.5);
  }

  /** The ranks of the published tables of the sign test: 4 and 12 of 15, 1 and 6 of 6. */
  @Test
  void interval_knownCounts_hasTheRanksOfTheSignTest() {
    assertThat(Statistics.of(upTo(15))).isEqualTo(new Statistics(8, 4, 12, 15));
    assertThat(Statistics.of(upTo(6))).isEqualTo(new Statistics(3.5, 1, 6, 6));
    assertThat(Statistics.of(upTo(9))).isEqualTo(new Statistics(5, 2, 8, 9));
    assertThat(Statistics.of(upTo(20))).isEqualTo(new Statistics(10.5, 6, 15, 20));
  }

  @Test
  void interval_tooFewForNinetyFivePercent_isAllThereIs() {
    assertThat(Statistics.of(upTo(5))).isEqualTo(new Statistics(3, 1, 5, 5));
    assertThat(Statistics.of(upTo(1))).isEqualTo(new Statistics(1, 1, 1, 1));
  }

  /** What the interval promises, of a spread that is not symmetric. */
  @Test
  void interval_manySamplesOfFifteen_holdsTheTrueMedianInAtLeast95Percent() {
    Random random = new Random(7);
    int held = 0;
    int samples = 4_000;
    for (int i = 0; i < samples; i++) {
      List<Double> values = new ArrayList<>();
      for (int j = 0; j < 15; j++) {
        values.add(-Math.log(1 - random.nextDouble()));
      }
      Statistics statistics = Statistics.of(values);
      if (statistics.low() <= Math.log(2) && Math.log(2) <= statistics.high()) {
        held++;
      }
    }
    // The sign test with ranks 4 and 12 of 15 holds 96.5 %.
    assertThat(held / (double) samples).isCloseTo(0.965, within(0.012));
  }

  @Test
  void of_nothing_isRefused() {
    assertThatThrownBy(() -> Statistics.of(List.of())).isInstanceOf(IllegalArgumentException.class);
  }
}

package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ResultsTest {
  private final Results results = new Results();

  /** The machine gets slower from round to round, and ours is always twice as fast. */
  @Test
  void ratio_machineDrifts_isTakenWithinEachRound() {
    Samples.add(results, Samples.HELLO, Samples.OURS, 200, 160, 100);
    Samples.add(results, Samples.HELLO, Samples.GO, 100, 80, 50);

    assertThat(results.ratio(Samples.HELLO, Samples.OURS, Samples.GO, Sample::value))
        .contains(new Statistics(2, 2, 2, 3));
  }

  @Test
  void ratio_aRoundIsMissing_isNotShiftedByIt() {
    Samples.add(results, Samples.HELLO, Samples.OURS, 200, 160, 100);
    results.add(Samples.HELLO, Samples.GO, 1, Sample.of(80));
    results.add(Samples.HELLO, Samples.GO, 2, Sample.of(50));

    assertThat(results.ratio(Samples.HELLO, Samples.OURS, Samples.GO, Sample::value))
        .contains(new Statistics(2, 2, 2, 2));
  }

  @Test
  void ratio_neverInOneRound_isNone() {
    results.add(Samples.HELLO, Samples.OURS, 0, Sample.of(1));
    results.add(Samples.HELLO, Samples.GO, 1, Sample.of(1));

    assertThat(results.ratio(Samples.HELLO, Samples.OURS, Samples.GO, Sample::value)).isEmpty();
  }

  @Test
  void ratio_figureThatIsNotMeasured_isNone() {
    Samples.add(results, Samples.CLONE, Samples.OURS, 1);
    Samples.add(results, Samples.CLONE, Samples.APACHE, 1);

    assertThat(results.ratio(Samples.CLONE, Samples.OURS, Samples.APACHE, Sample::p99)).isEmpty();
  }

  @Test
  void best_ofRequests_isTheFastestOther() {
    Samples.add(results, Samples.HELLO, Samples.OURS, 900);
    Samples.add(results, Samples.HELLO, Samples.PORTABLE, 800);
    Samples.add(results, Samples.HELLO, Samples.APACHE, 300);
    Samples.add(results, Samples.HELLO, Samples.GO, 500);

    assertThat(results.best(Samples.HELLO)).contains(Samples.GO);
  }

  @Test
  void best_ofTimes_isTheShortestOther() {
    Samples.add(results, Samples.CLONE, Samples.OURS, 0.1);
    Samples.add(results, Samples.CLONE, Samples.APACHE, 0.3);
    Samples.add(results, Samples.CLONE, Samples.GO, 0.5);

    assertThat(results.best(Samples.CLONE)).contains(Samples.APACHE);
  }
}

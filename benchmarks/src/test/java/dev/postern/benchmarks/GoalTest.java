package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import org.junit.jupiter.api.Test;

class GoalTest {
  @Test
  void all_areTheFiguresThatMustBeReached() {
    assertThat(Goal.ALL)
        .extracting(
            Goal::caseName, Goal::figureName, Goal::ours, Goal::other, Goal::atLeast, Goal::bound)
        .containsExactlyInAnyOrder(
            tuple("c", "rate", "postern", "go", true, 1.0),
            tuple("c", "rate", "postern", "lighttpd", true, 1.1),
            tuple("c", "rate", "postern", "nginx", true, 1.3),
            tuple("c", "rate", "postern", "apache", true, 1.8),
            tuple("c", "rate", "postern17", "lighttpd", true, 1.0),
            tuple("c", "rate", "postern17", "tomcat", true, 15.0),
            tuple("perl", "rate", "postern", "", true, 1.0),
            tuple("python", "rate", "postern", "", true, 1.0),
            tuple("clone", "time", "postern", "apache", false, 1.05),
            tuple("out", "rate", "postern", "", true, 1.0),
            tuple("echo", "rate", "postern", "", true, 0.9),
            tuple("c", "p99", "postern", "go", false, 1.0));
  }

  private static Goal goal(String caseName, String figureName, String other) {
    return Goal.ALL.stream()
        .filter(goal -> goal.caseName().equals(caseName))
        .filter(goal -> goal.figureName().equals(figureName) && goal.other().equals(other))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void isReached_atLeast_whenTheIntervalTouchesTheBound() {
    Goal rate = goal("c", "rate", "go");

    assertThat(rate.isReached(new Statistics(0.95, 0.9, 1.0, 15))).isTrue();
    assertThat(rate.isReached(new Statistics(0.95, 0.9, 0.99, 15))).isFalse();
    assertThat(rate.isReached(new Statistics(1.2, 1.1, 1.3, 15))).isTrue();
  }

  @Test
  void isReached_atMost_whenTheIntervalTouchesTheBound() {
    Goal p99 = goal("c", "p99", "go");

    assertThat(p99.isReached(new Statistics(1.1, 1.0, 1.2, 15))).isTrue();
    assertThat(p99.isReached(new Statistics(1.1, 1.01, 1.2, 15))).isFalse();
    assertThat(p99.isReached(new Statistics(0.5, 0.4, 0.6, 15))).isTrue();
  }

  @Test
  void ratio_p99_comparesTheSlowRequestsAndNotTheRate() {
    Results results = new Results();
    results.add(Samples.HELLO, Samples.OURS, 0, Samples.withP99(100, 30));
    results.add(Samples.HELLO, Samples.GO, 0, Samples.withP99(50, 10));

    assertThat(goal("c", "p99", "go").ratio(results)).contains(new Statistics(3, 3, 3, 1));
  }

  @Test
  void ratio_bestOfTheOthers_isAgainstThatOne() {
    Results results = new Results();
    Case perl = Case.named("perl").orElseThrow();
    Samples.add(results, perl, Samples.OURS, 100);
    Samples.add(results, perl, Samples.GO, 80);
    Samples.add(results, perl, Samples.APACHE, 200);

    assertThat(goal("perl", "rate", "").peer(results)).contains(Samples.APACHE);
    assertThat(goal("perl", "rate", "").ratio(results)).contains(new Statistics(0.5, 0.5, 0.5, 1));
  }

  @Test
  void ratio_nothingMeasured_isNone() {
    assertThat(goal("perl", "rate", "").ratio(new Results())).isEmpty();
  }
}

package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LookBudgetTest {
  private final LookBudget budget = new LookBudget();

  @Test
  void looks_getTheirShareOfTheTime() {
    long time = 0;
    long taken = 0;
    long pause = 0;
    for (int i = 0; i < 1_000; i++) {
      long elapsed = pause + millis(150);
      pause = budget.charge(elapsed, millis(100));
      time += elapsed;
      taken += millis(100);
    }
    assertThat((double) taken / time).isBetween(0.0195, 0.0205);
  }

  @Test
  void whatWasSaved_isBounded() {
    assertThat(budget.charge(TimeUnit.DAYS.toNanos(1), millis(LookBudget.SAVED_MILLIS))).isZero();
    assertThat(budget.charge(0, millis(1))).isEqualTo(millis(LookBudget.SHARE));
  }

  @Test
  void cheapLooks_needNoRest() {
    for (int i = 0; i < 10_000; i++) {
      assertThat(budget.charge(millis(50), millis(1))).isZero();
    }
  }

  @Test
  void thread_isChargedForWhatItDoes() {
    budget.begin();
    long start = System.nanoTime();
    long rest = 0;
    while (rest == 0 && System.nanoTime() - start < TimeUnit.SECONDS.toNanos(60)) {
      rest = budget.rest();
    }
    assertThat(rest).isPositive();
  }

  private static long millis(long millis) {
    return TimeUnit.MILLISECONDS.toNanos(millis);
  }
}

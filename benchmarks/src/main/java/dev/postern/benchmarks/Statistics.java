package dev.postern.benchmarks;

import java.util.List;
import java.util.Locale;

/**
 * The median of some measurements, and the interval in which the true median may lie.
 *
 * @param low the lower end of the interval that holds the true median with 95 % certainty
 * @param high the upper end of this interval
 * @param count the number of measurements
 */
record Statistics(double median, double low, double high, int count) {
  private static final double TAIL = 0.025;

  /** Takes the interval from order statistics, which assume nothing about the distribution. */
  static Statistics of(List<Double> measured) {
    double[] values = measured.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (values.length == 0) {
      throw new IllegalArgumentException("there must be a measurement");
    }
    int outside = outside(values.length);
    return new Statistics(
        median(values), values[outside], values[values.length - 1 - outside], values.length);
  }

  private static double median(double[] sorted) {
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /**
   * Returns the index of the interval's lower end in the sorted values. Each value lies below the
   * true median with probability 1/2, like the heads of a fair coin. The index is the largest
   * number of heads for which so few or fewer, in {@code n} throws, have a probability of at most
   * {@link #TAIL}. With fewer than six values the interval holds less than 95 %.
   */
  private static int outside(int n) {
    double probability = Math.pow(0.5, n);
    double sum = probability;
    int heads = 0;
    while (sum <= TAIL) {
      probability = probability * (n - heads) / (heads + 1);
      heads++;
      sum += probability;
    }
    return Math.max(0, heads - 1);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.2f [%.2f, %.2f]", median, low, high);
  }
}

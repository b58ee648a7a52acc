package dev.postern.benchmarks;

import java.util.List;
import java.util.Locale;

/**
 * The median of some measurements, and where it may lie.
 *
 * @param low the lower end of the interval that holds the true median with 95 % certainty
 * @param high its upper end
 * @param count of the measurements
 */
record Statistics(double median, double low, double high, int count) {
  private static final double TAIL = 0.025;

  /** By order statistics: nothing is assumed of how the values are spread. */
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
   * Where the interval begins in the sorted values: as far in as a fair coin shows so few heads, in
   * that many throws, with at most {@link #TAIL}. Fewer than six values hold less than 95 %.
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

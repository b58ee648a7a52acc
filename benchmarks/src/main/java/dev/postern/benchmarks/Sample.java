package dev.postern.benchmarks;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The figures of one turn of one server.
 *
 * @param value in the unit of the case
 * @param p50 half of the requests took at most so many ms; NaN where this is not measured
 * @param p99 all but a hundredth of the requests took at most so many ms
 * @param requests that were answered; 0 where they are not counted
 * @param memory of the server after the turn, in MB
 */
record Sample(double value, double p50, double p99, long requests, double memory, int threads) {
  private static final Pattern REQUESTS = Pattern.compile("([0-9]+) requests in ");

  static Sample of(double value) {
    return new Sample(value, Double.NaN, Double.NaN, 0, Double.NaN, 0);
  }

  Sample with(double newMemory, int newThreads) {
    return new Sample(value, p50, p99, requests, newMemory, newThreads);
  }

  /**
   * Reads the output of {@code wrk --latency}.
   *
   * @throws IllegalArgumentException when not every request was answered
   */
  static Sample ofWrk(String output) {
    for (String line : output.lines().toList()) {
      if (line.contains("Non-2xx") || line.contains("Socket errors")) {
        throw new IllegalArgumentException("every request must be answered: " + line.trim());
      }
    }
    return new Sample(
        Double.parseDouble(field(output, "Requests/sec:")),
        millis(field(output, "50%")),
        millis(field(output, "99%")),
        requests(output),
        Double.NaN,
        0);
  }

  private static long requests(String output) {
    Matcher told = REQUESTS.matcher(output);
    if (!told.find()) {
      throw new IllegalArgumentException("wrk must tell the requests\n" + output);
    }
    return Long.parseLong(told.group(1));
  }

  private static String field(String output, String name) {
    @Nullable String found = null;
    for (String line : output.lines().toList()) {
      if (line.trim().startsWith(name)) {
        found = line.trim().substring(name.length()).trim();
      }
    }
    if (found == null) {
      throw new IllegalArgumentException("wrk must tell " + name + "\n" + output);
    }
    return found;
  }

  private static double millis(String time) {
    double factor = time.endsWith("us") ? 0.001 : time.endsWith("ms") ? 1 : 1000;
    return Double.parseDouble(time.replaceAll("[a-z]+$", "")) * factor;
  }

  @Override
  public String toString() {
    String text = String.format(Locale.ROOT, "%.2f", value);
    return Double.isNaN(p99) ? text : text + String.format(Locale.ROOT, ", p99 %.1f ms", p99);
  }
}

package dev.postern.benchmarks;

import java.io.PrintStream;
import java.util.Locale;

/** What a long run says of itself, on standard error. */
final class Progress {
  private final PrintStream out;
  private final long start = System.nanoTime();
  private int done;
  private int all;

  Progress(PrintStream out) {
    this.out = out;
  }

  void line(String text) {
    out.println("compare: " + text);
  }

  void expect(int steps) {
    all = steps;
  }

  /** One step of those that are expected. */
  void step(String text) {
    done++;
    double minutes = (System.nanoTime() - start) / 60e9;
    out.printf(
        Locale.ROOT,
        "compare: %d/%d, %.1f min, about %.1f left: %s%n",
        done,
        all,
        minutes,
        minutes / done * (all - done),
        text);
  }
}

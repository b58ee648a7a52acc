package dev.postern.benchmarks;

import java.io.PrintStream;
import java.util.Locale;

/** What a long run says of itself, on standard error. */
final class Progress {
  private final PrintStream out;
  private long start = System.nanoTime();
  private double done;
  private double all;

  Progress(PrintStream out) {
    this.out = out;
  }

  void line(String text) {
    out.println("compare: " + text);
  }

  /** How long it takes all in all, by a guess, from now on. */
  void expect(double seconds) {
    all = seconds;
    start = System.nanoTime();
    out.printf(Locale.ROOT, "compare: about %.0f min%n", Math.ceil(seconds / 60));
  }

  /** A step is done of which the guess was so much. */
  void done(double seconds, String text) {
    done += seconds;
    double minutes = (System.nanoTime() - start) / 60e9;
    out.printf(
        Locale.ROOT,
        "compare: %.1f min, about %.1f left: %s%n",
        minutes,
        Math.max(0, minutes / done * (all - done)),
        text);
  }
}

package dev.postern.benchmarks;

import java.io.PrintStream;
import java.util.Locale;

/** Prints how far a long run has come. */
final class Progress {
  private final String name;
  private final PrintStream out;
  private long start = System.nanoTime();
  private double done;
  private double all;

  /** Each line begins with the name. */
  Progress(String name, PrintStream out) {
    this.name = name;
    this.out = out;
  }

  void line(String text) {
    out.println(name + ": " + text);
  }

  /** Starts the clock. The run should take about so many seconds from now on. */
  void expect(double seconds) {
    all = seconds;
    start = System.nanoTime();
    out.printf(Locale.ROOT, "%s: about %.0f min%n", name, Math.ceil(seconds / 60));
  }

  /** Counts a step as done that should have taken so many seconds, and prints the time left. */
  void done(double seconds, String text) {
    done += seconds;
    double minutes = (System.nanoTime() - start) / 60e9;
    out.printf(
        Locale.ROOT,
        "%s: %.1f min, about %.1f left: %s%n",
        name,
        minutes,
        Math.max(0, minutes / done * (all - done)),
        text);
  }
}

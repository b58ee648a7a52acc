package dev.postern.benchmarks;

import java.io.PrintStream;
import java.util.Locale;

/** What a long run says of itself, on standard error. */
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

  /** How long it takes all in all, by a guess, from now on. */
  void expect(double seconds) {
    all = seconds;
    start = System.nanoTime();
    out.printf(Locale.ROOT, "%s: about %.0f min%n", name, Math.ceil(seconds / 60));
  }

  /** A step is done of which the guess was so much. */
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

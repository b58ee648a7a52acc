package dev.postern.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a server gets before it is measured: load until it gets no faster. What a JIT compiler does
 * is not what is compared.
 */
final class WarmUp {
  /** A JVM pauses in getting faster: in its first seconds two like slices say nothing. */
  private static final double JVM_LEAST = 12;

  private static final double LEAST = 2;
  private static final double JVM_MOST = 24;
  private static final double MOST = 10;
  private static final double SAME = 0.05;

  private final double least;
  private final double most;
  private final List<Double> slices = new ArrayList<>();
  private double time;

  private WarmUp(double least, double most) {
    this.least = least;
    this.most = most;
  }

  static WarmUp of(Peer peer, Case asked) {
    boolean jvm = peer.isJvm() && asked.isOfRequests();
    return new WarmUp(jvm ? JVM_LEAST : LEAST, jvm ? JVM_MOST : MOST);
  }

  /** About how long it takes. */
  static double expected(Peer peer, Case asked) {
    WarmUp warmUp = of(peer, asked);
    return (warmUp.least + warmUp.most) / 2;
  }

  /** A slice of load, and how fast it was. */
  void add(double seconds, double value) {
    time += seconds;
    slices.add(value);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "warm after %.0f s", time);
  }

  /** Whether the last two slices differ by less than 5 %, or it took long enough anyway. */
  boolean isDone() {
    if (time >= most) {
      return true;
    }
    if (time < least || slices.size() < 2) {
      return false;
    }
    double last = slices.get(slices.size() - 1);
    double before = slices.get(slices.size() - 2);
    return Math.abs(last - before) < SAME * Math.max(last, before);
  }
}

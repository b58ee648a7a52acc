package dev.postern.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a server gets before it is measured: load until it gets no faster, and a JVM until its
 * compilers rest. What they do is not what is compared.
 */
final class WarmUp {
  private static final double LEAST = 2;
  private static final double MOST = 10;
  private static final double SAME = 0.05;

  /** In its first seconds a JVM pauses in getting faster, and its compilers with it. */
  private static final double JVM_LEAST = 12;

  private static final double JVM_MOST = 90;

  /** Of a run of two minutes, whose figures are only held against each other. */
  private static final double BRIEF_MOST = 15;

  /** So much of one processor is rest. */
  private static final double REST = 0.02;

  private final double least;
  private final double most;
  private final List<Double> slices = new ArrayList<>();
  private final boolean compiles;
  private double time;
  private double compiling;

  private WarmUp(boolean compiles, boolean brief) {
    this.compiles = compiles;
    this.least = compiles ? JVM_LEAST : LEAST;
    this.most = !compiles ? MOST : brief ? BRIEF_MOST : JVM_MOST;
  }

  static WarmUp of(Peer peer, Case asked, boolean brief) {
    return new WarmUp(peer.isJvm() && asked.isOfRequests(), brief);
  }

  /** About how long it takes. */
  static double expected(Peer peer, Case asked, boolean brief) {
    WarmUp warmUp = of(peer, asked, brief);
    return (warmUp.least + warmUp.most) / 2;
  }

  /**
   * A slice of load, and how fast it was.
   *
   * @param compilerSeconds what the JVM's compilers took of it
   */
  void add(double seconds, double value, double compilerSeconds) {
    time += seconds;
    slices.add(value);
    compiling = compilerSeconds / seconds;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "warm after %.0f s", time);
  }

  /**
   * Whether a JVM's compilers rested in the last slice, or of another server the last two differ by
   * less than 5 %; or it took long enough anyway.
   */
  boolean isDone() {
    if (time >= most) {
      return true;
    }
    if (time < least || slices.size() < 2) {
      return false;
    }
    if (compiles) {
      return compiling < REST;
    }
    double last = slices.get(slices.size() - 1);
    double before = slices.get(slices.size() - 2);
    return Math.abs(last - before) < SAME * Math.max(last, before);
  }
}

package dev.postern.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The load that a server gets before it is measured. It lasts until the server gets no faster, and
 * for a JVM until its compilers rest. The measurements shall not contain the work of the compilers.
 */
final class WarmUp {
  private static final double LEAST = 2;
  private static final double MOST = 10;
  private static final double SAME = 0.05;

  /**
   * In its first seconds a JVM may stop getting faster for a while, with its compilers at rest, and
   * then go on.
   */
  private static final double JVM_LEAST = 12;

  private static final double JVM_MOST = 90;

  /** The limit in a run of two minutes, whose figures are only compared with each other. */
  private static final double BRIEF_MOST = 15;

  /** Compilers that take less than this part of one processor are at rest. */
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

  /** Returns about how long the warm-up takes. */
  static double expected(Peer peer, Case asked, boolean brief) {
    WarmUp warmUp = of(peer, asked, brief);
    return (warmUp.least + warmUp.most) / 2;
  }

  /**
   * Adds a slice of load, and how fast the server was.
   *
   * @param compilerSeconds the time that the JVM's compilers took in this slice
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
   * Returns whether the server is warm. For requests to a JVM, its compilers must have rested in
   * the last slice. Otherwise the last two slices must differ by less than 5 %. In any case the
   * warm-up ends at its longest time.
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

package dev.postern.benchmarks;

/** Results made up for tests. */
final class Samples {
  static final Case HELLO = Case.named("c").orElseThrow();
  static final Case CLONE = Case.named("clone").orElseThrow();
  static final Peer OURS = Peers.named(Peers.OURS).orElseThrow();
  static final Peer PORTABLE = Peers.named(Peers.PORTABLE).orElseThrow();
  static final Peer GO = Peers.named("go").orElseThrow();
  static final Peer APACHE = Peers.named("apache").orElseThrow();
  static final Peer TOMCAT = Peers.named("tomcat").orElseThrow();

  private Samples() {}

  /** Adds one value for each round, from round 0 on. */
  static void add(Results results, Case asked, Peer peer, double... values) {
    for (int round = 0; round < values.length; round++) {
      results.add(asked, peer, round, Sample.of(values[round]));
    }
  }

  static Sample withP99(double value, double p99) {
    return new Sample(value, p99 / 4, p99, 1000, 50, 9);
  }
}

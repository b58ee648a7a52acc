package dev.postern.benchmarks;

import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * A ratio that our server must reach. The goal counts as reached when one end of the median's
 * interval reaches the bound.
 *
 * @param other the name of a server, or an empty text for the best of the other servers
 * @param atLeast true if the ratio must be at least the bound, false if at most
 */
record Goal(
    String caseName,
    String figureName,
    ToDoubleFunction<Sample> figure,
    String ours,
    String other,
    boolean atLeast,
    double bound) {
  static final List<Goal> ALL =
      List.of(
          atLeast("c", Peers.OURS, "go", 1.0),
          atLeast("c", Peers.OURS, "lighttpd", 1.1),
          atLeast("c", Peers.OURS, "nginx", 1.3),
          atLeast("c", Peers.OURS, "apache", 1.8),
          atLeast("c", Peers.PORTABLE, "lighttpd", 1.0),
          atLeast("c", Peers.PORTABLE, "tomcat", 15),
          atLeast("perl", Peers.OURS, "", 1.0),
          atLeast("python", Peers.OURS, "", 1.0),
          new Goal("clone", "time", Sample::value, Peers.OURS, "apache", false, 1.05),
          atLeast("out", Peers.OURS, "", 1.0),
          atLeast("echo", Peers.OURS, "", 0.9),
          new Goal("c", "p99", Sample::p99, Peers.OURS, "go", false, 1.0));

  private static Goal atLeast(String caseName, String ours, String other, double bound) {
    return new Goal(caseName, "rate", Sample::value, ours, other, true, bound);
  }

  Optional<Peer> peer(Results results) {
    return Case.named(caseName)
        .flatMap(asked -> other.isEmpty() ? results.best(asked) : Peers.named(other));
  }

  Optional<Statistics> ratio(Results results) {
    Peer mine = Peers.named(ours).orElseThrow();
    return peer(results)
        .flatMap(theirs -> results.ratio(Case.named(caseName).orElseThrow(), mine, theirs, figure));
  }

  boolean isReached(Statistics ratio) {
    return atLeast ? ratio.high() >= bound : ratio.low() <= bound;
  }
}

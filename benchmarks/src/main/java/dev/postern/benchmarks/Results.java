package dev.postern.benchmarks;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** All turns of all servers: the n-th of two servers were taken side by side. */
final class Results {
  private final Map<Case, Map<Peer, List<Sample>>> samples = new LinkedHashMap<>();

  void add(Case asked, Peer peer, Sample sample) {
    samples
        .computeIfAbsent(asked, c -> new LinkedHashMap<>())
        .computeIfAbsent(peer, p -> new ArrayList<>())
        .add(sample);
  }

  Iterable<Case> cases() {
    return samples.keySet();
  }

  /** The servers of a case, in the order in which they are listed. */
  List<Peer> peers(Case asked) {
    Map<Peer, List<Sample>> turns = samples.getOrDefault(asked, new HashMap<>());
    return Peers.ALL.stream().filter(turns::containsKey).toList();
  }

  private List<Sample> samples(Case asked, Peer peer) {
    return samples.getOrDefault(asked, Map.of()).getOrDefault(peer, List.of());
  }

  Optional<Statistics> of(Case asked, Peer peer, ToDoubleFunction<Sample> figure) {
    List<Double> values =
        samples(asked, peer).stream()
            .mapToDouble(figure)
            .filter(value -> !Double.isNaN(value))
            .boxed()
            .toList();
    return values.isEmpty() ? Optional.empty() : Optional.of(Statistics.of(values));
  }

  /** One server's figure divided by another's, turn by turn. */
  Optional<Statistics> ratio(Case asked, Peer peer, Peer other, ToDoubleFunction<Sample> figure) {
    List<Sample> ours = samples(asked, peer);
    List<Sample> theirs = samples(asked, other);
    List<Double> ratios =
        IntStream.range(0, Math.min(ours.size(), theirs.size()))
            .mapToDouble(
                i -> figure.applyAsDouble(ours.get(i)) / figure.applyAsDouble(theirs.get(i)))
            .filter(ratio -> !Double.isNaN(ratio))
            .boxed()
            .toList();
    return ratios.isEmpty() ? Optional.empty() : Optional.of(Statistics.of(ratios));
  }

  /** The best of the others in this case. */
  Optional<Peer> best(Case asked) {
    Optional<Peer> best = Optional.empty();
    double bestValue = 0;
    for (Peer peer : peers(asked)) {
      double value = of(asked, peer, Sample::value).orElseThrow().median();
      boolean better = asked.kind().moreIsBetter ? value > bestValue : value < bestValue;
      if (!Peers.isOurs(peer) && (best.isEmpty() || better)) {
        best = Optional.of(peer);
        bestValue = value;
      }
    }
    return best;
  }
}

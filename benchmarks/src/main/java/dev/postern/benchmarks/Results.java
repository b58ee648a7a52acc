package dev.postern.benchmarks;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** All turns of all servers. Turns of the same round ran side by side, so they can be compared. */
final class Results {
  /** A server that was not measured for a case, and why. */
  record Skipped(Case asked, Peer peer, String reason) {}

  private final Map<Case, Map<Peer, SortedMap<Integer, Sample>>> samples = new LinkedHashMap<>();
  private final Map<Case, Map<Peer, JvmCosts.PerRequest>> costs = new HashMap<>();
  private final Set<Skipped> skipped = new LinkedHashSet<>();

  /**
   * @param round a number that no other round of the run has
   */
  void add(Case asked, Peer peer, int round, Sample sample) {
    samples
        .computeIfAbsent(asked, c -> new LinkedHashMap<>())
        .computeIfAbsent(peer, p -> new TreeMap<>())
        .put(round, sample);
  }

  void addCosts(Case asked, Peer peer, JvmCosts.PerRequest cost) {
    costs.computeIfAbsent(asked, c -> new HashMap<>()).put(peer, cost);
  }

  void skip(Case asked, Peer peer, String reason) {
    skipped.add(new Skipped(asked, peer, reason));
  }

  Iterable<Case> cases() {
    return samples.keySet();
  }

  List<Skipped> skipped() {
    return List.copyOf(skipped);
  }

  Optional<JvmCosts.PerRequest> costs(Case asked, Peer peer) {
    return Optional.ofNullable(costs.getOrDefault(asked, Map.of()).get(peer));
  }

  /** Returns the servers that have turns of a case, in the order of {@link Peers#ALL}. */
  List<Peer> peers(Case asked) {
    Map<Peer, SortedMap<Integer, Sample>> turns = samples.getOrDefault(asked, Map.of());
    return Peers.ALL.stream().filter(turns::containsKey).toList();
  }

  private SortedMap<Integer, Sample> samples(Case asked, Peer peer) {
    return samples.getOrDefault(asked, Map.of()).getOrDefault(peer, new TreeMap<>());
  }

  Optional<Statistics> of(Case asked, Peer peer, ToDoubleFunction<Sample> figure) {
    List<Double> values =
        samples(asked, peer).values().stream()
            .mapToDouble(figure)
            .filter(value -> !Double.isNaN(value))
            .boxed()
            .toList();
    return values.isEmpty() ? Optional.empty() : Optional.of(Statistics.of(values));
  }

  /** Returns one server's figure divided by another's, over the rounds that have both. */
  Optional<Statistics> ratio(Case asked, Peer peer, Peer other, ToDoubleFunction<Sample> figure) {
    SortedMap<Integer, Sample> theirs = samples(asked, other);
    List<Double> ratios = new ArrayList<>();
    samples(asked, peer)
        .forEach(
            (round, sample) -> {
              if (theirs.containsKey(round)) {
                ratios.add(figure.applyAsDouble(sample) / figure.applyAsDouble(theirs.get(round)));
              }
            });
    ratios.removeIf(ratio -> ratio.isNaN());
    return ratios.isEmpty() ? Optional.empty() : Optional.of(Statistics.of(ratios));
  }

  /** Returns the best server of this case that is not ours. */
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

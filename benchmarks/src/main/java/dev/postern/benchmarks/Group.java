package dev.postern.benchmarks;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Servers that get the same requests in turns, and are compared with each other. */
record Group(Case asked, List<Peer> peers) {
  /** Returns the groups in the order in which they are measured. */
  static List<Group> of(Options options) {
    return options.goals() ? ofGoals(options) : ofAll(options);
  }

  private static List<Group> ofAll(Options options) {
    return options.cases().stream()
        .map(
            asked ->
                new Group(asked, options.peers().stream().filter(peer -> peer.can(asked)).toList()))
        .toList();
  }

  /**
   * Makes a group for each case: the servers that its goals name. A goal against the best of the
   * others needs all rivals.
   */
  private static List<Group> ofGoals(Options options) {
    Map<String, Set<String>> wanted = new HashMap<>();
    for (Goal goal : Goal.ALL) {
      Set<String> names = wanted.computeIfAbsent(goal.caseName(), name -> new HashSet<>());
      names.add(goal.ours());
      if (goal.other().isEmpty()) {
        names.addAll(Peers.RIVALS);
      } else {
        names.add(goal.other());
      }
    }
    return options.cases().stream()
        .map(asked -> new Group(asked, named(wanted.getOrDefault(asked.name(), Set.of()), options)))
        .filter(group -> !group.peers().isEmpty())
        .toList();
  }

  private static List<Peer> named(Set<String> names, Options options) {
    return options.peers().stream().filter(peer -> names.contains(peer.name())).toList();
  }

  /** Returns this group without the servers that do not run. */
  Group only(Set<Peer> there) {
    return new Group(asked, peers.stream().filter(there::contains).toList());
  }

  /** Returns about how long the group takes, its warm-up included. */
  double seconds(Options options) {
    double turn = asked.kind().seconds(options.seconds());
    return peers.stream()
        .mapToDouble(
            peer -> options.rounds() * turn + WarmUp.expected(peer, asked, options.brief()))
        .sum();
  }
}

package dev.postern.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
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
   * Makes a group for each case and each server of ours that has a goal. The group holds that
   * server and those that its goals name; a goal against the best of the others needs all rivals.
   */
  private static List<Group> ofGoals(Options options) {
    Map<String, Map<String, Set<String>>> wanted = new LinkedHashMap<>();
    for (Goal goal : Goal.ALL) {
      Set<String> names =
          wanted
              .computeIfAbsent(goal.caseName(), name -> new LinkedHashMap<>())
              .computeIfAbsent(goal.ours(), name -> new LinkedHashSet<>());
      names.add(goal.ours());
      if (goal.other().isEmpty()) {
        Peers.RIVALS.forEach(names::add);
      } else {
        names.add(goal.other());
      }
    }
    List<Group> groups = new ArrayList<>();
    for (Case asked : options.cases()) {
      for (Set<String> names : wanted.getOrDefault(asked.name(), Map.of()).values()) {
        groups.add(
            new Group(
                asked,
                options.peers().stream().filter(peer -> names.contains(peer.name())).toList()));
      }
    }
    return groups;
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

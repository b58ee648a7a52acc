package dev.postern.benchmarks;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The options of the command line.
 *
 * @param goals whether to measure only the pairs that a goal needs
 * @param brief whether to measure only what two minutes are enough for, and to compare it with the
 *     committed report
 * @param seconds the length of each turn
 */
record Options(
    boolean goals,
    boolean brief,
    int rounds,
    double seconds,
    List<Case> cases,
    List<Peer> peers,
    Path out) {
  private static final String USAGE =
      """
      usage: benchmarks/compare [--full | --goals | --short] [--rounds N] [--seconds S]
                                [--cases NAME,…] [--servers NAME,…] [--out DIRECTORY]
        --full      15 rounds of 5 s of everything: an hour and more. Otherwise 3 of 2 s
        --goals     15 rounds of 5 s of what the goals need, less than an hour
        --short     two minutes: whether a ratio of docs/benchmarks.md has fallen by more than
                    its interval. Ends with 1 if one has
        --cases     %s
        --servers   %s
        --out       where the report and the chart go; benchmarks/target/compare
      """;

  static final int CLAIM_ROUNDS = 15;
  static final double CLAIM_SECONDS = 5;

  /** The fewest rounds whose interval one bad round does not widen. */
  private static final int BRIEF_ROUNDS = 9;

  static String usage() {
    return USAGE.formatted(
        String.join(",", Case.ALL.stream().map(Case::name).toList()),
        String.join(",", Peers.ALL.stream().map(Peer::name).toList()));
  }

  /**
   * @throws IllegalArgumentException with a message for the user
   */
  static Options parse(List<String> arguments) {
    Deque<String> words = new ArrayDeque<>(arguments);
    boolean goals = false;
    boolean brief = false;
    int rounds = 3;
    double seconds = 2;
    List<Case> cases = Case.ALL;
    List<Peer> peers = Peers.ALL;
    Path out = Path.of("benchmarks", "target", "compare");
    while (!words.isEmpty()) {
      String word = words.remove();
      switch (word) {
        case "--full", "--goals" -> {
          goals = goals || word.equals("--goals");
          rounds = CLAIM_ROUNDS;
          seconds = CLAIM_SECONDS;
        }
        case "--short" -> {
          brief = true;
          rounds = BRIEF_ROUNDS;
          seconds = 1;
          cases = pick("c,out", Case::named);
          peers = pick("postern,go,lighttpd", Peers::named);
        }
        case "--rounds" -> rounds = (int) number(word, words);
        case "--seconds" -> seconds = number(word, words);
        case "--cases" -> cases = pick(value(word, words), Case::named);
        case "--servers" -> peers = pick(value(word, words), Peers::named);
        case "--out" -> out = Path.of(value(word, words));
        default -> throw new IllegalArgumentException("option must be known: " + word);
      }
    }
    if (rounds < 1 || !(seconds > 0)) {
      throw new IllegalArgumentException("there must be a round, of some time");
    }
    return new Options(goals, brief, rounds, seconds, cases, peers, out);
  }

  static String value(String word, Deque<String> words) {
    if (words.isEmpty()) {
      throw new IllegalArgumentException("option must have a value: " + word);
    }
    return words.remove();
  }

  static double number(String word, Deque<String> words) {
    String value = value(word, words);
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(word + " must be a number: " + value, e);
    }
  }

  private static <T> List<T> pick(String names, Function<String, Optional<T>> lookup) {
    List<T> picked = new ArrayList<>();
    for (String name : names.split(",", -1)) {
      picked.add(
          lookup
              .apply(name)
              .orElseThrow(() -> new IllegalArgumentException("name must be known: " + name)));
    }
    return picked;
  }
}

package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The ratios of the committed report, by case and server. A new run is compared with them. */
record Committed(Map<String, Statistics> ratios) {
  private static final Pattern ROW =
      Pattern.compile("\\| ([^|]+) \\| ([0-9.]+) \\[([0-9.]+), ([0-9.]+)] \\|.*");

  /** Reads what {@link Report} wrote. */
  static Committed read(Path report) throws IOException {
    return of(Files.readAllLines(report));
  }

  static Committed of(List<String> lines) {
    Map<String, Statistics> ratios = new LinkedHashMap<>();
    String title = "";
    for (String line : lines) {
      Matcher row = ROW.matcher(line);
      if (line.startsWith("## ")) {
        title = line.substring(3);
      } else if (!title.isEmpty() && row.matches()) {
        ratios.put(title + ", " + row.group(1), statistics(row));
      }
    }
    return new Committed(ratios);
  }

  private static Statistics statistics(Matcher row) {
    return new Statistics(number(row, 2), number(row, 3), number(row, 4), 0);
  }

  private static double number(Matcher row, int group) {
    return Double.parseDouble(row.group(group));
  }

  /** A ratio of this run, and the same ratio of the committed report. */
  private record Pair(String name, boolean moreIsBetter, Statistics now, Statistics kept) {
    boolean hasFallen() {
      return moreIsBetter ? now.high() < kept.low() : now.low() > kept.high();
    }

    @Override
    public String toString() {
      return name + ": " + now + ", was " + kept + (hasFallen() ? ": FALLEN" : ": holds");
    }
  }

  /** Returns a line of text for each ratio that both have. */
  List<String> beside(Results results) {
    return pairs(results).stream().map(Pair::toString).toList();
  }

  /**
   * Returns whether the interval of a ratio lies wholly on the bad side of its committed interval.
   */
  boolean hasFallen(Results results) {
    return pairs(results).stream().anyMatch(Pair::hasFallen);
  }

  private List<Pair> pairs(Results results) {
    Peer ours = Peers.named(Peers.OURS).orElseThrow();
    List<Pair> pairs = new ArrayList<>();
    for (Case asked : results.cases()) {
      for (Peer peer : results.peers(asked)) {
        String name = asked.title() + ", " + peer.title();
        Statistics kept = ratios.get(name);
        Optional<Statistics> now = results.ratio(asked, ours, peer, Sample::value);
        if (kept != null && now.isPresent()) {
          pairs.add(new Pair(name, asked.kind().moreIsBetter, now.get(), kept));
        }
      }
    }
    return pairs;
  }
}

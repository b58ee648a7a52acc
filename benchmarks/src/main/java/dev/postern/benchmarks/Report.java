package dev.postern.benchmarks;

import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * The results as Markdown. Servers are compared by ratios, as an absolute time says more about the
 * machine.
 */
final class Report {
  private final Results results;
  private final StringBuilder out = new StringBuilder();

  private Report(Results results) {
    this.results = results;
  }

  /**
   * @param about the machine, the command and the commit, in sentences
   */
  static String of(Results results, String about) {
    Report report = new Report(results);
    report.line("# Side by side with the peers").line("").line(about).line("");
    report.goals();
    for (Case asked : results.cases()) {
      report.section(asked);
    }
    report.skipped();
    return report.out.toString();
  }

  private Report line(String text) {
    out.append(text).append('\n');
    return this;
  }

  private void goals() {
    line("## What must be reached").line("");
    line("| case | figure | server | against | goal | median [95 %] | reached |");
    line("|---|---|---|---|---|---|---|");
    for (Goal goal : Goal.ALL) {
      Optional<Statistics> ratio = goal.ratio(results);
      line(
          "| %s | %s | %s | %s | %s %s | %s | %s |"
              .formatted(
                  Case.named(goal.caseName()).orElseThrow().title(),
                  goal.figureName(),
                  Peers.named(goal.ours()).orElseThrow().title(),
                  against(goal),
                  goal.atLeast() ? "≥" : "≤",
                  number(goal.bound()),
                  ratio.map(Statistics::toString).orElse("not measured"),
                  ratio.map(r -> goal.isReached(r) ? "yes" : "**no**").orElse("–")));
    }
    line("");
  }

  private String against(Goal goal) {
    String title = goal.peer(results).map(Peer::title).orElse("");
    return goal.other().isEmpty() ? ("the best: " + title) : title;
  }

  private void section(Case asked) {
    line("## " + asked.title()).line("");
    Peer ours = Peers.named(Peers.OURS).orElseThrow();
    String unit = asked.kind().unit;
    line(
        ("| server | Postern ÷ server | %s | p50 ms | p99 ms | MB | threads"
                + " | KB of heap a request | threads started a request |")
            .formatted(unit));
    line("|---|---|---|---|---|---|---|---|---|");
    for (Peer peer : results.peers(asked)) {
      String ratio =
          results.ratio(asked, ours, peer, Sample::value).map(Statistics::toString).orElse("–");
      line(
          "| %s | %s | %s | %s | %s | %s | %s | %s | %s |"
              .formatted(
                  peer.title(),
                  peer.equals(ours) ? "1" : ratio,
                  median(asked, peer, Sample::value),
                  median(asked, peer, Sample::p50),
                  median(asked, peer, Sample::p99),
                  median(asked, peer, Sample::memory),
                  median(asked, peer, Sample::threads),
                  cost(asked, peer, cost -> cost.bytes() / 1000),
                  cost(asked, peer, JvmCosts.PerRequest::threads)));
    }
    String better = asked.kind().moreIsBetter ? "above" : "below";
    line("").line("A ratio " + better + " 1 is for Postern.").line("");
  }

  private void skipped() {
    if (results.skipped().isEmpty()) {
      return;
    }
    line("## Not measured").line("");
    line("| case | server | reason |").line("|---|---|---|");
    for (Results.Skipped one : results.skipped()) {
      line(
          "| %s | %s | %s |"
              .formatted(
                  one.asked().title(),
                  one.peer().title(),
                  one.reason().replaceAll("\\s+", " ").replace("|", "\\|")));
    }
    line("");
  }

  private String cost(Case asked, Peer peer, ToDoubleFunction<JvmCosts.PerRequest> figure) {
    return results.costs(asked, peer).map(costs -> number(figure.applyAsDouble(costs))).orElse("–");
  }

  private String median(Case asked, Peer peer, ToDoubleFunction<Sample> figure) {
    return results.of(asked, peer, figure).map(s -> number(s.median())).orElse("–");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
  }
}

package dev.postern.benchmarks;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The results as a picture: a block of bars for each case, the longer the better. */
final class Chart {
  private static final int LABELS = 150;
  private static final int BARS = 420;
  private static final int WIDTH = LABELS + BARS + 90;
  private static final int BAR = 14;
  private static final int STEP = 19;
  private static final int TITLE = 30;

  private static final String STYLE =
      """
      <style>
        text { font: 12px system-ui, sans-serif; fill: #333 }
        .title { font-weight: 600 }
        .ours { fill: #2f6f8f } .other { fill: #b7bec6 } .spread { stroke: #555 }
        @media (prefers-color-scheme: dark) {
          text { fill: #ddd } .other { fill: #5a626b } .spread { stroke: #bbb }
        }
      </style>
      """;

  private final StringBuilder out = new StringBuilder();
  private int y;

  private Chart() {}

  static String of(Results results) {
    Chart chart = new Chart();
    for (Case asked : results.cases()) {
      chart.block(results, asked);
    }
    return """
    <svg xmlns="http://www.w3.org/2000/svg" width="%1$d" height="%2$d" viewBox="0 0 %1$d %2$d" \
    role="img" aria-label="Postern and its peers, relative to Postern on JDK 25">
    """
            .formatted(WIDTH, chart.y + 10)
        + STYLE
        + chart.out
        + "</svg>\n";
  }

  /** Draws a case. Each bar is a server's figure relative to ours, and a longer bar is better. */
  private void block(Results results, Case asked) {
    Peer ours = Peers.named(Peers.OURS).orElseThrow();
    // A server that never ran in the same round as ours has no ratio, so it gets no bar.
    List<Bar> bars =
        results.peers(asked).stream()
            .flatMap(peer -> bar(results, asked, peer, ours).stream())
            .toList();
    if (bars.isEmpty()) {
      return;
    }
    y += TITLE;
    add("<text class=\"title\" x=\"0\" y=\"%d\">%s</text>", y - 8, asked.title());
    double most = bars.stream().mapToDouble(Bar::high).max().orElse(1);
    for (Bar bar : bars) {
      double scale = BARS / most;
      int middle = y + BAR / 2;
      add("<text x=\"0\" y=\"%d\">%s</text>", y + BAR - 3, bar.peer.title());
      add(
          "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
          Peers.isOurs(bar.peer) ? "ours" : "other", LABELS, y, bar.median * scale, BAR);
      add(
          "<line class=\"spread\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
          LABELS + bar.low * scale, LABELS + bar.high * scale, middle, middle);
      add(
          "<text x=\"%.1f\" y=\"%d\">%.2f</text>",
          LABELS + bar.high * scale + 6, y + BAR - 3, bar.median);
      y += STEP;
    }
  }

  private record Bar(Peer peer, double median, double low, double high) {}

  private static Optional<Bar> bar(Results results, Case asked, Peer peer, Peer ours) {
    Optional<Statistics> ratio =
        asked.kind().moreIsBetter
            ? results.ratio(asked, peer, ours, Sample::value)
            : results.ratio(asked, ours, peer, Sample::value);
    return ratio.map(r -> new Bar(peer, r.median(), r.low(), r.high()));
  }

  private void add(String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}

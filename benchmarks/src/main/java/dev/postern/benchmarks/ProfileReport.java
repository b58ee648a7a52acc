package dev.postern.benchmarks;

import java.util.Locale;
import java.util.Map;

/** A {@link HotPath} as Markdown. */
final class ProfileReport {
  private static final int ROWS = 16;

  private final StringBuilder out = new StringBuilder();

  private ProfileReport() {}

  /**
   * @param warm requests before the recording
   * @param threads that the server has
   */
  static String of(HotPath path, ProcessTimes times, long warm, long requests, int threads) {
    ProfileReport report = new ProfileReport();
    report.head(path, times, warm, requests, threads);
    double all = path.samples;
    report.table("Time, by part", "part | share", path.timeByPart, all, 0);
    report.table("Time, by method", "method → the JDK's | share", path.timeByMethod, all, 0);
    double bytes = path.bytesByPart.values().stream().mapToDouble(b -> b).sum();
    report.table(
        "Heap, by part", "part | share | bytes a request", path.bytesByPart, bytes, requests);
    report.table(
        "Heap, by class", "class | share | bytes a request", path.bytesByClass, bytes, requests);
    return report.out.toString();
  }

  private void head(HotPath path, ProcessTimes times, long warm, long requests, int threads) {
    double all = times.user() + times.system() + times.children();
    out.append(
        String.format(
            Locale.ROOT,
            """
            # Where the time goes

            The shortest request: `postern serve` on JDK 25, isolation level L1, a heap of 64 MB, a static C
            program that writes `Hello`, 8 connections, recorded by JFR for 20 s after %d requests. Every 2 ms
            of processor time of a Java thread are a sample, in native code, too. A sample belongs to the
            innermost method that is ours or Jetty's; what that calls in the JDK is its own. Heap counts as
            taken when a thread got it for its objects, even if a collection came before it was full.

            Made by `benchmarks/profile` on commit %s; %s, %d processors, %s.
            Shares, since times say more of the machine.

            | of all processor time of the server and its programs | share |
            |---|---|
            | server, outside the kernel | %.0f %% |
            | server, in the kernel | %.0f %% |
            | programs, with their exec and exit | %.0f %% |

            %d samples of %d requests; %d more were lost. Threads: %d, of which %d were started during the
            recording: %.4f for a request.

            """,
            warm,
            System.getProperty("postern.commit", "unknown"),
            System.getProperty("os.name") + " " + System.getProperty("os.version"),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.arch"),
            100 * times.user() / all,
            100 * times.system() / all,
            100 * times.children() / all,
            path.samples,
            requests,
            path.lost,
            threads,
            path.threadsStarted,
            path.threadsStarted / (double) requests));
  }

  /** Writes a table of the largest shares. */
  private void table(
      String title, String columns, Map<String, Double> values, double all, long requests) {
    out.append("## ").append(title).append("\n\n| ").append(columns).append(" |\n|---|---|");
    out.append(requests > 0 ? "---|\n" : "\n");
    values.entrySet().stream()
        .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
        .limit(ROWS)
        .forEach(
            entry -> {
              String share = String.format(Locale.ROOT, "%.1f %%", 100 * entry.getValue() / all);
              out.append("| ").append(entry.getKey()).append(" | ").append(share).append(" |");
              if (requests > 0) {
                out.append(String.format(Locale.ROOT, " %.0f |", entry.getValue() / requests));
              }
              out.append('\n');
            });
    out.append('\n');
  }
}

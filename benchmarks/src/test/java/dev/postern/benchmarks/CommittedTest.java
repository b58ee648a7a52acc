package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommittedTest {
  private static final String KEPT =
      """
      ## What must be reached

      | Static C, hello | rate | Postern, JDK 25 | Go net/http/cgi | ≥ 1.00 | 0.91 [0.86, 0.93] | **no** |

      ## Static C, hello

      | server | Postern ÷ server | requests/s |
      |---|---|---|
      | Postern, JDK 25 | 1 | 376 |
      | Go net/http/cgi | 0.91 [0.86, 0.93] | 448 |
      | Tomcat CGIServlet | – | 33.3 |

      ## git clone, 10,000 objects

      | Apache mod_cgid | 0.99 [0.95, 1.03] | 0.24 |
      """;

  private final Results results = new Results();
  private final Committed committed = Committed.of(KEPT.lines().toList());

  @Test
  void ratioWithinItsInterval_holds() {
    Samples.add(results, Samples.HELLO, Samples.OURS, 85, 87, 90);
    Samples.add(results, Samples.HELLO, Samples.GO, 100, 100, 100);

    assertThat(committed.beside(results))
        .containsExactly(
            "Static C, hello, Go net/http/cgi: 0.87 [0.85, 0.90], was 0.91 [0.86, 0.93]: holds");
    assertThat(committed.hasFallen(results)).isFalse();
  }

  @Test
  void ratioBelowTheInterval_hasFallen() {
    Samples.add(results, Samples.HELLO, Samples.OURS, 70, 80, 85);
    Samples.add(results, Samples.HELLO, Samples.GO, 100, 100, 100);

    assertThat(committed.beside(results)).singleElement().asString().endsWith(": FALLEN");
    assertThat(committed.hasFallen(results)).isTrue();
  }

  @Test
  void timeAboveTheInterval_hasFallen_andBelowItHolds() {
    Samples.add(results, Samples.CLONE, Samples.OURS, 1.1, 1.2, 1.3);
    Samples.add(results, Samples.CLONE, Samples.APACHE, 1, 1, 1);
    assertThat(committed.hasFallen(results)).isTrue();

    Results better = new Results();
    Samples.add(better, Samples.CLONE, Samples.OURS, 0.5, 0.5, 0.5);
    Samples.add(better, Samples.CLONE, Samples.APACHE, 1, 1, 1);
    assertThat(committed.hasFallen(better)).isFalse();
  }

  @Test
  void serverWithoutARatio_isLeftOut() {
    Samples.add(results, Samples.HELLO, Samples.OURS, 1, 1, 1);
    Samples.add(results, Samples.HELLO, Samples.TOMCAT, 100, 100, 100);

    assertThat(committed.beside(results)).isEmpty();
  }

  /** The table that is kept has what the short run looks for. */
  @Test
  void reportThatIsKept_hasTheRatiosOfTheShortRun() throws Exception {
    Committed kept = Committed.read(Path.of("..", "docs", "benchmarks.md"));

    Options options = Options.parse(List.of("--short"));
    for (Case asked : options.cases()) {
      assertThat(kept.ratios().keySet()).anyMatch(name -> name.startsWith(asked.title()));
    }
  }

  @Test
  void whatAReportWrites_isRead() {
    Samples.add(results, Samples.HELLO, Samples.OURS, 120, 110, 130);
    Samples.add(results, Samples.HELLO, Samples.GO, 100, 100, 100);
    Committed written = Committed.of(Report.of(results, "About.").lines().toList());

    assertThat(written.beside(results)).singleElement().asString().endsWith(": holds");
  }
}

package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;

class ReportTest {
  private final Results results = new Results();

  private String report() {
    return Report.of(results, "About.");
  }

  @Test
  void of_goalReached_saysYes() {
    Samples.add(results, Samples.HELLO, Samples.OURS, 120, 110, 130);
    Samples.add(results, Samples.HELLO, Samples.GO, 100, 100, 100);

    assertThat(report())
        .contains(
            "| Static C, hello | rate | Postern, JDK 25 | Go net/http/cgi | ≥ 1.00"
                + " | 1.20 [1.10, 1.30] | yes |");
  }

  @Test
  void of_goalMissed_saysNo() {
    Samples.add(results, Samples.CLONE, Samples.OURS, 1.2, 1.3, 1.1);
    Samples.add(results, Samples.CLONE, Samples.APACHE, 1, 1, 1);

    assertThat(report())
        .contains(
            "| time | Postern, JDK 25 | Apache mod_cgid | ≤ 1.05 | 1.20 [1.10, 1.30] | **no** |");
  }

  @Test
  void of_goalThatWasNotMeasured_saysSo() {
    assertThat(report()).contains("| ≥ 15.0 | not measured | – |");
  }

  @Test
  void of_server_hasItsFiguresAndCosts() {
    results.add(Samples.HELLO, Samples.OURS, 0, Samples.withP99(1000, 8));
    results.add(Samples.HELLO, Samples.GO, 0, Samples.withP99(500, 4));
    results.addCosts(Samples.HELLO, Samples.OURS, new JvmCosts.PerRequest(43_210, 0.25));

    assertThat(report())
        .contains("| Postern, JDK 25 | 1 | 1000 | 2.00 | 8.00 | 50.0 | 9.00 | 43.2 | 0.25 |")
        .contains(
            "| Go net/http/cgi | 2.00 [2.00, 2.00] | 500 | 1.00 | 4.00 | 50.0 | 9.00 | – | – |");
  }

  @Test
  void of_serverThatWasLeftOut_isThereWithItsReason() {
    results.skip(Samples.CLONE, Samples.TOMCAT, "hangs |\n for ever");

    assertThat(report())
        .contains("| git clone, 10,000 objects | Tomcat CGIServlet | hangs \\| for ever |");
  }

  @Test
  void chart_ofResults_isSvgWithABarForEachServer() throws Exception {
    Samples.add(results, Samples.HELLO, Samples.OURS, 120, 110, 130);
    Samples.add(results, Samples.HELLO, Samples.GO, 100, 100, 100);
    Samples.add(results, Samples.CLONE, Samples.APACHE, 1);
    // Never beside ours in a round.
    results.add(Samples.HELLO, Samples.TOMCAT, 7, Sample.of(5));

    var document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(Chart.of(results))));

    assertThat(document.getElementsByTagName("rect").getLength()).isEqualTo(2);
    assertThat(document.getDocumentElement().getTextContent()).contains("Go net/http/cgi", "0.83");
  }
}

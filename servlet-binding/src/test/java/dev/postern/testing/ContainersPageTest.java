package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.servlet.Lacks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * docs/containers.md has each case of the contract and each container: made of what the containers'
 * contract tests say that they lack. All other cases must pass there, or those tests fail. With
 * {@code -Dpostern.write=true} the page is written, otherwise it is checked.
 */
class ContainersPageTest {
  private static final Path PAGE =
      Path.of("").toAbsolutePath().getParent().resolve("docs/containers.md");

  @Test
  void page_isWhatTheContractsSay() throws IOException {
    String page = page();
    if (Boolean.getBoolean("postern.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(PAGE)
        .as("run: mvn -pl servlet-binding -am test -Dtest=ContainersPageTest -Dpostern.write=true")
        .hasContent(page);
  }

  private static String page() {
    Map<String, Capability.Lack[]> containers = Lacks.byContainer();
    List<String> reasons = new ArrayList<>();
    StringBuilder page =
        new StringBuilder(
            "# Which container keeps which rule\n\n"
                + "For each servlet container and each rule: whether the container lets"
                + " `ServletGateway` keep the rule. `ContainersPageTest` makes\nthis page; do not"
                + " edit it.\n\n"
                + "Each row is a case of the conformance kit, with the id of its rule in"
                + " [SPEC.md](../SPEC.md). `yes` means that the build runs the\ncase in this"
                + " container, and that it passes. A number means that the container cannot do"
                + " what the case needs: the reason is below\nthe table. HTTP/2 is without TLS,"
                + " from the first byte of a connection.\n\n");
    page.append("| case | ").append(String.join(" | ", containers.keySet())).append(" |\n|---|");
    page.append("---|".repeat(containers.size())).append('\n');
    for (ContractCase test : ContractCases.all()) {
      page.append("| ").append(test.name().replace("|", "\\|")).append(" |");
      for (Capability.Lack[] lacks : containers.values()) {
        page.append(' ').append(mark(test, lacks, reasons)).append(" |");
      }
      page.append('\n');
    }
    page.append('\n');
    for (int i = 0; i < reasons.size(); i++) {
      page.append(i + 1).append(". ").append(reasons.get(i)).append('\n');
    }
    return page.toString();
  }

  private static String mark(ContractCase test, Capability.Lack[] lacks, List<String> reasons) {
    for (Capability.Lack lack : lacks) {
      if (test.needs().contains(lack.capability())) {
        String reason = lack.capability() + ": " + lack.reason() + ".";
        if (!reasons.contains(reason)) {
          reasons.add(reason);
        }
        return Integer.toString(reasons.indexOf(reason) + 1);
      }
    }
    return "yes";
  }
}

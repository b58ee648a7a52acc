package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.hosting.EnvironmentRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** docs/variables.md has the variables of the code. */
class VariablesPageTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  @Test
  void everyVariableThatARuleDecidesOn_isOnThePage() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/variables.md"));
    Set<String> names = new TreeSet<>(EnvironmentRules.PASSED);
    names.addAll(EnvironmentRules.COMPUTED);
    names.addAll(EnvironmentRules.ERROR_PAGE);

    assertThat(names).allMatch(name -> page.contains("`" + name + "`"));
  }
}

package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.hosting.EnvironmentRules;
import dev.postern.hosting.HostOptions;
import dev.postern.hosting.LocalRedirect;
import dev.postern.hosting.ProgramOutput;
import dev.postern.hosting.RequestRules;
import dev.postern.wire.HeaderBlockParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/hosting.md says what the code does. */
class HostingPageTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  /** Where a rule's id stands in the sources: in a refusal or a count, or by its own name. */
  private static final Pattern RULE =
      Pattern.compile(
          "(?:Refusal\\.of\\(\\s*\\d{3},|(?:refused|broken)\\(|count\\()\\s*\"([a-z]+(?:-[a-z]+)*)\""
              + "|\"((?:header|response)(?:-[a-z]+)+)\"");

  /** Written like rules on the page. */
  private static final Set<String> OPTIONS =
      Set.of("build", "index", "interpreter", "limit", "methods", "setsid");

  @Test
  void s51_limits_areThoseOfTheCode() throws IOException {
    String page = page();
    Map<String, Object> limits =
        Map.of(
            "path: SCRIPT_NAME and PATH_INFO", RequestRules.MAX_PATH + " bytes",
            "query", RequestRules.MAX_QUERY + " bytes",
            "one variable, name and value", EnvironmentRules.MAX_ENTRY + " bytes",
            "all variables", EnvironmentRules.MAX_TOTAL + " bytes",
            "number of variables", EnvironmentRules.MAX_COUNT,
            "request body", (options().maxBody() >> 20) + " MiB",
            "header line of a program", HeaderBlockParser.MAX_LINE + " bytes",
            "header block of a program", HeaderBlockParser.MAX_BLOCK + " bytes",
            "header fields of a program", HeaderBlockParser.MAX_FIELDS,
            "local redirects for a request", LocalRedirect.MAX);
    limits.forEach((what, limit) -> assertThat(page).contains("| " + what + " | " + limit + " |"));
    assertThat(page)
        .contains(
            "for each run | "
                + ProgramOutput.LOG_LINES
                + " of "
                + ProgramOutput.LOG_LINE
                + " bytes |")
        .contains("to its blank line | " + options().headerTimeout().toSeconds() + " s |")
        .contains("reads of its output | " + options().idleTimeout().toSeconds() + " s |")
        .contains("to the end of its response | none |")
        .contains("`process-limit` after " + ProcessLimit.WAIT.toSeconds() + " s |");
    assertThat(options().totalTimeout()).isNull();
  }

  @Test
  void attackK04_everyRule_isOnThePageAndInTheCode() throws IOException {
    Set<String> rules = new TreeSet<>();
    for (String sources :
        List.of("cgi", "hosting", "inprocess", "process", "program", "system", "wire")) {
      Path directory = ROOT.resolve("cgi-binding/src/main/java/dev/postern").resolve(sources);
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Matcher rule = RULE.matcher(Files.readString(file));
          while (rule.find()) {
            rules.add(rule.group(1) == null ? rule.group(2) : rule.group(1));
          }
        }
      }
    }
    Set<String> documented = new TreeSet<>();
    Matcher code = Pattern.compile("`([a-z]+(?:-[a-z]+)*)`").matcher(page());
    while (code.find()) {
      documented.add(code.group(1));
    }

    assertThat(rules).hasSizeGreaterThan(50);
    documented.removeAll(OPTIONS);
    assertThat(documented).isEqualTo(rules);
  }

  private static HostOptions options() {
    return CgiApplication.builder(Path.of("/p")).options();
  }

  private static String page() throws IOException {
    return Files.readString(ROOT.resolve("docs/hosting.md"));
  }
}

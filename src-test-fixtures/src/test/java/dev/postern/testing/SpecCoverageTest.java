package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Environ;
import dev.postern.Lint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every rule of SPEC.md is checked by Lint or by a contract, or says that it cannot be. */
class SpecCoverageTest {
  private static final Pattern ROW = Pattern.compile("\\| ([A-Z][0-9]+) \\| (.*) \\|");
  private static final String MARK = "(not checkable";

  private static Map<String, String> rules;
  private static final Set<String> LINT = new TreeSet<>(Lint.rules());
  private static final Set<String> CONTRACT = new TreeSet<>(BodyContract.RULES);

  @BeforeAll
  static void readSpec() throws IOException {
    rules = parse(Files.readString(Path.of("../SPEC.md")));
    ContractCases.all().forEach(test -> CONTRACT.add(test.id()));
    ProgramCase.all().forEach(test -> CONTRACT.add(test.id()));
  }

  /** From ids to the rest of the row. An id that is there twice is an error. */
  static Map<String, String> parse(String spec) {
    Map<String, String> found = new LinkedHashMap<>();
    for (String line : spec.split("\n")) {
      Matcher row = ROW.matcher(line);
      if (row.matches() && found.put(row.group(1), row.group(2)) != null) {
        throw new AssertionError("rule must have an id of its own: " + row.group(1));
      }
    }
    return found;
  }

  @Test
  void rule_isCheckedOrMarked() {
    Set<String> unchecked = new TreeSet<>();
    rules.forEach(
        (id, text) -> {
          if (!LINT.contains(id) && !CONTRACT.contains(id) && !text.contains(MARK)) {
            unchecked.add(id);
          }
        });
    assertThat(unchecked).as("rules that nothing checks and that do not say so").isEmpty();
    print();
  }

  @Test
  void mark_isGoneWhenARuleIsChecked() {
    Set<String> checked = new TreeSet<>();
    rules.forEach(
        (id, text) -> {
          if (text.contains(MARK + ")") && (LINT.contains(id) || CONTRACT.contains(id))) {
            checked.add(id);
          }
        });
    assertThat(checked).as("rules that are checked and say that they cannot be").isEmpty();
  }

  @Test
  void check_isOfARuleThatExists() {
    assertThat(rules.keySet()).containsAll(LINT).containsAll(CONTRACT);
  }

  @Test
  void caseThatBreaksRulesOnPurpose_namesRulesOfLint() {
    ContractCases.all().forEach(test -> assertThat(LINT).containsAll(test.breaks()));
  }

  @Test
  void spec_isOfThisVersionAndShort() throws IOException {
    String spec = Files.readString(Path.of("../SPEC.md"));
    assertThat(spec).startsWith("# The gateway interface for Java, version " + Environ.VERSION);
    assertThat(spec.lines().count()).isLessThanOrEqualTo(250);
    assertThat(rules.size()).isGreaterThan(70);
  }

  @Test
  void everyRuleOfPep3333_isKeptChangedOrRefused() throws IOException {
    String spec = Files.readString(Path.of("../SPEC.md"));
    for (int i = 1; i <= 46; i++) {
      String row =
          "(?s).*\n\\| " + i + " \\| [^|]+ \\| (kept|changed|refused)[^|]* \\|[^|]*\\|\n.*";
      assertThat((spec + "\n").matches(row)).as("row %d of the table of PEP 3333", i).isTrue();
    }
  }

  @Test
  void ruleThatIsTwiceThere_isAnError() {
    assertThatThrownBy(() -> parse("| A1 | x |\n| A1 | y |")).hasMessageContaining("A1");
    assertThat(parse("| A1 | x | y | z |\n| 1 | a |\n| id | b |")).containsOnlyKeys("A1");
  }

  /** On standard output, where {@code mvn verify} shows it. */
  private static void print() {
    Set<String> both = LINT.stream().filter(CONTRACT::contains).collect(Collectors.toSet());
    long marked = rules.values().stream().filter(text -> text.contains(MARK + ")")).count();
    System.out.printf(
        "SPEC.md: %d rules; checked by Lint %d, by the contracts %d (%d cases), by both %d;"
            + " not checkable %d%n",
        rules.size(),
        LINT.size(),
        CONTRACT.size(),
        ContractCases.all().size() + ProgramCase.all().size(),
        both.size(),
        marked);
  }
}

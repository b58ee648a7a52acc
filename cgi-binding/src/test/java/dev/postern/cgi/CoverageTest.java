package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every row of coverage.txt has a test that carries its id in its name, in whichever module, or a
 * stated reason. docs/coverage.md is made from that: with {@code -Dpostern.write=true} it is
 * written, otherwise it is checked.
 */
class CoverageTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path PAGE = ROOT.resolve("docs/coverage.md");
  private static final Pattern TEST = Pattern.compile("\\bvoid (\\w+)\\(");
  private static final Pattern ID =
      Pattern.compile("s\\d\\d|h\\d\\d|attack[A-K]\\d\\d|fault\\d\\d");

  /**
   * A row: what it is about, and why it has no test, or "". After {@code =} it names its tests,
   * which say more than one rule.
   */
  private record Row(String text, String reason) {
    boolean isNamed() {
      return reason.startsWith("= ");
    }
  }

  @Test
  void everyRow_hasATestOrAReason() throws IOException {
    Map<String, Row> rows = rows();
    Map<String, Set<String>> tests = tests(rows);
    List<String> bare = new ArrayList<>();
    rows.forEach(
        (id, row) -> {
          if ((row.reason.isEmpty() || row.isNamed()) && !tests.containsKey(id)) {
            bare.add(id + ": " + row.text);
          }
        });
    String page = page(rows, tests);
    Files.writeString(Files.createDirectories(Path.of("target")).resolve("coverage.md"), page);
    if (Boolean.getBoolean("postern.write")) {
      Files.writeString(Files.createDirectories(PAGE.getParent()).resolve("coverage.md"), page);
    }

    assertThat(bare).as("rows without a test").isEmpty();
    assertThat(rows).hasSize(87 + 125 + 14 + 46);
    assertThat(PAGE)
        .as("run: mvn -pl cgi-binding -am test -Dtest=CoverageTest -Dpostern.write=true")
        .hasContent(page);
  }

  private static Map<String, Row> rows() throws IOException {
    Map<String, Row> rows = new LinkedHashMap<>();
    try (InputStream list = CoverageTest.class.getResourceAsStream("coverage.txt")) {
      for (String line : new String(list.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        if (!line.startsWith("#")) {
          String[] parts = line.split(" \\| ", 3);
          assertThat(parts[0]).matches(ID);
          Row row = new Row(parts[1], parts.length < 3 ? "" : parts[2]);
          assertThat(rows.put(parts[0], row)).as(line).isNull();
        }
      }
    }
    return rows;
  }

  /** The tests of all modules by the ids in their names. */
  private static Map<String, Set<String>> tests(Map<String, Row> rows) throws IOException {
    Map<String, Set<String>> tests = new TreeMap<>();
    Set<String> all = new TreeSet<>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path module : modules.sorted().toList()) {
        for (String sources : List.of("src/test/java", "src/main/java/dev/postern/testing")) {
          if (Files.isDirectory(module.resolve(sources))) {
            scan(module.resolve(sources), tests, all);
          }
        }
      }
    }
    rows.forEach(
        (id, row) -> {
          for (String named : row.isNamed() ? row.reason.substring(2).split(", ") : new String[0]) {
            assertThat(all).as(id).contains(named);
            tests.computeIfAbsent(id, any -> new TreeSet<>()).add(named);
          }
        });
    return tests;
  }

  private static void scan(Path sources, Map<String, Set<String>> tests, Set<String> all)
      throws IOException {
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        String type = file.getFileName().toString().replace(".java", "");
        Matcher test = TEST.matcher(Files.readString(file));
        while (test.find()) {
          all.add(type + "." + test.group(1));
          for (String part : test.group(1).split("_")) {
            if (ID.matcher(part).matches()) {
              tests.computeIfAbsent(part, id -> new TreeSet<>()).add(type + "." + test.group(1));
            }
          }
        }
      }
    }
  }

  private static String page(Map<String, Row> rows, Map<String, Set<String>> tests) {
    StringBuilder page =
        new StringBuilder(
            "# Which test covers what\n\n"
                + "For each rule of the standards and each known attack: the tests that check it."
                + " `CoverageTest` makes this page; do not edit it.\n"
                + "The ids that begin with `s` are rules of RFC 3875, those with `h` rules of RFC"
                + " 9110 and 9112. An `attack` happened to another\nserver. A `fault` was found in"
                + " Postern by trials.\n\n"
                + "| row | about | tests |\n|---|---|---|\n");
    rows.forEach(
        (id, row) -> {
          StringBuilder cell = new StringBuilder();
          for (String test : tests.getOrDefault(id, Set.of())) {
            cell.append(cell.isEmpty() ? "" : "<br>").append('`').append(test).append('`');
          }
          if (cell.isEmpty()) {
            cell.append("none: ").append(row.reason);
          }
          page.append("| ").append(id).append(" | ").append(row.text).append(" | ");
          page.append(cell).append(" |\n");
        });
    return page.toString();
  }
}

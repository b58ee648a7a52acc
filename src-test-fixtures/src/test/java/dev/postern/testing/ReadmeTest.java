package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The kit's documentation shows code that is compiled and tested. */
class ReadmeTest {
  private static final Path EXAMPLES = Path.of("src/test/java/dev/postern/testing/example");
  private static final Pattern BLOCK = Pattern.compile("(?s)```java\n(.*?)```");

  @Test
  void code_isThatOfTheExamples() throws IOException {
    List<String> sources = new ArrayList<>();
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      for (Path file : files.toList()) {
        sources.add(Files.readString(file));
      }
    }
    List<String> blocks = blocks(Files.readString(Path.of("README.md")));
    assertThat(blocks).hasSizeGreaterThanOrEqualTo(3);
    for (String block : blocks) {
      assertThat(sources).as(block).anyMatch(source -> source.contains(block));
    }
  }

  @Test
  void capabilities_areAllExplained() throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    for (Capability capability : Capability.values()) {
      assertThat(readme).contains("`" + capability + "`");
    }
  }

  private static List<String> blocks(String text) {
    Matcher matcher = BLOCK.matcher(text);
    List<String> blocks = new ArrayList<>();
    while (matcher.find()) {
      blocks.add(matcher.group(1).stripTrailing());
    }
    return blocks;
  }
}

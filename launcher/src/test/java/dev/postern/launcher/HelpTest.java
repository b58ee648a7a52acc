package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Help as a user sees it, who has a terminal. */
@Timeout(120)
class HelpTest {
  /** What a terminal of 80 columns shows, with its exit code in the last line. */
  private static List<String> terminal(String words) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String command =
        "stty cols 80; exec '"
            + java
            + "' -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp \"$POSTERN_TEST_CP\" "
            + Main.class.getName()
            + " "
            + words;
    ProcessBuilder builder =
        new ProcessBuilder("script", "-qec", command, "/dev/null")
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true);
    builder.environment().put("POSTERN_TEST_CP", System.getProperty("java.class.path"));
    builder.environment().put("TERM", "xterm-256color");
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    List<String> lines = new ArrayList<>(text.replace("\r", "").lines().toList());
    lines.add("exit " + process.waitFor());
    return lines;
  }

  @ParameterizedTest
  @ValueSource(strings = {"-h", "help", "help serve", "help run", "run --help"})
  void help_fitsATerminal(String words) throws Exception {
    List<String> lines = terminal(words);

    assertThat(lines).last().isEqualTo("exit 0");
    assertThat(lines)
        .allMatch(line -> line.length() <= 80)
        .noneMatch(line -> line.contains("\033"));
    assertThat(lines.get(0)).startsWith("Usage: postern");
    for (int i = 2; i < lines.size(); i++) {
      assertThat(isFull(lines.get(i - 1), lines.get(i))).as(lines.get(i - 1)).isTrue();
    }
  }

  /** Whether the text of an option goes on in the next line because it had to. */
  private static boolean isFull(String line, String next) {
    boolean goesOn = next.startsWith(" ".repeat(20)) && !next.isBlank();
    boolean isTextOfAnOption = line.strip().contains("  ") || line.startsWith(" ".repeat(20));
    String word = next.strip().split(" ")[0];
    return !goesOn || !isTextOfAnOption || line.length() + 1 + word.length() >= 80;
  }

  @Test
  void wordThatIsLikeNoOther_getsNoSuggestion() throws Exception {
    assertThat(terminal("nosuch")).containsExactly("postern: unknown word: \"nosuch\"", "exit 2");
    assertThat(terminal("serve --nosuch"))
        .containsExactly("postern: unknown option: \"--nosuch\"", "exit 2");
  }

  @Test
  void helpOfServe_hasItsTopics() throws Exception {
    assertThat(terminal("serve --help"))
        .containsSubsequence(
            "What to serve:", "The server:", "Programs:", "Isolation of programs:");
    assertThat(terminal("help run"))
        .containsSubsequence("The request:", "Programs:", "Isolation of programs:")
        .doesNotContain("The server:");
  }

  @Test
  void wordThatIsMisspelled_isTold() throws Exception {
    assertThat(terminal("serv"))
        .containsExactly("postern: unknown word: \"serv\"; did you mean serve?", "exit 2");
    assertThat(terminal("help nothing"))
        .containsExactly("postern: unknown word: \"nothing\"", "exit 2");
  }
}

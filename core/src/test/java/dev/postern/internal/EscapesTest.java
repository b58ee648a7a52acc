package dev.postern.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class EscapesTest {
  @Test
  void attackK01_escape_leavesNothingToActOn() {
    byte[] bytes =
        "a\u001b[2J\r\n\t\"\\~\u007f\u0000\u0085\u00e2\u0080\u00a8z"
            .getBytes(StandardCharsets.ISO_8859_1);

    assertThat(Escapes.escape(bytes, 0, bytes.length))
        .isEqualTo("a\\x1b[2J\\r\\n\\t\\\"\\\\~\\x7f\\x00\\x85\\xe2\\x80\\xa8z");
    assertThat(Escapes.escape(bytes, 1, 3)).isEqualTo("\\x1b[2");
    assertThat(Escapes.escape(bytes, 1, 0)).isEmpty();
  }

  @Test
  void attackK01_quote_escapesAndCuts() {
    assertThat(Escapes.quote("")).isEqualTo("\"\"");
    assertThat(Escapes.quote("a \u001b")).isEqualTo("\"a \\x1b\"");
    assertThat(Escapes.quote("x".repeat(64))).isEqualTo('"' + "x".repeat(64) + '"');
    assertThat(Escapes.quote("x".repeat(65))).isEqualTo('"' + "x".repeat(64) + "\"…");
  }

  @Test
  void attackK01_text_isEscapedAsBytesAre() {
    assertThat(Escapes.escape("a\n\u00e9\u2028\ud83d\u00ff\u0100"))
        .isEqualTo("a\\n\\xe9\\u2028\\ud83d\\xff\\u0100");
    assertThat(Escapes.quote("\u2028")).isEqualTo("\"\\u2028\"");
  }

  @Test
  void attackK01_oneLine_keepsTextAndEscapesWhatALogWouldActOn() {
    assertThat(Escapes.oneLine("a\tb\u001b[31m\u0000\u0085\u2028c\rd \u202e\u00e9\u4e2d\\\""))
        .isEqualTo("a\tb\\u001B[31m\\u0000\\u0085\\u2028c\\u000Dd \\u202E\u00e9\u4e2d\\\"");
  }

  @Test
  void oneLine_cutsBetweenCharactersAndSaysHowMuch() {
    assertThat(Escapes.oneLine("abc", 3)).isEqualTo("abc");
    assertThat(Escapes.oneLine("abcd", 3)).isEqualTo("abc... (1 more characters)");
    assertThat(Escapes.oneLine("a\ud83d\ude00b", 2)).isEqualTo("a... (3 more characters)");
    assertThat(Escapes.oneLine("ab", 0)).isEqualTo("... (2 more characters)");
  }
}

package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ErrorLogTest {
  private final List<String> entries = new ArrayList<>();
  private final PrintWriter errors = ErrorLog.of(entries::add);

  @Test
  void println_isAnEntry() {
    errors.println("one");
    errors.print("two\r\nthree\n\n");
    errors.print('f');
    errors.print("our");
    assertThat(entries).containsExactly("one", "two", "three");
    errors.flush();
    errors.flush();
    assertThat(entries).containsExactly("one", "two", "three", "four");
  }

  @Test
  void longLine_isCutIntoPieces() {
    errors.print("x".repeat(3 * ErrorLog.LONGEST + 1));
    assertThat(entries).hasSize(3).allMatch(entry -> entry.length() == ErrorLog.LONGEST);
    errors.println();
    assertThat(entries).last().isEqualTo("x");
  }

  @Test
  void longLine_isNotCutInsideACharacter() {
    errors.print("x".repeat(ErrorLog.LONGEST - 1));
    errors.println("\ud83d\ude00y");
    assertThat(entries).hasSize(2).last().isEqualTo("y");
    assertThat(entries).first().asString().endsWith("\ud83d\ude00");
  }

  @Test
  void controlCharacters_areEscaped() {
    errors.println("a\tb\u001b[31m\0\u0085\u2028c\rd");
    assertThat(entries).containsExactly("a\tb\\u001B[31m\\u0000\\u0085\\u2028c\\u000Dd");
  }
}

package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A command with a bad argument. */
final class Refused {
  private Refused() {}

  /**
   * Runs the command, which must end with 2 and say why in one line; returns what the line says.
   */
  static String start(String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exit =
        PosternCommand.execute(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            words);
    String line = err.toString(StandardCharsets.UTF_8);
    assertThat(line).startsWith("postern: ").endsWith("\n").hasLineCount(1);
    assertThat(exit).as(line).isEqualTo(2);
    assertThat(out.size()).as(line).isZero();
    return line.substring("postern: ".length(), line.length() - 1);
  }
}

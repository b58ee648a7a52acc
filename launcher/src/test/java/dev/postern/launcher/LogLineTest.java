package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

/** Lines of the log that a client would like to write. */
class LogLineTest {
  private static String format(String message, Object... parameters) {
    LogRecord record = new LogRecord(Level.WARNING, message);
    record.setLoggerName("some.Logger");
    record.setParameters(parameters);
    return new LogLine().format(record);
  }

  @Test
  void record_isOneLine() {
    assertThat(format("text \u00e9 {0}", "a"))
        .isEqualTo("postern: WARNING: some.Logger: text \u00e9 a\n");
  }

  @Test
  void attackK01_controlsOfALogger_areEscaped() {
    assertThat(format("Host `\u009b31m\u0085\r\npostern: x\u001b[2J\u2028\u202e\u007f\0`"))
        .isEqualTo(
            "postern: WARNING: some.Logger: Host `\\u009B31m\\u0085\\u000D\\u000Apostern: x"
                + "\\u001B[2J\\u2028\\u202E\\u007F\\u0000`\n");
  }

  @Test
  void attackK01_longMessage_isCut() {
    assertThat(format("x".repeat(90_000)))
        .hasSizeLessThan(1200)
        .endsWith("xx... (88976 more characters)\n");
  }

  @Test
  void cut_splitsNoCharacter() {
    assertThat(LogLine.escaped("ab\ud83d\ude00", 3)).isEqualTo("ab... (2 more characters)");
  }

  @Test
  void attackK01_stackTrace_isEscapedLineByLineAndCut() {
    LogRecord record = new LogRecord(Level.SEVERE, "failed");
    record.setLoggerName("l");
    Throwable deep = new IllegalStateException("for \u009b31m\npostern: forged");
    StackTraceElement[] stack = new StackTraceElement[500];
    java.util.Arrays.fill(stack, new StackTraceElement("C", "m", "f", 1));
    deep.setStackTrace(stack);
    record.setThrown(deep);
    assertThat(new LogLine().format(record).lines())
        .hasSize(61)
        .startsWith("postern: SEVERE: l: failed")
        .contains("  java.lang.IllegalStateException: for \\u009B31m", "  postern: forged")
        .allMatch(line -> line.startsWith("postern: SEVERE") || line.startsWith("  "));
  }
}

package dev.postern.launcher;

import dev.postern.internal.Escapes;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Formats each record of the command's log, whoever logs it. Text of a client cannot break the
 * line, or move the cursor of a terminal. Thread-safe.
 */
final class LogLine extends Formatter {
  /**
   * The longest message of a record, in characters. A client can make a container log all of its
   * head.
   */
  static final int LONGEST_MESSAGE = 1024;

  /**
   * The longest line of an application or a program, in characters. The engine cuts these at 8 KiB.
   */
  static final int LONGEST = 9 * 1024;

  /** The most lines of a stack trace. */
  private static final int TRACE = 60;

  @Override
  public String format(LogRecord record) {
    StringBuilder lines = new StringBuilder(128);
    lines
        .append("postern: ")
        .append(record.getLevel().getName())
        .append(": ")
        .append(escaped(record.getLoggerName(), 128))
        .append(": ")
        .append(escaped(formatMessage(record), LONGEST_MESSAGE))
        .append('\n');
    if (record.getThrown() != null) {
      appendTrace(lines, record.getThrown());
    }
    return lines.toString();
  }

  private static void appendTrace(StringBuilder lines, Throwable thrown) {
    StringWriter trace = new StringWriter();
    thrown.printStackTrace(new PrintWriter(trace));
    trace
        .toString()
        .lines()
        .limit(TRACE)
        .forEach(line -> lines.append("  ").append(escaped(line, LONGEST_MESSAGE)).append('\n'));
  }

  /**
   * Returns the text as one line of at most so many characters, with control characters escaped.
   */
  static String escaped(@Nullable String text, int longest) {
    return text == null ? "" : Escapes.oneLine(text, longest);
  }
}

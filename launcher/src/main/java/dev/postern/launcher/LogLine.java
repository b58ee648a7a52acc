package dev.postern.launcher;

import dev.postern.internal.Escapes;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * How each line of the command's log is written, whoever logs it: one line that no text of a client
 * can break, and that moves no cursor. Thread-safe.
 */
final class LogLine extends Formatter {
  /** Characters of a record's message; a client can make a container log all of its head. */
  static final int LONGEST_MESSAGE = 1024;

  /** Characters of what an application or a program says, which the engine cuts at 8 KiB. */
  static final int LONGEST = 9 * 1024;

  /** Lines of a stack trace. */
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

  /** The text in one line of at most so many characters; control characters are escaped. */
  static String escaped(@Nullable String text, int longest) {
    return text == null ? "" : Escapes.oneLine(text, longest);
  }
}

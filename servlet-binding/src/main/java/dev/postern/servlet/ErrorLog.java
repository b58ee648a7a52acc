package dev.postern.servlet;

import dev.postern.internal.Escapes;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code postern.errors} of one request. Each line becomes an entry of the log, and so does a part
 * of a line at a flush. A longer line is cut into pieces of 8 KiB, so that the buffer does not
 * grow. Control characters are escaped, so that a text cannot forge an entry.
 */
final class ErrorLog extends Writer {
  static final int LONGEST = 8 * 1024;

  private final Consumer<String> log;

  /** Made with the first char, because most requests write none. */
  private @Nullable StringBuilder line;

  private ErrorLog(Consumer<String> log) {
    this.log = log;
  }

  static PrintWriter of(Consumer<String> log) {
    return new PrintWriter(new ErrorLog(log));
  }

  @Override
  public void write(char[] chars, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      take(chars[i]);
    }
  }

  @Override
  public void write(String text, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      take(text.charAt(i));
    }
  }

  @Override
  public void flush() {
    if (line == null) {
      return;
    }
    int length = line.length();
    if (length > 0 && line.charAt(length - 1) == '\r') {
      line.setLength(length - 1);
    }
    if (line.length() > 0) {
      entry(line);
    }
  }

  @Override
  public void close() {
    flush();
  }

  private void take(char c) {
    if (c == '\n') {
      flush();
      return;
    }
    if (line == null) {
      line = new StringBuilder();
    }
    if (line.length() >= LONGEST && !Character.isLowSurrogate(c)) {
      entry(line);
    }
    line.append(c);
  }

  private void entry(StringBuilder whole) {
    String text = whole.toString();
    whole.setLength(0);
    log.accept(Escapes.oneLine(text));
  }
}

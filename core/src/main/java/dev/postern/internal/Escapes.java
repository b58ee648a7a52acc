package dev.postern.internal;

import java.nio.charset.StandardCharsets;

/**
 * Makes text that others have sent safe to read: one line, with nothing that a terminal or a log
 * could act on. A quotation in a message is ASCII alone. A line of a log keeps the text that it can
 * show, in every script.
 */
public final class Escapes {
  private static final String HEX = "0123456789abcdef";

  private Escapes() {}

  /** The bytes as text. Bytes that are not printable ASCII become {@code \xNN}. */
  public static String escape(byte[] bytes, int offset, int length) {
    StringBuilder text = new StringBuilder(length);
    for (int i = offset; i < offset + length; i++) {
      append(text, bytes[i] & 0xFF);
    }
    return text.toString();
  }

  /** The same for text, or for bytes as chars. Chars beyond U+00FF become {@code \\uNNNN}. */
  public static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      append(escaped, text.charAt(i));
    }
    return escaped.toString();
  }

  /** A variable or name, bytes as chars, in quotes, escaped and cut at 64 characters. */
  public static String quote(String bytes) {
    StringBuilder text = new StringBuilder("\"");
    for (int i = 0; i < bytes.length() && i < 64; i++) {
      append(text, bytes.charAt(i));
    }
    return text.append(bytes.length() > 64 ? "\"…" : "\"").toString();
  }

  /** A text for a log, in one line; see {@link #isPlain}. */
  public static String oneLine(CharSequence text) {
    return oneLine(text, Integer.MAX_VALUE);
  }

  /**
   * The same for the first {@code longest} characters. The end of the line says how many were left
   * out.
   */
  public static String oneLine(CharSequence text, int longest) {
    int end = Math.min(text.length(), longest);
    if (end < text.length() && end > 0 && Character.isHighSurrogate(text.charAt(end - 1))) {
      end--;
    }
    StringBuilder line = new StringBuilder(end + 16);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (isPlain(c)) {
        line.append(c);
      } else {
        line.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
          line.append(Text.hex(c >> shift));
        }
      }
    }
    if (end < text.length()) {
      line.append("... (").append(text.length() - end).append(" more characters)");
    }
    return line.toString();
  }

  /**
   * A line that a program has written, as {@link #oneLine} gives it. If the bytes are not UTF-8,
   * all bytes beyond ASCII are escaped.
   */
  public static String line(byte[] bytes, int offset, int length) {
    String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
    if (text.indexOf('\ufffd') < 0) {
      return oneLine(text);
    }
    StringBuilder line = new StringBuilder(length + 16);
    for (int i = offset; i < offset + length; i++) {
      int c = bytes[i] & 0xFF;
      if (c < 0x80) {
        line.append((char) c);
      } else {
        append(line, c);
      }
    }
    return oneLine(line);
  }

  /** False for a char that ends a line, moves the cursor, or turns the direction of the text. */
  private static boolean isPlain(char c) {
    return c >= ' ' && c <= '~'
        || c == '\t'
        || !Character.isISOControl(c)
            && Character.getType(c) != Character.FORMAT
            && c != '\u2028'
            && c != '\u2029';
  }

  private static void append(StringBuilder text, int c) {
    if (c == '\n') {
      text.append("\\n");
    } else if (c == '\r') {
      text.append("\\r");
    } else if (c == '\t') {
      text.append("\\t");
    } else if (c == '\\' || c == '"') {
      text.append('\\').append((char) c);
    } else if (c >= ' ' && c <= '~') {
      text.append((char) c);
    } else {
      text.append(c > 0xFF ? "\\u" : "\\x");
      for (int shift = c > 0xFF ? 12 : 4; shift >= 0; shift -= 4) {
        text.append(HEX.charAt(c >> shift & 0xF));
      }
    }
  }
}

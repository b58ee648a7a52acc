package dev.postern.wire;

/**
 * Foreign bytes and chars for people to read: one line, nothing a terminal or a log could act on.
 */
public final class Escapes {
  private static final String HEX = "0123456789abcdef";

  private Escapes() {}

  /** The bytes as printable ASCII, all others as {@code \xNN}. */
  public static String escape(byte[] bytes, int offset, int length) {
    StringBuilder text = new StringBuilder(length);
    for (int i = offset; i < offset + length; i++) {
      append(text, bytes[i] & 0xFF);
    }
    return text.toString();
  }

  /** Text, or bytes as chars, as printable ASCII; what is no byte as {@code \\uNNNN}. */
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

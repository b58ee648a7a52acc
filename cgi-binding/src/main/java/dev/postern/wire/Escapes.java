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
      text.append("\\x").append(HEX.charAt(c >> 4 & 0xF)).append(HEX.charAt(c & 0xF));
    }
  }
}

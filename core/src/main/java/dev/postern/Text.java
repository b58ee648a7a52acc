package dev.postern;

/**
 * Small things of HTTP's text, on ASCII alone: no locale, no regular expression. CGI variables are
 * bytes, one char each.
 */
final class Text {
  private Text() {}

  /** {@code token = 1*tchar} (RFC 9110 5.6.2). */
  static boolean isToken(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!isAlphanumeric(c) && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
        return false;
      }
    }
    return !text.isEmpty();
  }

  static boolean isAlphanumeric(char c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
  }

  /** Whether every char stands for one byte. */
  static boolean isBytes(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0xFF) {
        return false;
      }
    }
    return true;
  }

  /** Without the spaces and tabs at both ends. */
  static String trimmed(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isBlank(text.charAt(start))) {
      start++;
    }
    while (end > start && isBlank(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  /** {@code 1*DIGIT} of at most 18 digits, so that it fits a long; -1 for everything else. */
  static long parseLength(String digits) {
    if (digits.isEmpty() || digits.length() > 18) {
      return -1;
    }
    long value = 0;
    for (int i = 0; i < digits.length(); i++) {
      char c = digits.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      value = value * 10 + (c - '0');
    }
    return value;
  }

  /** A foreign text for a message: in quotes, escaped, cut at 64 characters. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length() && i < 64; i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        appendEscaped(quoted, c);
      } else if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else {
        quoted.append(c);
      }
    }
    return quoted.append(text.length() > 64 ? "\"…" : "\"").toString();
  }

  /** A text for a log: control characters are escaped, so that it stays one line. */
  static String oneLine(CharSequence text) {
    StringBuilder line = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c) && c != '\t' || c == '\u2028' || c == '\u2029') {
        appendEscaped(line, c);
      } else {
        line.append(c);
      }
    }
    return line.toString();
  }

  private static void appendEscaped(StringBuilder text, char c) {
    text.append("\\u").append(hex(c >> 12)).append(hex(c >> 8)).append(hex(c >> 4)).append(hex(c));
  }

  /** The upper-case hexadecimal digit of the low four bits. */
  static char hex(int nibble) {
    return "0123456789ABCDEF".charAt(nibble & 0xF);
  }
}

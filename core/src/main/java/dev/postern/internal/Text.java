package dev.postern.internal;

/**
 * Small functions for the text of HTTP. They know only ASCII, and use no locale and no regular
 * expression. CGI variables are bytes, one char each.
 */
public final class Text {
  private Text() {}

  /** {@code token = 1*tchar} (RFC 9110 5.6.2). */
  public static boolean isToken(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!isAlphanumeric(c) && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
        return false;
      }
    }
    return !text.isEmpty();
  }

  public static boolean isAlphanumeric(char c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
  }

  /** Whether every char stands for one byte. */
  public static boolean isBytes(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0xFF) {
        return false;
      }
    }
    return true;
  }

  /**
   * The text in lower case. Only ASCII letters change, because other chars may be bytes of UTF-8.
   */
  public static String lower(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 'A' && text.charAt(i) <= 'Z') {
        char[] chars = text.toCharArray();
        for (int k = i; k < chars.length; k++) {
          chars[k] = chars[k] >= 'A' && chars[k] <= 'Z' ? (char) (chars[k] + 32) : chars[k];
        }
        return new String(chars);
      }
    }
    return text;
  }

  /** Without the spaces and tabs at both ends. */
  public static String trimmed(String text) {
    return trimmed(text, 0, text.length());
  }

  /** That part of the text, without the spaces and tabs at both ends. */
  public static String trimmed(String text, int from, int to) {
    int start = from;
    int end = to;
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
  public static long parseLength(String digits) {
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

  /** The upper-case hexadecimal digit of the low four bits. */
  public static char hex(int nibble) {
    return "0123456789ABCDEF".charAt(nibble & 0xF);
  }
}

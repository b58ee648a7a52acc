package dev.postern.internal;

import org.jspecify.annotations.Nullable;

/** Percent-encoding (RFC 3986 2.1), of bytes one char each. */
public final class Percent {
  private Percent() {}

  /**
   * The text decoded once: each {@code %} and two hexadecimal digits become the byte that they
   * name; all else stays. Null if a percent sign is not followed by two hexadecimal digits.
   */
  public static @Nullable String decoded(String encoded) {
    int percent = encoded.indexOf('%');
    if (percent < 0) {
      return encoded;
    }
    StringBuilder bytes = new StringBuilder(encoded.length());
    int from = 0;
    for (; percent >= 0; percent = encoded.indexOf('%', from)) {
      int value = byteAt(encoded, percent);
      if (value < 0) {
        return null;
      }
      bytes.append(encoded, from, percent).append((char) value);
      from = percent + 3;
    }
    return bytes.append(encoded, from, encoded.length()).toString();
  }

  /** The byte that the {@code %} at that place and two digits after it name, or -1. */
  public static int byteAt(String encoded, int percent) {
    if (percent + 2 >= encoded.length()) {
      return -1;
    }
    int high = hex(encoded.charAt(percent + 1));
    int low = hex(encoded.charAt(percent + 2));
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }

  /** The value of a hexadecimal digit of ASCII, or -1. */
  public static int hex(char c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    char lower = (char) (c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }
}

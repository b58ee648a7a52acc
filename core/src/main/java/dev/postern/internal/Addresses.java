package dev.postern.internal;

import org.jspecify.annotations.Nullable;

/**
 * IP addresses as text and as bytes. IPv6 is read as RFC 4291 2.2 says and written as RFC 5952 4
 * says. This class never looks up a name.
 */
public final class Addresses {
  private static final int GROUPS = 8;

  private Addresses() {}

  /**
   * The 16 bytes of an address literal without brackets, an IPv4 address as {@code ::ffff:a.b.c.d};
   * null for anything else. The zone of an IPv6 address ({@code %eth0}) is left out, because only
   * this machine knows what it means.
   */
  public static byte @Nullable [] parse(String literal) {
    int @Nullable [] groups;
    if (literal.indexOf(':') < 0) {
      groups = new int[GROUPS];
      groups[5] = 0xFFFF;
      groups = dotted(literal, groups, 6) ? groups : null;
    } else {
      int zone = literal.indexOf('%');
      groups = groups(zone < 0 ? literal : literal.substring(0, zone));
    }
    if (groups == null) {
      return null;
    }
    byte[] bytes = new byte[2 * GROUPS];
    for (int i = 0; i < GROUPS; i++) {
      bytes[2 * i] = (byte) (groups[i] >> 8);
      bytes[2 * i + 1] = (byte) groups[i];
    }
    return bytes;
  }

  /**
   * The eight groups of an IPv6 address without brackets and zone, or null when the text is no such
   * address.
   */
  static int @Nullable [] groups(String text) {
    int[] groups = new int[GROUPS];
    int count = 0;
    int gap = -1;
    int at = 0;
    if (text.startsWith("::")) {
      gap = 0;
      at = 2;
    }
    while (at < text.length()) {
      int end = text.indexOf(':', at);
      end = end < 0 ? text.length() : end;
      if (text.indexOf('.', at) >= 0 && end == text.length()) {
        return count > GROUPS - 2 || !dotted(text.substring(at), groups, count)
            ? null
            : expanded(groups, count + 2, gap);
      }
      int value = group(text, at, end);
      if (value < 0 || count == GROUPS) {
        return null;
      }
      groups[count++] = value;
      if (end == text.length()) {
        return expanded(groups, count, gap);
      }
      at = end + 1;
      if (at < text.length() && text.charAt(at) == ':') {
        if (gap >= 0) {
          return null;
        }
        gap = count;
        at++;
      } else if (at == text.length()) {
        return null;
      }
    }
    return gap < 0 ? null : expanded(groups, count, gap);
  }

  /** {@code h16 = 1*4HEXDIG}; -1 for everything else. */
  private static int group(String text, int start, int end) {
    if (end == start || end - start > 4) {
      return -1;
    }
    int value = 0;
    for (int i = start; i < end; i++) {
      int digit = Percent.hex(text.charAt(i));
      if (digit < 0) {
        return -1;
      }
      value = value << 4 | digit;
    }
    return value;
  }

  /** Puts one group of zeros or more in the place of {@code ::}. */
  private static int @Nullable [] expanded(int[] groups, int count, int gap) {
    if (gap < 0) {
      return count == GROUPS ? groups : null;
    }
    if (count == GROUPS) {
      return null;
    }
    int[] all = new int[GROUPS];
    System.arraycopy(groups, 0, all, 0, gap);
    System.arraycopy(groups, gap, all, GROUPS - (count - gap), count - gap);
    return all;
  }

  /** Whether this is {@code IPv4address} (RFC 3986 3.2.2). */
  static boolean isDotted(String text) {
    return dotted(text, new int[2], 0);
  }

  private static boolean dotted(String text, int[] groups, int at) {
    int part = 0;
    long address = 0;
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i < text.length() && text.charAt(i) != '.') {
        continue;
      }
      int octet = octet(text, start, i);
      if (octet < 0 || part == 4) {
        return false;
      }
      address = address << 8 | octet;
      part++;
      start = i + 1;
    }
    groups[at] = (int) (address >> 16 & 0xFFFF);
    groups[at + 1] = (int) (address & 0xFFFF);
    return part == 4;
  }

  /** {@code dec-octet}: no leading zero, because some readers take such a number for octal. */
  private static int octet(String text, int start, int end) {
    if (end == start || end - start > 3 || end - start > 1 && text.charAt(start) == '0') {
      return -1;
    }
    int value = 0;
    for (int i = start; i < end; i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      value = value * 10 + (c - '0');
    }
    return value > 255 ? -1 : value;
  }

  /**
   * Writes an address in lower case, without leading zeros, and with {@code ::} for the first of
   * the longest runs of zeros.
   */
  static String text(int[] groups) {
    int start = -1;
    int length = 1;
    for (int i = 0; i < GROUPS; i++) {
      int zeros = 0;
      while (i + zeros < GROUPS && groups[i + zeros] == 0) {
        zeros++;
      }
      if (zeros > length) {
        start = i;
        length = zeros;
      }
    }
    StringBuilder text = new StringBuilder(39);
    boolean mapped = start == 0 && length == 5 && groups[5] == 0xFFFF;
    for (int i = 0; i < (mapped ? 6 : GROUPS); i++) {
      if (i == start) {
        text.append("::");
        i += length - 1;
        continue;
      }
      if (i > 0 && i != start + length) {
        text.append(':');
      }
      text.append(Integer.toHexString(groups[i]));
    }
    if (mapped) {
      text.append(':').append(groups[6] >> 8).append('.').append(groups[6] & 0xFF);
      text.append('.').append(groups[7] >> 8).append('.').append(groups[7] & 0xFF);
    }
    return text.toString();
  }
}

package dev.postern.servlet;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** IP addresses as text and as bytes. Never looks up a name. */
final class Addresses {
  private static final int GROUPS = 8;

  private Addresses() {}

  /**
   * The 16 bytes of an address literal, an IPv4 address as {@code ::ffff:a.b.c.d}; null for
   * anything else. A zone ({@code %eth0}) is left out, as only this machine knows what it means.
   */
  static byte @Nullable [] parse(String literal) {
    int zone = literal.indexOf('%');
    String text = zone < 0 ? literal : literal.substring(0, zone);
    byte[] bytes = new byte[2 * GROUPS];
    if (text.indexOf(':') >= 0) {
      return parseGroups(text, bytes) ? bytes : null;
    }
    bytes[10] = (byte) 0xff;
    bytes[11] = (byte) 0xff;
    return zone < 0 && parseIpv4(text, 0, bytes, 12) ? bytes : null;
  }

  /** {@code IPv6address} of RFC 3986 3.2.2. */
  private static boolean parseGroups(String text, byte[] bytes) {
    int gap = -1;
    int count = 0;
    int at = 0;
    if (text.startsWith("::")) {
      gap = 0;
      at = 2;
    }
    while (at < text.length()) {
      int colon = text.indexOf(':', at);
      int end = colon < 0 ? text.length() : colon;
      if (colon < 0 && text.indexOf('.', at) >= 0) {
        if (count > GROUPS - 2 || !parseIpv4(text, at, bytes, 2 * count)) {
          return false;
        }
        count += 2;
        break;
      }
      int group = hexadecimal(text, at, end);
      if (group < 0 || count == GROUPS) {
        return false;
      }
      bytes[2 * count] = (byte) (group >> 8);
      bytes[2 * count + 1] = (byte) group;
      count++;
      at = end + 1;
      if (colon == text.length() - 1) {
        return false;
      }
      if (colon >= 0 && text.charAt(at) == ':') {
        if (gap >= 0) {
          return false;
        }
        gap = count;
        at++;
      }
    }
    return gap < 0 ? count == GROUPS : count < GROUPS && spread(bytes, gap, count);
  }

  /** Moves the groups behind {@code ::} to the end. */
  private static boolean spread(byte[] bytes, int gap, int count) {
    int moved = 2 * (count - gap);
    System.arraycopy(bytes, 2 * gap, bytes, bytes.length - moved, moved);
    Arrays.fill(bytes, 2 * gap, bytes.length - moved, (byte) 0);
    return true;
  }

  private static int hexadecimal(String text, int start, int end) {
    if (end - start < 1 || end - start > 4) {
      return -1;
    }
    int value = 0;
    for (int i = start; i < end; i++) {
      int digit = Bytes.hexDigit(text.charAt(i));
      if (digit < 0) {
        return -1;
      }
      value = value << 4 | digit;
    }
    return value;
  }

  /** {@code IPv4address} of RFC 3986 3.2.2: four decimal octets, to the end of the text. */
  private static boolean parseIpv4(String text, int start, byte[] bytes, int to) {
    int at = start;
    for (int i = 0; i < 4; i++) {
      int octet = 0;
      int digits = 0;
      for (; at < text.length() && digits < 4; at++, digits++) {
        char c = text.charAt(at);
        if (c < '0' || c > '9') {
          break;
        }
        octet = 10 * octet + c - '0';
      }
      boolean ends = i < 3 ? at < text.length() && text.charAt(at) == '.' : at == text.length();
      if (digits == 0 || digits > 3 || octet > 255 || !ends) {
        return false;
      }
      bytes[to + i] = (byte) octet;
      at++;
    }
    return true;
  }

  /**
   * The address in the form of RFC 5952: lower case, no leading zeros, the longest run of zero
   * groups as {@code ::}. Anything that is no IPv6 address is returned as it is.
   */
  static String shortForm(String address) {
    byte[] bytes = address.indexOf(':') < 0 ? null : parse(address);
    if (bytes == null) {
      return address;
    }
    if (isIpv4(bytes)) {
      return "::ffff:"
          + (bytes[12] & 0xff)
          + '.'
          + (bytes[13] & 0xff)
          + '.'
          + (bytes[14] & 0xff)
          + '.'
          + (bytes[15] & 0xff);
    }
    int start = 0;
    int length = 1;
    for (int i = 0, run = 0; i < GROUPS; i++) {
      run = group(bytes, i) == 0 ? run + 1 : 0;
      if (run > length) {
        length = run;
        start = i - run + 1;
      }
    }
    StringBuilder text = new StringBuilder(39);
    for (int i = 0; i < GROUPS; i++) {
      if (length > 1 && i == start) {
        text.append("::");
        i += length - 1;
        continue;
      }
      if (i > 0 && text.charAt(text.length() - 1) != ':') {
        text.append(':');
      }
      text.append(Integer.toHexString(group(bytes, i)));
    }
    return text.toString();
  }

  private static int group(byte[] bytes, int i) {
    return (bytes[2 * i] & 0xff) << 8 | bytes[2 * i + 1] & 0xff;
  }

  private static boolean isIpv4(byte[] bytes) {
    for (int i = 0; i < 10; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return bytes[10] == (byte) 0xff && bytes[11] == (byte) 0xff;
  }
}

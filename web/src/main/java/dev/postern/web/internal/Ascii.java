package dev.postern.web.internal;

import dev.postern.internal.Text;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Small functions for the text of HTTP. They know only ASCII, and use no locale and no regular
 * expression.
 */
public final class Ascii {
  private Ascii() {}

  /**
   * {@code 1*DIGIT}; -1 for everything else. A number that does not fit is {@link Long#MAX_VALUE}.
   */
  public static long number(String digits) {
    if (digits.isEmpty()) {
      return -1;
    }
    long value = 0;
    for (int i = 0; i < digits.length(); i++) {
      char c = digits.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      int digit = c - '0';
      value = value > (Long.MAX_VALUE - digit) / 10 ? Long.MAX_VALUE : value * 10 + digit;
    }
    return value;
  }

  /**
   * The text that bytes, one char each, stand for in UTF-8; null when they are malformed (or when a
   * char stands for no byte).
   */
  public static @Nullable String utf8(String bytes) {
    int i = 0;
    while (i < bytes.length() && bytes.charAt(i) < 0x80) {
      i++;
    }
    return i == bytes.length() ? bytes : strictUtf8(bytes);
  }

  private static @Nullable String strictUtf8(String bytes) {
    byte[] array = new byte[bytes.length()];
    for (int i = 0; i < array.length; i++) {
      if (bytes.charAt(i) > 0xFF) {
        return null;
      }
      array[i] = (byte) bytes.charAt(i);
    }
    // This uses no decoder, because an executable would load its classes for each request.
    // Malformed bytes become U+FFFD, which does not come back as the same bytes.
    String text = new String(array, StandardCharsets.UTF_8);
    return Arrays.equals(text.getBytes(StandardCharsets.UTF_8), array) ? text : null;
  }

  /** The UTF-8 bytes of a text, one char each. */
  public static String bytes(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new String(bytes, StandardCharsets.ISO_8859_1);
      }
    }
    return text;
  }

  /** Appends {@code %XX}. */
  public static void appendPercent(StringBuilder text, int octet) {
    text.append('%').append(Text.hex(octet >> 4)).append(Text.hex(octet));
  }

  /**
   * A path of bytes, one char each, percent-encoded for a URL. The slash and {@code pchar} of RFC
   * 3986 3.3 stay as they are, except {@code ;} and {@code =}.
   */
  public static String encodedPath(String bytes) {
    StringBuilder encoded = new StringBuilder(bytes.length() + 16);
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      if (Text.isAlphanumeric(c) || "/-._~!$&'()*+,:@".indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        appendPercent(encoded, c);
      }
    }
    return encoded.toString();
  }

  /**
   * A link to a path of bytes on the same host. Two slashes at its start would name another host,
   * so they get {@code /.} before them, as in a URL without a host (WHATWG URL 4.5).
   */
  public static String link(String bytes) {
    String path = encodedPath(bytes);
    return path.startsWith("//") ? "/." + path : path;
  }
}

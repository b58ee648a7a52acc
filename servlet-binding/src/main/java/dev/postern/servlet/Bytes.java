package dev.postern.servlet;

import dev.postern.internal.Percent;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Bytes as an environ holds them: in a String, one char each (ISO-8859-1). */
final class Bytes {
  private Bytes() {}

  /** The UTF-8 bytes of a text that the container has decoded: a path, a user's name. */
  static String ofText(String text) {
    return isBelow(text, 0x80) ? text : utf8(text);
  }

  /**
   * The bytes of a header value. Containers give one char for each byte. If the value has other
   * chars, because a container has decoded it or a filter has set it, the result is its UTF-8
   * bytes.
   */
  static String ofHeader(String value) {
    return isBelow(value, 0x100) ? value : utf8(value);
  }

  /**
   * The bytes of a percent-encoded text, decoded once (RFC 3986 2.1), or null if a percent sign is
   * not followed by two hexadecimal digits.
   */
  static @Nullable String decoded(String encoded) {
    return Percent.decoded(ofText(encoded));
  }

  private static String utf8(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static boolean isBelow(String text, int limit) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= limit) {
        return false;
      }
    }
    return true;
  }
}

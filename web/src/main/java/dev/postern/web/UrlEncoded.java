package dev.postern.web;

import dev.postern.HttpException;
import dev.postern.internal.Percent;
import dev.postern.internal.Text;
import dev.postern.web.internal.Ascii;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * {@code application/x-www-form-urlencoded} (WHATWG URL, 5): pairs between ampersands, plus signs
 * for spaces, percent-encoded UTF-8. An executable that reads a query loads this class at each
 * start.
 */
final class UrlEncoded {
  private UrlEncoded() {}

  /**
   * Reads bytes, one char each.
   *
   * @param strict whether to refuse a percent sign without two digits, and bytes that are no UTF-8
   * @param limit how many pairs there may be
   * @param tooMany the status for more pairs
   * @throws HttpException with status 400 or {@code tooMany}
   */
  static Parameters parse(String encoded, boolean strict, int limit, int tooMany) {
    String[] pairs = new String[8];
    int count = 0;
    int length = encoded.length();
    for (int start = 0; start < length; ) {
      int end = encoded.indexOf('&', start);
      end = end < 0 ? length : end;
      if (end > start) {
        if (count / 2 >= limit) {
          throw new HttpException(tooMany, "request must have no more parameters than " + limit);
        }
        if (count == pairs.length) {
          pairs = Arrays.copyOf(pairs, 2 * count);
        }
        int equals = encoded.indexOf('=', start);
        boolean valued = equals >= 0 && equals < end;
        pairs[count++] = decode(encoded, start, valued ? equals : end, strict);
        pairs[count++] = valued ? decode(encoded, equals + 1, end, strict) : "";
      }
      start = end + 1;
    }
    return count == 0 ? Parameters.of() : new Parameters(Arrays.copyOf(pairs, count));
  }

  private static String decode(String encoded, int start, int end, boolean strict) {
    StringBuilder bytes = null;
    for (int i = start; i < end; i++) {
      char c = encoded.charAt(i);
      if (c == '+' || c == '%') {
        if (bytes == null) {
          bytes = new StringBuilder(end - start).append(encoded, start, i);
        }
        int octet = c == '+' || i + 2 >= end ? -1 : Percent.byteAt(encoded, i);
        if (octet >= 0) {
          bytes.append((char) octet);
          i += 2;
        } else if (c == '+') {
          bytes.append(' ');
        } else if (strict) {
          throw new HttpException(400, "percent sign of a parameter must have two digits");
        } else {
          bytes.append(c);
        }
      } else if (bytes != null) {
        bytes.append(c);
      }
    }
    String decoded = bytes == null ? encoded.substring(start, end) : bytes.toString();
    String text = Ascii.utf8(decoded);
    if (text != null) {
      return text;
    }
    if (strict) {
      throw new HttpException(400, "parameter must be UTF-8");
    }
    return new String(decoded.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  static String encode(String[] pairs) {
    StringBuilder encoded = new StringBuilder();
    for (int i = 0; i < pairs.length; i++) {
      if (i > 0) {
        encoded.append(i % 2 == 0 ? '&' : '=');
      }
      for (byte octet : pairs[i].getBytes(StandardCharsets.UTF_8)) {
        char c = (char) (octet & 0xFF);
        if (Text.isAlphanumeric(c) || c == '*' || c == '-' || c == '.' || c == '_') {
          encoded.append(c);
        } else if (c == ' ') {
          encoded.append('+');
        } else {
          Ascii.appendPercent(encoded, c);
        }
      }
    }
    return encoded.toString();
  }
}

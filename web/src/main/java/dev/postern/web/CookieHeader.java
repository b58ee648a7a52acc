package dev.postern.web;

import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.internal.Text;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the {@code Cookie} field of any client (RFC 6265bis 5.8.3 and 4.2.1). The field has pairs
 * between semicolons. A value is what stands behind the first equals sign, quotes included. A pair
 * without an equals sign has no name, as in browsers. An executable that reads a cookie loads this
 * class at each start.
 */
final class CookieHeader {
  private static final int MAX = 64 * 1024;

  private CookieHeader() {}

  /** The first value of that name, without reading the others; or null. */
  static @Nullable String find(Environ environ, String name) {
    String header = header(environ);
    for (int start = 0; start < header.length(); ) {
      int end = end(header, start);
      int equals = header.indexOf('=', start);
      if (equals >= 0 && equals < end && Text.trimmed(header, start, equals).equals(name)) {
        return Text.trimmed(header, equals + 1, end);
      }
      start = end + 1;
    }
    return null;
  }

  static Parameters all(Environ environ, int limit) {
    String header = header(environ);
    String[] pairs = new String[8];
    int count = 0;
    for (int start = 0; start < header.length(); ) {
      int end = end(header, start);
      int equals = header.indexOf('=', start);
      boolean named = equals >= 0 && equals < end;
      String name = named ? Text.trimmed(header, start, equals) : "";
      String value = Text.trimmed(header, named ? equals + 1 : start, end);
      if (!name.isEmpty() || !value.isEmpty()) {
        if (count / 2 >= limit) {
          throw new HttpException(431, "request must have no more cookies than " + limit);
        }
        if (count == pairs.length) {
          pairs = Arrays.copyOf(pairs, 2 * count);
        }
        pairs[count++] = name;
        pairs[count++] = value;
      }
      start = end + 1;
    }
    return new Parameters(Arrays.copyOf(pairs, count));
  }

  private static String header(Environ environ) {
    String header = environ.variable("HTTP_COOKIE");
    if (header == null) {
      return "";
    }
    if (header.length() > MAX) {
      throw new HttpException(431, "Cookie header must not be longer than " + MAX);
    }
    return header;
  }

  private static int end(String header, int start) {
    int end = header.indexOf(';', start);
    return end < 0 ? header.length() : end;
  }
}

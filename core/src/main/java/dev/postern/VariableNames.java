package dev.postern;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/** The names of an environ's keys, in ASCII alone, and what may stand under them. */
final class VariableNames {
  private VariableNames() {}

  /**
   * The CGI variable of a request header (RFC 3875 4.1.18): {@code HTTP_}, upper case, {@code -} to
   * {@code _}. Null for a name that another one could be mistaken for.
   */
  static @Nullable String ofHeader(String name) {
    if (name.equalsIgnoreCase("Content-Type")) {
      return "CONTENT_TYPE";
    }
    if (name.equalsIgnoreCase("Content-Length")) {
      return "CONTENT_LENGTH";
    }
    StringBuilder variable = new StringBuilder(name.length() + 5).append("HTTP_");
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '-') {
        variable.append('_');
      } else if (Text.isAlphanumeric(c)) {
        variable.append(c >= 'a' ? (char) (c - 'a' + 'A') : c);
      } else {
        return null;
      }
    }
    return name.isEmpty() ? null : variable.toString();
  }

  /**
   * Refuses what an environ must not hold.
   *
   * @throws IllegalArgumentException when a key without a dot is given anything but a String of
   *     chars up to U+00FF, or a key with a dot is not lower-case
   */
  static void check(String key, Object value) {
    requireNonNull(value, "value");
    if (key.indexOf('.') >= 0) {
      if (!isExtension(key)) {
        throw new IllegalArgumentException("extension key must be lower-case: " + Text.quote(key));
      }
    } else if (!(value instanceof String text) || !Text.isBytes(text)) {
      throw new IllegalArgumentException(
          "CGI variable must be a String of bytes, one char each: " + Text.quote(key));
    }
  }

  /** Lower-case letters, digits, {@code _}, {@code -} and at least one dot. */
  static boolean isExtension(String key) {
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      if (!(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-')) {
        return false;
      }
    }
    return key.indexOf('.') >= 0;
  }
}

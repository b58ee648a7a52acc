package dev.postern;

import org.jspecify.annotations.Nullable;

/** The names of an environ's keys, in ASCII alone. */
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

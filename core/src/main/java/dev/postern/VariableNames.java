package dev.postern;

import static java.util.Objects.requireNonNull;

import dev.postern.internal.Escapes;
import dev.postern.internal.FieldNames;
import dev.postern.internal.Text;
import java.io.InputStream;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** Checks the names of an environ's keys, which are ASCII, and the values under them. */
final class VariableNames {
  private VariableNames() {}

  /**
   * The CGI variable of a request header (RFC 3875 4.1.18): {@code HTTP_}, upper case, {@code -} to
   * {@code _}. Null for a name whose variable could be mistaken for that of another header.
   */
  static @Nullable String ofHeader(String name) {
    if (name.equalsIgnoreCase("Content-Type")) {
      return "CONTENT_TYPE";
    }
    if (name.equalsIgnoreCase("Content-Length")) {
      return "CONTENT_LENGTH";
    }
    return FieldNames.variable(name);
  }

  /**
   * Refuses what an environ must not hold.
   *
   * @throws IllegalArgumentException when a key without a dot is empty or holds {@code =} or
   *     control characters, or is given anything but a String of chars up to U+00FF; or when a key
   *     with a dot is not lower-case, or is one of the interface's and its value has a wrong type
   */
  static void check(String key, Object value) {
    requireNonNull(value, "value");
    if (key.indexOf('.') >= 0) {
      if (!isExtension(key)) {
        throw new IllegalArgumentException(
            "extension key must be lower-case: " + Escapes.quote(key));
      }
      checkType(key, value);
    } else if (!isVariable(key)) {
      throw new IllegalArgumentException(
          "name of a variable must not be empty or hold = or control characters: "
              + Escapes.quote(key));
    } else if (!(value instanceof String text) || !Text.isBytes(text)) {
      throw new IllegalArgumentException(
          "CGI variable must be a String of bytes, one char each: " + Escapes.quote(key));
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

  /** Whether a key is the name of a variable [E16]. */
  static boolean isVariable(String key) {
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      if (c < ' ' || c == '=' || c == '.' || c == 0x7F) {
        return false;
      }
    }
    return !key.isEmpty();
  }

  /** Refuses a value of a wrong type [E17], because the typed readers cast it. */
  private static void checkType(String key, Object value) {
    Class<?> type =
        switch (key) {
          case "postern.version", "postern.url_scheme" -> String.class;
          case "postern.input" -> InputStream.class;
          case "postern.errors" -> PrintWriter.class;
          case "postern.multithread", "postern.multiprocess", "postern.run_once" -> Boolean.class;
          default -> Object.class;
        };
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException(key + " must be of type " + type.getSimpleName());
    }
  }

  /**
   * Refuses to remove what every environ has.
   *
   * @throws IllegalArgumentException when a request always has that variable or extension
   */
  static void checkRemovable(String key) {
    switch (key) {
      case "REQUEST_METHOD",
          "SCRIPT_NAME",
          "PATH_INFO",
          "QUERY_STRING",
          "SERVER_NAME",
          "SERVER_PORT",
          "SERVER_PROTOCOL",
          "postern.version",
          "postern.url_scheme",
          "postern.input",
          "postern.errors",
          "postern.multithread",
          "postern.multiprocess",
          "postern.run_once" ->
          throw new IllegalArgumentException("environ must keep " + key);
      default -> {}
    }
  }
}

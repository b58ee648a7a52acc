package dev.postern.internal;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Names of request header fields, and the variables that they become (RFC 3875 4.1.18). */
public final class FieldNames {
  private static final String PREFIX = "HTTP_";

  /** The variables of fields that are for one connection alone (RFC 9110 7.6.1, RFC 7540 3.2.1). */
  private static final Set<String> HOP_BY_HOP =
      Set.of(
          "HTTP_CONNECTION",
          "HTTP_HTTP2_SETTINGS",
          "HTTP_KEEP_ALIVE",
          "HTTP_PROXY_CONNECTION",
          "HTTP_TE",
          "HTTP_TRAILER",
          "HTTP_TRANSFER_ENCODING",
          "HTTP_UPGRADE");

  /** The variables of fields that are about the resource that the client has asked for. */
  private static final Set<String> CONDITIONS =
      Set.of(
          "HTTP_IF_MATCH",
          "HTTP_IF_MODIFIED_SINCE",
          "HTTP_IF_NONE_MATCH",
          "HTTP_IF_RANGE",
          "HTTP_IF_UNMODIFIED_SINCE",
          "HTTP_RANGE");

  private FieldNames() {}

  /**
   * {@code HTTP_}, upper case, {@code -} to {@code _}; null for a name with other characters than
   * {@code A-Za-z0-9-}, whose variable could be mistaken for that of another field (RFC 9110
   * 17.10).
   */
  public static @Nullable String variable(String field) {
    StringBuilder variable = new StringBuilder(field.length() + PREFIX.length()).append(PREFIX);
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      if (c == '-') {
        variable.append('_');
      } else if (c >= 'a' && c <= 'z') {
        variable.append((char) (c - 'a' + 'A'));
      } else if (c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
        variable.append(c);
      } else {
        return null;
      }
    }
    return field.isEmpty() ? null : variable.toString();
  }

  /** Whether the variable is that of a field that is for one connection alone. */
  public static boolean isHopByHop(String variable) {
    return HOP_BY_HOP.contains(variable);
  }

  /** Removes the variables of fields that are for one connection alone. */
  public static void removeHopByHop(Map<String, String> variables) {
    variables.keySet().removeAll(HOP_BY_HOP);
  }

  /**
   * Whether the variable is {@code HTTP_PROXY}, which HTTP clients inside of programs would obey
   * (CVE-2016-5385 and similar ones), or that of a field whose variable has another name.
   */
  public static boolean isNeverGiven(String variable) {
    return variable.equals("HTTP_PROXY")
        || variable.equals("HTTP_CONTENT_LENGTH")
        || variable.equals("HTTP_CONTENT_TYPE");
  }

  /**
   * Whether the variable asks for another form of the response than an error page or an included
   * part may have. A 206 or a 304 (RFC 9110 13.1, 14.2) would become a piece of a page with the
   * status of the error, or a page without the part. A part's Content-Encoding would be lost with
   * its other headers.
   */
  public static boolean isForTheWhole(String variable, boolean included) {
    return CONDITIONS.contains(variable) || included && variable.equals("HTTP_ACCEPT_ENCODING");
  }

  /** The variables of the fields that a value of {@code Connection} names (RFC 9110 7.6.1). */
  public static Set<String> connectionOptions(@Nullable String connection) {
    if (connection == null || connection.isEmpty()) {
      return Set.of();
    }
    Set<String> variables = new HashSet<>();
    int start = 0;
    for (int i = 0; i <= connection.length(); i++) {
      if (i == connection.length() || connection.charAt(i) == ',') {
        String variable = variable(connection.substring(start, i).trim());
        if (variable != null) {
          variables.add(variable);
        }
        start = i + 1;
      }
    }
    return variables;
  }

  /**
   * Whether shells and programs take {@code name} as the name of a variable: letters, digits and
   * {@code _}, but no digit first.
   */
  public static boolean isVariableName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_';
      if (!letter && !(i > 0 && c >= '0' && c <= '9')) {
        return false;
      }
    }
    return !name.isEmpty();
  }
}

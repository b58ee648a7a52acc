package dev.postern.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request's header fields as CGI variables (RFC 3875 4.1.18). A name with other characters than
 * {@code A-Za-z0-9-} has none, so that a variable never stands for two headers (RFC 9110 17.10).
 */
final class RequestHeaders {
  private static final String PREFIX = "HTTP_";

  /**
   * What never becomes a variable: what is for the connection alone (RFC 9110 7.6.1, RFC 7540
   * 3.2.1), what has a variable of another name, the credentials for a proxy, and {@code Proxy},
   * which HTTP clients inside of programs would obey (CVE-2016-5385 and its kin).
   */
  private static final Set<String> LEFT_OUT =
      Set.of(
          "HTTP_CONNECTION",
          "HTTP_HTTP2_SETTINGS",
          "HTTP_KEEP_ALIVE",
          "HTTP_PROXY_CONNECTION",
          "HTTP_TE",
          "HTTP_TRAILER",
          "HTTP_TRANSFER_ENCODING",
          "HTTP_UPGRADE",
          "HTTP_CONTENT_LENGTH",
          "HTTP_CONTENT_TYPE",
          "HTTP_PROXY_AUTHORIZATION",
          "HTTP_PROXY");

  /** Fields that a request has once: two of them have no common meaning. */
  private static final String[] SINGLE = {
    "Host", "Content-Length", "Content-Type", "Authorization"
  };

  private final HttpServletRequest request;
  private @Nullable Set<String> connectionOptions;

  RequestHeaders(HttpServletRequest request) {
    this.request = request;
  }

  /** The name of a field that must not be repeated and is, or null. */
  @Nullable String repeated() {
    for (String name : SINGLE) {
      Enumeration<String> values = values(name);
      if (values.hasMoreElements()) {
        values.nextElement();
        if (values.hasMoreElements()) {
          return name;
        }
      }
    }
    return null;
  }

  /** The variable's value, or null. {@code name} starts with {@code HTTP_}. */
  @Nullable String variable(String name) {
    if (!isVariable(name) || isLeftOut(name)) {
      return null;
    }
    Enumeration<String> values = values(name.substring(PREFIX.length()).replace('_', '-'));
    if (!values.hasMoreElements()) {
      return null;
    }
    String first = Bytes.ofHeader(values.nextElement());
    if (!values.hasMoreElements()) {
      return first;
    }
    // RFC 9110 5.3; RFC 9113 8.2.3 for cookies
    String separator = name.equals("HTTP_COOKIE") ? "; " : ", ";
    StringBuilder joined = new StringBuilder(first);
    while (values.hasMoreElements()) {
      joined.append(separator).append(Bytes.ofHeader(values.nextElement()));
    }
    return joined.toString();
  }

  /** Adds the names of all variables. */
  void addNames(Set<String> names) {
    Enumeration<String> fields = request.getHeaderNames();
    while (fields != null && fields.hasMoreElements()) {
      String variable = variableOf(fields.nextElement());
      if (variable != null && !isLeftOut(variable)) {
        names.add(variable);
      }
    }
  }

  private boolean isLeftOut(String variable) {
    return LEFT_OUT.contains(variable) || connectionOptions().contains(variable);
  }

  /** The variables of the fields that {@code Connection} names (RFC 9110 7.6.1). */
  private Set<String> connectionOptions() {
    if (connectionOptions == null) {
      connectionOptions = Set.of();
      Enumeration<String> values = values("Connection");
      while (values.hasMoreElements()) {
        for (String option : values.nextElement().split(",", -1)) {
          String variable = variableOf(option.trim());
          if (variable != null) {
            if (connectionOptions.isEmpty()) {
              connectionOptions = new HashSet<>();
            }
            connectionOptions.add(variable);
          }
        }
      }
    }
    return connectionOptions;
  }

  private Enumeration<String> values(String name) {
    Enumeration<String> values = request.getHeaders(name);
    return values == null ? Collections.emptyEnumeration() : values;
  }

  private static @Nullable String variableOf(String field) {
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

  private static boolean isVariable(String name) {
    for (int i = PREFIX.length(); i < name.length(); i++) {
      char c = name.charAt(i);
      if (!(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_')) {
        return false;
      }
    }
    return name.length() > PREFIX.length();
  }
}

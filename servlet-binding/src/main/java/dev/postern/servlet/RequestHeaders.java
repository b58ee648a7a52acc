package dev.postern.servlet;

import dev.postern.internal.FieldNames;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request's header fields as CGI variables (RFC 3875 4.1.18). A header whose name has other
 * characters than {@code A-Za-z0-9-} gets no variable, so that a variable never stands for two
 * headers (RFC 9110 17.10).
 */
final class RequestHeaders {
  private static final String PREFIX = "HTTP_";
  private static final String HOST = "HTTP_HOST";

  /** Fields that a request may have only once, because two of them have no common meaning. */
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
      if (request.getHeader(name) == null) {
        continue;
      }
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
      return name.equals(HOST) ? authority() : null;
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
      String variable = FieldNames.variable(fields.nextElement());
      if (variable != null && !isLeftOut(variable)) {
        names.add(variable);
      }
    }
    if (authority() != null) {
      names.add(HOST);
    }
  }

  /**
   * The {@code :authority} of a request that has no Host. Jetty and Tomcat make no Host of it. But
   * whoever turns HTTP/2 into another protocol must make one (RFC 9113 8.3.1).
   */
  private @Nullable String authority() {
    String protocol = request.getProtocol();
    String name = request.getServerName();
    if (protocol == null || protocol.startsWith("HTTP/1") || name == null || name.isEmpty()) {
      return null;
    }
    String host = name.indexOf(':') >= 0 && name.charAt(0) != '[' ? "[" + name + "]" : name;
    int port = request.getServerPort();
    boolean usual = port == ("https".equalsIgnoreCase(request.getScheme()) ? 443 : 80);
    return Bytes.ofText(port <= 0 || usual ? host : host + ":" + port);
  }

  private boolean isLeftOut(String variable) {
    return FieldNames.isHopByHop(variable)
        || FieldNames.isNeverGiven(variable)
        || variable.equals("HTTP_PROXY_AUTHORIZATION")
        || isForTheWhole(variable)
        || connectionOptions().contains(variable);
  }

  /** Whether this is an error page or an included part, and the variable is not for such a one. */
  private boolean isForTheWhole(String variable) {
    DispatcherType type = request.getDispatcherType();
    boolean included = type == DispatcherType.INCLUDE;
    return (included || type == DispatcherType.ERROR)
        && FieldNames.isForTheWhole(variable, included);
  }

  /** The variables of the fields that {@code Connection} names (RFC 9110 7.6.1). */
  private Set<String> connectionOptions() {
    if (connectionOptions == null) {
      Enumeration<String> values = values("Connection");
      connectionOptions =
          values.hasMoreElements()
              ? FieldNames.connectionOptions(String.join(",", Collections.list(values)))
              : Set.of();
    }
    return connectionOptions;
  }

  private Enumeration<String> values(String name) {
    Enumeration<String> values = request.getHeaders(name);
    return values == null ? Collections.emptyEnumeration() : values;
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

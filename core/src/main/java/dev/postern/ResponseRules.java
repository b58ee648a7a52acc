package dev.postern;

import static java.util.Objects.requireNonNull;

import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import java.util.Locale;

/** Checks status, headers, early hints and trailers. */
final class ResponseRules {
  private ResponseRules() {}

  /**
   * Refuses a status and headers that an application must not start.
   *
   * @throws IllegalArgumentException with the rule that is broken
   */
  static void check(int status, Headers headers) {
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException("response status must be 200 to 599: " + status);
    }
    boolean lengthSeen = false;
    int count = requireNonNull(headers, "headers").size();
    for (int i = 0; i < count; i++) {
      String name = headers.name(i);
      if (isConnectionLevel(name)) {
        throw new IllegalArgumentException("response header must not be hop-by-hop: " + name);
      }
      if (name.equalsIgnoreCase("Status")) {
        throw new IllegalArgumentException("response header must not be the status: " + name);
      }
      if (name.equalsIgnoreCase("Content-Length")) {
        if (lengthSeen || Text.parseLength(headers.value(i)) < 0) {
          throw new IllegalArgumentException(
              "response header Content-Length must be one number of digits: "
                  + Escapes.quote(headers.value(i)));
        }
        lengthSeen = true;
      }
    }
  }

  /**
   * Whether only the gateway sets this field: it is the status, or is about the connection or the
   * framing.
   */
  static boolean isGateways(String name) {
    return isConnectionLevel(name)
        || name.equalsIgnoreCase("Status")
        || name.equalsIgnoreCase("Content-Length");
  }

  /**
   * Refuses early hints that would be about the connection or the framing.
   *
   * @throws IllegalArgumentException with the rule that is broken
   */
  static void checkHints(Headers headers) {
    for (int i = 0; i < headers.size(); i++) {
      if (isGateways(headers.name(i))) {
        throw new IllegalArgumentException(
            "early hint must not be about the connection or the framing: " + headers.name(i));
      }
    }
  }

  /**
   * Refuses trailers that a recipient would need before the body (RFC 9110 6.5.1).
   *
   * @throws IllegalArgumentException with the rule that is broken
   */
  static void checkTrailers(Headers trailers) {
    for (int i = 0; i < trailers.size(); i++) {
      String name = trailers.name(i);
      if (isGateways(name) || isNeededFirst(name)) {
        throw new IllegalArgumentException(
            "trailer field must not be one that is needed before the body: " + name);
      }
    }
  }

  private static boolean isNeededFirst(String name) {
    switch (name.toLowerCase(Locale.ROOT)) {
      case "age", "authorization", "cache-control", "content-encoding", "content-range":
      case "content-type", "date", "expires", "host", "location", "retry-after", "set-cookie":
      case "vary", "warning", "www-authenticate":
        return true;
      default:
        return false;
    }
  }

  /**
   * The names of RFC 9110 7.6.1 and RFC 2616 13.5.1. Such fields belong to the connection, and only
   * the gateway handles the connection.
   */
  static boolean isConnectionLevel(String name) {
    switch (name.length()) {
      case 2:
        return name.equalsIgnoreCase("TE");
      case 7:
        return name.equalsIgnoreCase("Upgrade") || name.equalsIgnoreCase("Trailer");
      case 8:
        return name.equalsIgnoreCase("Trailers");
      case 10:
        return name.equalsIgnoreCase("Connection") || name.equalsIgnoreCase("Keep-Alive");
      case 16:
        return name.equalsIgnoreCase("Proxy-Connection");
      case 17:
        return name.equalsIgnoreCase("Transfer-Encoding");
      case 18:
        return name.equalsIgnoreCase("Proxy-Authenticate");
      case 19:
        return name.equalsIgnoreCase("Proxy-Authorization");
      default:
        return false;
    }
  }
}

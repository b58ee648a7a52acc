package dev.postern.cgi;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.wire.Escapes;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a request must be before a program is started for it. */
final class RequestRules {
  private static final int MAX_PATH = 4096;
  private static final int MAX_QUERY = 16 * 1024;

  private RequestRules() {}

  /**
   * Refuses what no hosted program should see.
   *
   * @throws GatewayException with status 400, 405, 413 or 414
   */
  static void check(Environ environ, HostOptions options) throws GatewayException {
    checkMethod(environ.method());
    String script = bytes(environ, "SCRIPT_NAME");
    String path = bytes(environ, "PATH_INFO");
    if (script.length() + path.length() > MAX_PATH) {
      throw new GatewayException(
          414, "path must not exceed " + MAX_PATH + " bytes [path-too-long]");
    }
    if (environ.queryString().length() > MAX_QUERY) {
      throw new GatewayException(
          414, "query must not exceed " + MAX_QUERY + " bytes [query-too-long]");
    }
    checkPath(path);
    String target = environ.variable("REQUEST_URI");
    if (target != null) {
      checkEncoded(rawPath(target), options.encodedSlash());
    }
    if (environ.contentLength() > options.maxBody()) {
      throw tooLarge(options.maxBody());
    }
  }

  static GatewayException tooLarge(long maxBody) {
    return new GatewayException(
        413, "request body must not exceed " + maxBody + " bytes [body-too-large]");
  }

  /**
   * TRACE would show a program's view of the request to whoever asks, CONNECT is no request for a
   * resource.
   */
  private static void checkMethod(String method) throws GatewayException {
    if (method.equals("TRACE") || method.equals("CONNECT")) {
      throw new GatewayException(
          405,
          "method must be one that a program can answer: " + method + " [method]",
          Headers.of("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
          null,
          null);
    }
  }

  /**
   * The decoded path: no control characters, no dot segments, no backslash, which some take for a
   * slash.
   */
  private static void checkPath(String path) throws GatewayException {
    if (!path.isEmpty() && path.charAt(0) != '/') {
      throw new GatewayException(
          400, "path must start with a slash: " + Escapes.quote(path) + " [path]");
    }
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c < ' ' || c == 0x7F || c == '\\') {
        throw new GatewayException(
            400,
            "path must hold no control characters and no backslash: "
                + Escapes.quote(path)
                + " [path-character]");
      }
    }
    for (String segment : path.split("/", -1)) {
      int params = segment.indexOf(';');
      String name = params < 0 ? segment : segment.substring(0, params);
      if (name.equals(".") || name.equals("..")) {
        throw new GatewayException(
            400, "path must have no dot segments: " + Escapes.quote(path) + " [dot-segment]");
      }
    }
  }

  /** What a decoded path does not show any more: an encoded slash, backslash or NUL. */
  private static void checkEncoded(String rawPath, boolean encodedSlash) throws GatewayException {
    String lower = rawPath.toLowerCase(Locale.ROOT);
    if (!encodedSlash && lower.contains("%2f") || lower.contains("%5c") || lower.contains("%00")) {
      throw new GatewayException(
          400,
          "path must hold no encoded slash, backslash or NUL: "
              + Escapes.quote(rawPath)
              + " [encoded-path]");
    }
  }

  /** The path of a request target, still encoded. */
  static String rawPath(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  static String bytes(Environ environ, String name) {
    @Nullable String value = environ.variable(name);
    return value == null ? "" : value;
  }
}

package dev.postern.hosting;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.internal.Escapes;
import dev.postern.program.RequestPath;
import dev.postern.wire.Refusal;
import java.io.InputStream;
import java.util.List;

/**
 * Follows the local redirects of programs (RFC 3875 6.2.2) where an application was given for them.
 * Only the path and query of the program's answer are used, so that no header of the answer can
 * choose who answers, or how (CVE-2024-38476).
 */
public final class LocalRedirect {
  /** How many are followed for one request. */
  public static final int MAX = 5;

  private static final String COUNT = "cgi.redirects";

  /** Variables of the body, which the next request does not have. */
  private static final List<String> OF_THE_BODY =
      List.of(
          "CONTENT_LENGTH",
          "CONTENT_TYPE",
          "HTTP_CONTENT_ENCODING",
          "HTTP_EXPECT",
          "HTTP_TRANSFER_ENCODING");

  private LocalRedirect() {}

  /**
   * The request for the place that a program named.
   *
   * @param location a path that begins with one slash, and its query
   * @throws GatewayException with status 502 when a request may not have such a path, or there were
   *     too many redirects
   */
  static Environ next(Environ environ, HostOptions options, String location)
      throws GatewayException {
    int count = environ.get(COUNT) instanceof Integer before ? before : 0;
    if (count == MAX) {
      throw Refusal.of(
          502, "redirect-loop", "local redirects must not exceed " + MAX + " for a request");
    }
    int query = location.indexOf('?');
    Environ next = environ.copy();
    next.put("PATH_INFO", path(location, options.encodedSlash()));
    next.put("SCRIPT_NAME", "");
    next.put("QUERY_STRING", query < 0 ? "" : location.substring(query + 1));
    next.put("REQUEST_URI", location);
    next.put("REQUEST_METHOD", "GET");
    for (String name : OF_THE_BODY) {
      next.remove(name);
    }
    next.put("postern.input", InputStream.nullInputStream());
    next.put(COUNT, count + 1);
    return next;
  }

  private static String path(String location, boolean encodedSlash) throws GatewayException {
    try {
      String path = RequestPath.checkEncoded(RequestPath.ofTarget(location), encodedSlash);
      // Another application answers, which may take a backslash for a slash.
      RequestPath.checkScript(path);
      return path;
    } catch (GatewayException e) {
      throw Refusal.of(
          502,
          Refusal.rule(e),
          "local redirect must go to a path that a request may have: "
              // The message leaves out the query, which may hold what a log should not.
              + Escapes.quote(RequestPath.ofTarget(location)));
    }
  }
}

package dev.postern.hosting;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.program.RequestPath;
import java.nio.charset.StandardCharsets;

/**
 * Redirects a client from a directory's path without its last slash to the path with it. A browser
 * resolves the links in the directory's page relative to the path, so without the slash they would
 * lead beside the directory.
 */
public final class DirectorySlash {
  private static final String HEX = "0123456789ABCDEF";

  /** {@code pchar} of RFC 3986 3.3 without letters and digits, and the slash. */
  private static final String IN_PATH = "-._~!$&'()*+,;=:@/";

  private static final String IN_QUERY = IN_PATH + "?%";

  private DirectorySlash() {}

  /** Starts a 301 that keeps the query. */
  public static Body redirect(Environ environ, StartResponse startResponse) {
    String path =
        RequestPath.bytes(environ, "SCRIPT_NAME") + RequestPath.bytes(environ, "PATH_INFO") + "/";
    int start = 0;
    while (path.startsWith("//", start)) {
      // A Location that starts with two slashes would name another host.
      start++;
    }
    String query = RequestPath.bytes(environ, "QUERY_STRING");
    String location =
        encode(path.substring(start), IN_PATH)
            + (query.isEmpty() ? "" : "?" + encode(query, IN_QUERY));
    startResponse.start(
        301, Headers.of("Location", location, "Content-Type", "text/plain; charset=utf-8"));
    return Body.of("301 Moved Permanently\n".getBytes(StandardCharsets.UTF_8));
  }

  private static String encode(String bytes, String allowed) {
    StringBuilder encoded = new StringBuilder(bytes.length());
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (plain || allowed.indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append('%').append(HEX.charAt(c >> 4 & 0xF)).append(HEX.charAt(c & 0xF));
      }
    }
    return encoded.toString();
  }
}

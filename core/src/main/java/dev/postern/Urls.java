package dev.postern;

import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** URLs from CGI variables. */
final class Urls {
  private Urls() {}

  /**
   * Joins scheme, host, encoded SCRIPT_NAME and PATH_INFO, and query (PEP 3333, URL
   * Reconstruction).
   */
  static String reconstruct(Environ environ) {
    String scheme = environ.scheme();
    StringBuilder url = new StringBuilder(scheme).append("://");
    String host = environ.variable("HTTP_HOST");
    if (host != null && !host.isEmpty()) {
      url.append(host);
    } else {
      url.append(serverName(environ));
      String port = orEmpty(environ.variable("SERVER_PORT"));
      if (!port.isEmpty() && !port.equals(scheme.equals("https") ? "443" : "80")) {
        url.append(':').append(port);
      }
    }
    appendEncoded(url, orEmpty(environ.variable("SCRIPT_NAME")));
    appendEncoded(url, orEmpty(environ.variable("PATH_INFO")));
    if (!environ.queryString().isEmpty()) {
      url.append('?').append(environ.queryString());
    }
    return url.toString();
  }

  /**
   * The host of a URL. nginx without a {@code server_name} sends an empty SERVER_NAME, but a URL
   * needs a host. So the server's address takes its place.
   */
  private static String serverName(Environ environ) {
    String name = orEmpty(environ.variable("SERVER_NAME"));
    if (!name.isEmpty()) {
      return name;
    }
    String address = orEmpty(environ.variable("SERVER_ADDR"));
    if (address.isEmpty()) {
      return "localhost";
    }
    return address.indexOf(':') < 0 || address.startsWith("[") ? address : "[" + address + "]";
  }

  /** The UTF-8 bytes of a prefix, one char each, without a slash at the end. */
  static String mountPoint(String prefix) {
    if (!prefix.isEmpty() && prefix.charAt(0) != '/') {
      throw new IllegalArgumentException(
          "prefix must be empty or start with a slash: " + Escapes.quote(prefix));
    }
    int end = prefix.length();
    while (end > 0 && prefix.charAt(end - 1) == '/') {
      end--;
    }
    byte[] bytes = prefix.substring(0, end).getBytes(StandardCharsets.UTF_8);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /**
   * Appends {@code pchar} and the slash as they are, but {@code ;} and {@code =} encoded, as RFC
   * 3875 3.3 wants. All other bytes become {@code %XX}.
   */
  private static void appendEncoded(StringBuilder url, String bytes) {
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      if (Text.isAlphanumeric(c) || "/-._~!$&'()*+,:@".indexOf(c) >= 0) {
        url.append(c);
      } else {
        url.append('%').append(Text.hex(c >> 4)).append(Text.hex(c));
      }
    }
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}

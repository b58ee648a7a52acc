package dev.postern.testing;

import dev.postern.internal.FieldNames;
import dev.postern.internal.Percent;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The CGI variables of a test's request, by RFC 3875 4.1, on bytes. */
final class RequestVariables {
  private final Map<String, String> variables = new HashMap<>();

  private RequestVariables() {}

  /**
   * Returns the variables as a web server would set them.
   *
   * @param scriptName where the application is, decoded; maybe ""
   * @throws IllegalArgumentException when the target is no path, with or without a query
   */
  static Map<String, String> of(TestRequest request, String scriptName, String scheme) {
    RequestVariables made = new RequestVariables();
    made.putTarget(request, scriptName);
    made.putServer(request.headers().get("Host"), scheme);
    for (Map.Entry<String, String> field : request.headers()) {
      made.putHeader(field.getKey(), field.getValue());
    }
    byte[] body = request.body();
    if (body != null && !request.isChunked()) {
      made.variables.putIfAbsent("CONTENT_LENGTH", Integer.toString(body.length));
    }
    return made.variables;
  }

  private void putTarget(TestRequest request, String scriptName) {
    String target = request.target();
    if (!target.isEmpty() && target.charAt(0) != '/') {
      throw new IllegalArgumentException("target must start with a slash: " + target);
    }
    int query = target.indexOf('?');
    variables.put("REQUEST_METHOD", request.method());
    String uri = encoded(bytes(scriptName)) + bytes(target);
    variables.put("REQUEST_URI", uri.isEmpty() ? "/" : uri);
    variables.put("SCRIPT_NAME", bytes(scriptName));
    variables.put("PATH_INFO", decoded(query < 0 ? target : target.substring(0, query)));
    variables.put("QUERY_STRING", query < 0 ? "" : target.substring(query + 1));
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
    variables.put("GATEWAY_INTERFACE", "CGI/1.1");
    variables.put("REMOTE_ADDR", "127.0.0.1");
  }

  private void putServer(@Nullable String host, String scheme) {
    String authority = host == null ? "localhost" : host;
    int colon = authority.lastIndexOf(':');
    boolean hasPort = colon > authority.lastIndexOf(']');
    variables.put("SERVER_NAME", hasPort ? authority.substring(0, colon) : authority);
    String standard = scheme.equals("https") ? "443" : "80";
    variables.put("SERVER_PORT", hasPort ? authority.substring(colon + 1) : standard);
    variables.put("HTTP_HOST", authority);
  }

  private void putHeader(String name, String value) {
    String lower = name.toLowerCase(Locale.ROOT);
    switch (lower) {
      case "content-type" -> variables.put("CONTENT_TYPE", value);
      case "content-length" -> variables.put("CONTENT_LENGTH", value);
      case "host", "proxy" -> {}
      default -> {
        String key = FieldNames.variable(lower);
        if (key != null) {
          String separator = lower.equals("cookie") ? "; " : ", ";
          variables.merge(key, value, (before, more) -> before + separator + more);
        }
      }
    }
  }

  /** Decodes percent signs once. Each byte becomes a char. */
  static String decoded(String path) {
    String decoded = Percent.decoded(bytes(path));
    if (decoded == null) {
      throw new IllegalArgumentException("target must be percent-encoded: " + path);
    }
    return decoded;
  }

  /** Encodes all bytes but {@code pchar} and the slash (RFC 3986 3.3). */
  private static String encoded(String path) {
    StringBuilder encoded = new StringBuilder();
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      boolean letterOrDigit = c < 0x80 && Character.isLetterOrDigit(c);
      if (letterOrDigit || "/-._~!$&'()*+,;=:@".indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits((byte) c));
      }
    }
    return encoded.toString();
  }

  private static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}

package dev.postern.launcher.run;

import dev.postern.launcher.values.LauncherException;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The variables that a server would make of a URL for one program. Values hold bytes, one char
 * each.
 *
 * @param shown as a request line has it
 */
record Target(Map<String, String> variables, String scheme, String shown) {
  /**
   * Reads {@code [http://HOST[:PORT]]/PATH[?QUERY]}, {@code ?QUERY}, or nothing.
   *
   * @param name of the program's file. If a segment of the path has this name, the path is divided
   *     after it. Otherwise the whole path follows the program's own
   * @throws LauncherException when it is no such URL
   */
  static Target of(String text, String name) {
    String scheme = "http";
    String host = "localhost";
    int usual = 80;
    int port = usual;
    String rest = text;
    if (text.matches("(?i)https?://.*")) {
      int slash = text.indexOf('/', text.indexOf("//") + 2);
      URI authority = authority(text, slash < 0 ? text : text.substring(0, slash));
      scheme = authority.getScheme().toLowerCase(Locale.ROOT);
      host = authority.getHost();
      usual = scheme.equals("https") ? 443 : 80;
      port = authority.getPort() > 0 ? authority.getPort() : usual;
      rest = slash < 0 ? "" : text.substring(slash);
    }
    if (!rest.isEmpty() && rest.charAt(0) != '/' && rest.charAt(0) != '?') {
      throw wrong(text);
    }
    int fragment = rest.indexOf('#');
    rest = fragment < 0 ? rest : rest.substring(0, fragment);
    int question = rest.indexOf('?');
    String path = question < 0 ? rest : rest.substring(0, question);
    String query = question < 0 ? "" : rest.substring(question + 1);
    String decoded = decoded(text, path);
    String segment = "/" + bytes(name);
    int at = (decoded + "/").indexOf(segment + "/");
    String script = at < 0 ? segment : decoded.substring(0, at + segment.length());
    String info = at < 0 ? decoded : decoded.substring(at + segment.length());
    String uri = (at < 0 ? encoded(segment) : "") + path + (question < 0 ? "" : "?" + query);
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("SERVER_NAME", host);
    variables.put("SERVER_PORT", Integer.toString(port));
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
    variables.put("SERVER_SOFTWARE", "Postern");
    variables.put("REMOTE_ADDR", "127.0.0.1");
    variables.put("HTTP_HOST", port == usual ? host : host + ":" + port);
    variables.put("SCRIPT_NAME", script);
    variables.put("PATH_INFO", info);
    variables.put("QUERY_STRING", bytes(query));
    variables.put("REQUEST_URI", bytes(uri));
    if (scheme.equals("https")) {
      variables.put("HTTPS", "on");
    }
    return new Target(variables, scheme, uri);
  }

  private static URI authority(String text, String authority) {
    try {
      URI uri = new URI(authority);
      if (uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // The error below reports it.
    }
    throw wrong(text);
  }

  private static LauncherException wrong(String text) {
    return LauncherException.badArgument(
        "URL must be a path with a query, or begin with http://: \"" + text + "\"");
  }

  /** Encodes a text in UTF-8, with one byte in each char. */
  private static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static String decoded(String text, String path) {
    byte[] encoded = path.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream decoded = new ByteArrayOutputStream();
    for (int i = 0; i < encoded.length; i++) {
      if (encoded[i] != '%') {
        decoded.write(encoded[i]);
        continue;
      }
      int high = i + 2 < encoded.length ? Character.digit(encoded[i + 1], 16) : -1;
      int low = i + 2 < encoded.length ? Character.digit(encoded[i + 2], 16) : -1;
      if (high < 0 || low < 0) {
        throw wrong(text);
      }
      decoded.write(high * 16 + low);
      i += 2;
    }
    return decoded.toString(StandardCharsets.ISO_8859_1);
  }

  /** Encodes a path of the program's own name, as a request would have it. */
  private static String encoded(String path) {
    StringBuilder encoded = new StringBuilder();
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c > ' ' && c < 0x7f && "\"#%<>?[\\]^`{|}".indexOf(c) < 0) {
        encoded.append(c);
      } else {
        encoded.append(String.format("%%%02X", (int) c));
      }
    }
    return encoded.toString();
  }
}

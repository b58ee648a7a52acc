package dev.postern.gateway;

import dev.postern.internal.Percent;
import java.util.Map;

/**
 * Undoes what some servers do to SCRIPT_NAME and PATH_INFO before a CGI program sees them.
 * REQUEST_URI has the path that the client sent, and decides. If a rewrite rule has changed the
 * path on purpose, REQUEST_URI does not match, and this class changes nothing. A process loads this
 * class only for a server-side include, and when the three variables do not agree.
 */
public final class PathRepair {
  private PathRepair() {}

  static void repair(Map<String, String> variables) {
    String script = variables.getOrDefault("SCRIPT_NAME", "");
    String path = variables.getOrDefault("PATH_INFO", "");
    // lighttpd gives a program at the root the SCRIPT_NAME "/". PEP 3333 has it empty there.
    if (script.endsWith("/")) {
      script = script.substring(0, script.length() - 1);
      path = path.startsWith("/") ? path : "/".concat(path);
    }
    String requested = path(variables.getOrDefault("REQUEST_URI", ""));
    path = withoutScript(script, path, requested, variables);
    path = withSlashes(script, path, requested);
    if (variables.containsKey("SCRIPT_NAME")) {
      variables.put("SCRIPT_NAME", script);
    }
    if (!path.isEmpty() || variables.containsKey("PATH_INFO")) {
      variables.put("PATH_INFO", path);
    }
  }

  /**
   * Takes PATH_INFO off the end of SCRIPT_NAME. Apache's mod_include gives the whole included path
   * as SCRIPT_NAME, and its end as PATH_INFO once more. REQUEST_URI is that of the outer document,
   * and so decides nothing.
   */
  static void repairIncluded(Map<String, String> variables) {
    String script = variables.getOrDefault("SCRIPT_NAME", "");
    String path = variables.getOrDefault("PATH_INFO", "");
    if (!path.isEmpty() && script.endsWith(path)) {
      variables.put("SCRIPT_NAME", script.substring(0, script.length() - path.length()));
    }
  }

  /**
   * IIS repeats SCRIPT_NAME at the front of PATH_INFO unless {@code allowPathInfo} is set. Older
   * versions of IIS set no REQUEST_URI. Then SERVER_SOFTWARE decides, as in Python's {@code
   * wsgiref.handlers.IISCGIHandler}.
   */
  private static String withoutScript(
      String script, String path, String requested, Map<String, String> variables) {
    if (script.isEmpty() || !(path.equals(script) || path.startsWith(script.concat("/")))) {
      return path;
    }
    boolean repeated =
        requested.isEmpty()
            ? variables.getOrDefault("SERVER_SOFTWARE", "").startsWith("Microsoft-IIS/")
            : merged(requested).equals(merged(path));
    return repeated ? path.substring(script.length()) : path;
  }

  /**
   * Apache, lighttpd and nginx (merge_slashes) replace several slashes by one. This restores the
   * slashes that the client sent, if the paths differ in nothing else.
   */
  private static String withSlashes(String script, String path, String requested) {
    int end = afterScript(script, requested);
    if (end < 0) {
      return path;
    }
    String rest = requested.substring(end);
    return merged(rest).equals(merged(path)) ? rest : path;
  }

  /** Where SCRIPT_NAME ends in the requested path, which may have more slashes; or -1. */
  private static int afterScript(String script, String requested) {
    int end = 0;
    for (int i = 0; i < script.length(); i++) {
      if (end == requested.length() || requested.charAt(end) != script.charAt(i)) {
        return -1;
      }
      end++;
      while (script.charAt(i) == '/' && end < requested.length() && requested.charAt(end) == '/') {
        end++;
      }
    }
    return end;
  }

  /**
   * The path of {@code origin-form / absolute-form} (RFC 9112 3.2), decoded to bytes; "" when there
   * is none or it cannot be decoded.
   */
  private static String path(String uri) {
    int start = 0;
    if (!uri.startsWith("/")) {
      int authority = uri.indexOf("://");
      start = authority < 0 ? -1 : uri.indexOf('/', authority + 3);
    }
    int question = uri.indexOf('?');
    int end = question < 0 ? uri.length() : question;
    String decoded = start < 0 || start >= end ? null : Percent.decoded(uri.substring(start, end));
    return decoded == null ? "" : decoded;
  }

  private static String merged(String path) {
    StringBuilder merged = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      if (path.charAt(i) != '/' || i == 0 || path.charAt(i - 1) != '/') {
        merged.append(path.charAt(i));
      }
    }
    return merged.toString();
  }
}

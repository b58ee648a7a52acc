package dev.postern.fastcgi.server;

import dev.postern.gateway.ProcessVariables;
import dev.postern.internal.Hosts;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The variables of a request as a server's application sees them. A FastCGI or SCGI application is
 * no file, and some web servers have no name for it. They set SCRIPT_NAME to the whole path, as if
 * the path named a program. For each of these servers, this class moves the path back to PATH_INFO.
 */
public final class ServerVariables {
  private ServerVariables() {}

  /**
   * The completed variables.
   *
   * @param sent as the web server sent them
   * @param mount the path below which the application is, such as {@code ""} or {@code /app}; null
   *     if the web server's variables say so
   */
  public static Map<String, String> completed(Map<String, String> sent, @Nullable String mount) {
    Map<String, String> variables = new HashMap<>(sent.size() * 2);
    for (Map.Entry<String, String> one : sent.entrySet()) {
      if (ProcessVariables.isVariable(one.getKey())) {
        variables.put(one.getKey(), one.getValue());
      }
    }
    name(variables);
    place(variables, mount);
    ProcessVariables.complete(variables);
    return variables;
  }

  /** Whether these are variables of a request at all. */
  public static boolean isRequest(Map<String, String> sent) {
    return !sent.getOrDefault("REQUEST_METHOD", "").isEmpty();
  }

  /**
   * Repairs SERVER_NAME. nginx gives an empty one for a server without a name, or {@code _}, which
   * people often write in its configuration. HAProxy gives the host with its port. An IPv6 address
   * may come without brackets, such as nginx's SERVER_ADDR.
   */
  private static void name(Map<String, String> variables) {
    String name = variables.getOrDefault("SERVER_NAME", "");
    String host = name.equals("_") ? "" : host(name);
    if (host.isEmpty()) {
      host = host(variables.getOrDefault("HTTP_HOST", ""));
    }
    if (host.isEmpty()) {
      host = variables.getOrDefault("SERVER_ADDR", "");
    }
    if (host.isEmpty()) {
      variables.remove("SERVER_NAME");
    } else {
      variables.put("SERVER_NAME", Hosts.serverName(host));
    }
  }

  /** The host of {@code host [ ":" port ]} (RFC 9110 7.2). */
  private static String host(String field) {
    int colon = field.lastIndexOf(':');
    boolean bare = colon > field.indexOf(':') && !field.startsWith("[");
    boolean port = colon >= 0 && !bare && field.indexOf(']', colon) < 0;
    return port ? field.substring(0, colon) : field;
  }

  /** Whether the path of a request is the mount, or below it. */
  static boolean isBelow(Map<String, String> sent, String mount) {
    String path = path(sent);
    return path.startsWith(mount)
        && (path.length() == mount.length() || path.charAt(mount.length()) == '/');
  }

  /** The whole path, however the web server has split it. */
  private static String path(Map<String, String> variables) {
    String script = variables.getOrDefault("SCRIPT_NAME", "");
    String path = variables.getOrDefault("PATH_INFO", "");
    if (isNginxScgi(variables)) {
      script = variables.getOrDefault("DOCUMENT_URI", "");
    }
    return script.endsWith("/") && path.startsWith("/") ? path : script + path;
  }

  private static void place(Map<String, String> variables, @Nullable String mount) {
    if (mount == null) {
      String script = variables.getOrDefault("SCRIPT_NAME", "");
      String path = variables.getOrDefault("PATH_INFO", "");
      if (script.isEmpty() && path.isEmpty() && isNginxScgi(variables)) {
        variables.put("SCRIPT_NAME", "");
        variables.put("PATH_INFO", variables.get("DOCUMENT_URI"));
        return;
      }
      if (path.isEmpty() && !script.isEmpty() && hasNoName(variables)) {
        variables.put("SCRIPT_NAME", "");
        variables.put("PATH_INFO", script);
      }
      return;
    }
    if (isBelow(variables, mount)) {
      String path = path(variables);
      variables.put("SCRIPT_NAME", mount);
      variables.put("PATH_INFO", path.substring(mount.length()));
    }
  }

  /**
   * Whether this is nginx with its scgi_params. They have neither SCRIPT_NAME nor PATH_INFO, but
   * the decoded path as DOCUMENT_URI.
   */
  private static boolean isNginxScgi(Map<String, String> variables) {
    return variables.containsKey("SCGI")
        && !variables.containsKey("SCRIPT_NAME")
        && variables.containsKey("DOCUMENT_URI");
  }

  /** Whether HAProxy sent these variables. */
  public static boolean isHaproxy(Map<String, String> variables) {
    return variables.getOrDefault("SERVER_SOFTWARE", "").startsWith("HAProxy");
  }

  /** Whether the web server names no application, so that its SCRIPT_NAME is only the path. */
  private static boolean hasNoName(Map<String, String> variables) {
    String software = variables.getOrDefault("SERVER_SOFTWARE", "");
    if (software.startsWith("nginx")) {
      // nginx's fastcgi_params have no PATH_INFO. A configuration that sets PATH_INFO has split the
      // path itself.
      return !variables.containsKey("PATH_INFO");
    }
    String file = variables.getOrDefault("SCRIPT_FILENAME", "");
    return file.startsWith("proxy:fcgi:") || file.startsWith("proxy:scgi:") || isHaproxy(variables);
  }
}

package dev.postern;

import dev.postern.internal.Text;
import java.io.InputStream;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** Checks an environ: the rules of SPEC.md whose ids start with E. */
final class LintEnviron {
  private final Environ environ;
  private final LintReport report;

  private LintEnviron(Environ environ, LintReport report) {
    this.environ = environ;
    this.report = report;
  }

  static void check(Environ environ, LintReport report) {
    LintEnviron lint = new LintEnviron(environ, report);
    lint.checkRequest();
    lint.checkServer();
    lint.checkExtensions();
    environ.forEachVariable(lint::checkVariable);
  }

  private void checkRequest() {
    String method = environ.variable("REQUEST_METHOD");
    if (method == null || !Text.isToken(method)) {
      broken(LintRule.E1, "REQUEST_METHOD must be a token", method);
    }
    String script = environ.variable("SCRIPT_NAME");
    if (script == null || !isPath(script) || script.endsWith("/")) {
      broken(LintRule.E2, "SCRIPT_NAME must be empty or start, and not end, with a slash", script);
    }
    String path = environ.variable("PATH_INFO");
    if (path == null || !isPath(path)) {
      broken(LintRule.E3, "PATH_INFO must be empty or start with a slash", path);
    }
    if (environ.variable("QUERY_STRING") == null) {
      broken(LintRule.E4, "QUERY_STRING must be there", null);
    }
    String length = environ.variable("CONTENT_LENGTH");
    if (length != null && !length.isEmpty() && Text.parseLength(length) < 0) {
      broken(LintRule.E8, "CONTENT_LENGTH must be one number of digits", length);
    }
    checkAbsent(LintRule.E9, "HTTP_CONTENT_TYPE");
    checkAbsent(LintRule.E9, "HTTP_CONTENT_LENGTH");
    checkAbsent(LintRule.E13, "HTTP_PROXY");
  }

  private void checkServer() {
    String name = environ.variable("SERVER_NAME");
    if (name != null && name.isEmpty()) {
      // nginx without a server_name sends an empty one. No application can repair that.
      report.gatewaysFault(LintRule.E5, "gateway must give SERVER_NAME a host", name);
    } else if (name == null || !isHost(name)) {
      broken(LintRule.E5, "SERVER_NAME must be a host without a port", name);
    }
    String port = environ.variable("SERVER_PORT");
    if (port == null || port.length() > 5 || Text.parseLength(port) < 0) {
      broken(LintRule.E6, "SERVER_PORT must be digits", port);
    }
    String protocol = environ.variable("SERVER_PROTOCOL");
    if (protocol == null || !isProtocol(protocol)) {
      broken(LintRule.E7, "SERVER_PROTOCOL must be a protocol's name and version", protocol);
    }
  }

  private void checkExtensions() {
    if (!Environ.VERSION.equals(environ.get("postern.version"))) {
      broken(LintRule.E17, "postern.version must be " + Environ.VERSION, null);
    }
    checkType("postern.input", InputStream.class);
    checkType("postern.errors", PrintWriter.class);
    checkType("postern.multithread", Boolean.class);
    checkType("postern.multiprocess", Boolean.class);
    checkType("postern.run_once", Boolean.class);
    Object scheme = environ.get("postern.url_scheme");
    if (!"http".equals(scheme) && !"https".equals(scheme)) {
      broken(
          LintRule.E18,
          "postern.url_scheme must be http or https",
          scheme == null ? null : scheme.toString());
    }
  }

  private void checkType(String key, Class<?> type) {
    if (!type.isInstance(environ.get(key))) {
      broken(LintRule.E17, key + " must be there and be of type " + type.getSimpleName(), null);
    }
  }

  private void checkAbsent(LintRule rule, String name) {
    if (environ.variable(name) != null) {
      broken(rule, "environ must not have the variable", name);
    }
  }

  private void checkVariable(String name, @Nullable Object value) {
    if (!VariableNames.isVariable(name)) {
      broken(
          LintRule.E16, "name of a variable must not be empty or hold =, a dot or controls", name);
    }
    if (value == null) {
      broken(LintRule.E15, "variable that is listed must have a value", name);
    } else if (!(value instanceof String text) || !Text.isBytes(text)) {
      broken(LintRule.E14, "variable must be a String of bytes, one char each", name);
    }
  }

  private void broken(LintRule rule, String must, @Nullable String value) {
    report.broken(rule, must, value, null);
  }

  private static boolean isPath(String text) {
    return text.isEmpty() || text.charAt(0) == '/';
  }

  /** {@code server-name = hostname | ipv4-address | "[" ipv6-address "]"} (RFC 3875 4.1.14). */
  private static boolean isHost(String name) {
    boolean bracketed = name.startsWith("[") && name.endsWith("]");
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c <= ' ' || c == '/' || c == '?' || c == '#' || c == '@' || c == ':' && !bracketed) {
        return false;
      }
    }
    return !name.isEmpty();
  }

  /** {@code token "/" 1*DIGIT "." 1*DIGIT | "INCLUDED"} (RFC 3875 4.1.16). */
  private static boolean isProtocol(String protocol) {
    int slash = protocol.indexOf('/');
    int dot = protocol.indexOf('.', slash + 1);
    if (slash < 0 || dot < 0) {
      return protocol.equals("INCLUDED");
    }
    return Text.isToken(protocol.substring(0, slash))
        && Text.parseLength(protocol.substring(slash + 1, dot)) >= 0
        && Text.parseLength(protocol.substring(dot + 1)) >= 0;
  }
}

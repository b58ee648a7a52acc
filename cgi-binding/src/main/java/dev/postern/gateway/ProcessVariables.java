package dev.postern.gateway;

import dev.postern.Environ;
import dev.postern.internal.FieldNames;
import dev.postern.internal.Text;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The environment of this process as CGI variables, bytes as chars, and the request that they make.
 * A CGI executable runs this code at each start.
 */
public final class ProcessVariables {
  /** Variables whose presence alone says something. */
  private static final String[] ABSENT_WHEN_EMPTY = {
    "AUTH_TYPE", "CONTENT_LENGTH", "CONTENT_TYPE", "REMOTE_USER", "SERVER_PROTOCOL"
  };

  private ProcessVariables() {}

  /**
   * The environment as it was when the process started. {@code System.getenv} decodes it by the
   * locale and loses the bytes that are not text of that locale. Web servers set {@code LC_ALL=C},
   * whose only text is ASCII. So this method reads the bytes from the kernel, if there is a /proc.
   */
  public static Map<String, String> read() {
    try (InputStream in = new FileInputStream("/proc/self/environ")) {
      return parse(in.readAllBytes());
    } catch (IOException e) {
      return decoded();
    }
  }

  /**
   * Parses {@code *( name "=" value NUL )} (environ(7)). Of two equal names the first counts, as
   * with getenv(3).
   */
  public static Map<String, String> parse(byte[] bytes) {
    Map<String, String> variables = new HashMap<>();
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        add(variables, new String(bytes, start, i - start, StandardCharsets.ISO_8859_1));
        start = i + 1;
      }
    }
    return variables;
  }

  private static void add(Map<String, String> variables, String entry) {
    int equals = entry.indexOf('=');
    if (equals > 0 && isVariable(entry, equals)) {
      variables.putIfAbsent(entry.substring(0, equals), entry.substring(equals + 1));
    }
  }

  /** Without a /proc: the text that the JVM made of the environment, turned back into bytes. */
  private static Map<String, String> decoded() {
    String name = System.getProperty("sun.jnu.encoding");
    Charset charset =
        name != null && Charset.isSupported(name)
            ? Charset.forName(name)
            : Charset.defaultCharset();
    Map<String, String> variables = new HashMap<>();
    for (Map.Entry<String, String> entry : System.getenv().entrySet()) {
      byte[] bytes = (entry.getKey() + "=" + entry.getValue()).getBytes(charset);
      add(variables, new String(bytes, StandardCharsets.ISO_8859_1));
    }
    return variables;
  }

  /** Whether an environ takes the name: not empty, and no dot or control character. */
  public static boolean isVariable(String name) {
    return !name.isEmpty() && isVariable(name, name.length());
  }

  /**
   * Whether an environ takes the name (E16). A process may get any name in its environment. An
   * environ would take a name with a dot for an extension key, and refuse a name with a control
   * character. Then each request would fail.
   */
  private static boolean isVariable(String entry, int length) {
    for (int i = 0; i < length; i++) {
      char c = entry.charAt(i);
      if (c < ' ' || c == '.' || c == 0x7F) {
        return false;
      }
    }
    return true;
  }

  /**
   * Makes a request of the variables.
   *
   * <p>HTTP_PROXY comes from the client, and HTTP libraries would use it as their proxy
   * (CVE-2016-5385 and kin). So it is removed. An empty variable means the same as an absent one
   * (RFC 3875 4.1), and nginx with Debian's fastcgi_params sets many to empty. So those whose
   * presence says something are removed if they are empty: an application must not take an empty
   * REMOTE_USER for a user. nginx has no SERVER_PROTOCOL for a request of HTTP/0.9. If there is no
   * REQUEST_METHOD, somebody has started the program from a shell, and gets the answer to {@code
   * GET /}.
   *
   * @return whether this is a CGI call
   */
  public static boolean complete(Map<String, String> variables) {
    variables.remove("HTTP_PROXY");
    // Some servers also set these. An application must not mistake them for CONTENT_LENGTH and
    // CONTENT_TYPE.
    variables.remove("HTTP_CONTENT_LENGTH");
    variables.remove("HTTP_CONTENT_TYPE");
    // They were for the web server. nginx passes on the Transfer-Encoding of a body that it has
    // decoded.
    FieldNames.removeHopByHop(variables);
    for (String name : ABSENT_WHEN_EMPTY) {
      variables.remove(name, "");
    }
    String method = variables.get("REQUEST_METHOD");
    boolean called = method != null && !method.isEmpty();
    if (!called) {
      variables.put("REQUEST_METHOD", "GET");
      variables.putIfAbsent("PATH_INFO", "/");
    }
    variables.putIfAbsent("SERVER_NAME", "localhost");
    variables.putIfAbsent("SERVER_PORT", "80");
    variables.putIfAbsent("SERVER_PROTOCOL", "HTTP/1.0");
    boolean included = variables.get("SERVER_PROTOCOL").equals("INCLUDED");
    if (included || isErrorPage(variables)) {
      variables.keySet().removeIf(name -> FieldNames.isForTheWhole(name, included));
    }
    if (included) {
      // This is a server-side include, where a server reads the response that speaks no later
      // version.
      variables.put("SERVER_PROTOCOL", "HTTP/1.0");
      PathRepair.repairIncluded(variables);
    } else if (!pathsAgree(variables)) {
      PathRepair.repair(variables);
    }
    return called;
  }

  /** Whether SCRIPT_NAME and PATH_INFO together are the path of REQUEST_URI. */
  private static boolean pathsAgree(Map<String, String> variables) {
    String uri = variables.getOrDefault("REQUEST_URI", "");
    String script = variables.getOrDefault("SCRIPT_NAME", "");
    String path = variables.getOrDefault("PATH_INFO", "");
    int end = script.length() + path.length();
    return uri.startsWith(script)
        && uri.startsWith(path, script.length())
        && (uri.length() == end || uri.length() > end && uri.charAt(end) == '?')
        && !script.endsWith("/");
  }

  /**
   * Whether the server asks for the page of an error that it has met. Apache's ErrorDocument and
   * lighttpd's error handler do so, and REDIRECT_STATUS is then that error's status. Servers set it
   * to 200 for requests that they have only rewritten, and because php-cgi wants it.
   */
  public static boolean isErrorPage(Map<String, String> variables) {
    String status = variables.get("REDIRECT_STATUS");
    return status != null
        && status.length() == 3
        && status.charAt(0) >= '3'
        && status.charAt(0) <= '5'
        && isDigit(status.charAt(1))
        && isDigit(status.charAt(2));
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** CONTENT_LENGTH; -1 when it is absent or is refused by the engine. */
  public static long contentLength(Map<String, String> variables) {
    String digits = variables.get("CONTENT_LENGTH");
    return digits == null ? -1 : Text.parseLength(digits);
  }

  /**
   * Whether HTTPS is {@code on}, {@code yes} or {@code 1}, in upper or lower case, because servers
   * differ.
   */
  static boolean isSecure(Map<String, String> variables) {
    String https = variables.getOrDefault("HTTPS", "");
    return https.equalsIgnoreCase("on") || https.equalsIgnoreCase("yes") || https.equals("1");
  }

  /**
   * The request's body, or null if there is none. It comes from {@code input}, or from standard
   * input if {@code input} is null.
   */
  public static @Nullable BodyAhead body(
      Map<String, String> variables, @Nullable InputStream input) {
    long length = contentLength(variables);
    if (length <= 0) {
      return null;
    }
    return new BodyAhead(input == null ? StandardStreams.input() : input, length);
  }

  /**
   * The environ of a request.
   *
   * @param body null when the request has none of a known length
   * @param unsized the body of a request without a length, which ends at the end of this stream; or
   *     null
   * @param errors null for standard error
   * @param once whether this process answers one request only
   */
  public static Environ environ(
      Map<String, String> variables,
      @Nullable BodyAhead body,
      @Nullable InputStream unsized,
      @Nullable PrintWriter errors,
      boolean once) {
    Environ.Builder builder =
        Environ.builder(variables)
            .scheme(isSecure(variables) ? "https" : "http")
            .multithread(!once)
            .multiprocess(true)
            .runOnce(once);
    if (errors != null) {
      builder.errors(errors);
    }
    if (body != null) {
      body.giveTo(builder);
    } else if (unsized != null) {
      builder.input(unsized);
    }
    return builder.build();
  }
}

package dev.postern.hosting;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.internal.Escapes;
import dev.postern.internal.Hosts;
import dev.postern.program.RequestPath;
import dev.postern.wire.Refusal;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The rules that a request must meet before a program is started for it. */
public final class RequestRules {
  public static final int MAX_PATH = 4096;
  public static final int MAX_QUERY = 16 * 1024;

  private static final String USUAL_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

  private RequestRules() {}

  /**
   * Refuses what no hosted program should see.
   *
   * @throws GatewayException with status 400, 405, 413 or 414
   */
  public static void check(Environ environ, HostOptions options) throws GatewayException {
    checkMethod(environ.method(), options.methods());
    String script = RequestPath.bytes(environ, "SCRIPT_NAME");
    String path = RequestPath.bytes(environ, "PATH_INFO");
    if (script.length() + path.length() > MAX_PATH) {
      throw Refusal.of(414, "path-too-long", "path must not exceed " + MAX_PATH + " bytes");
    }
    if (RequestPath.bytes(environ, "QUERY_STRING").length() > MAX_QUERY) {
      throw Refusal.of(414, "query-too-long", "query must not exceed " + MAX_QUERY + " bytes");
    }
    RequestPath.checkScript(script);
    RequestPath.checkDecoded(path);
    String target = environ.variable("REQUEST_URI");
    if (target != null) {
      RequestPath.checkEncoded(RequestPath.ofTarget(target), options.encodedSlash());
    }
    checkHost(environ);
    if (environ.contentLength() > options.maxBody()) {
      throw tooLarge(options.maxBody());
    }
  }

  static GatewayException tooLarge(long maxBody) {
    return Refusal.of(413, "body-too-large", "request body must not exceed " + maxBody + " bytes");
  }

  /**
   * Refuses a method that is not allowed. By default these are two: TRACE would show a program's
   * view of the request to whoever asks, and CONNECT is no request for a resource.
   */
  private static void checkMethod(String method, @Nullable Set<String> allowed)
      throws GatewayException {
    boolean refused =
        allowed == null
            ? method.equals("TRACE") || method.equals("CONNECT")
            : !allowed.contains(method);
    if (refused) {
      String allow = allowed == null ? USUAL_METHODS : String.join(", ", allowed);
      throw Refusal.of(
          405,
          "method",
          "method must be one that is allowed: " + Escapes.quote(method),
          Headers.of("Allow", allow),
          null);
    }
  }

  /** Refuses a Host that is no host, because programs pass it on into links and pages. */
  private static void checkHost(Environ environ) throws GatewayException {
    String host = RequestPath.bytes(environ, "HTTP_HOST");
    String server = RequestPath.bytes(environ, "SERVER_NAME");
    if (!Hosts.isHostField(host) || !Hosts.isHost(Hosts.serverName(server))) {
      throw Refusal.of(400, "host", "Host must be a host and maybe a port: " + Escapes.quote(host));
    }
  }
}

package dev.postern.servlet;

import static jakarta.servlet.RequestDispatcher.ERROR_REQUEST_URI;
import static jakarta.servlet.RequestDispatcher.ERROR_STATUS_CODE;

import dev.postern.Environ;
import dev.postern.internal.Hosts;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import java.io.InputStream;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A request's CGI variables (RFC 3875 4.1), each looked up when it is asked for. Addresses, scheme
 * and user come from the container, never from a header. Confined to one request.
 */
final class RequestVariables implements Environ.Source {
  /** All variables but those of the headers. */
  private static final List<String> NAMES =
      List.of(
          "AUTH_TYPE",
          "CONTENT_LENGTH",
          "CONTENT_TYPE",
          "GATEWAY_INTERFACE",
          "HTTPS",
          "PATH_INFO",
          "QUERY_STRING",
          "REDIRECT_REQUEST_METHOD",
          "REDIRECT_STATUS",
          "REDIRECT_URL",
          "REMOTE_ADDR",
          "REMOTE_HOST",
          "REMOTE_PORT",
          "REMOTE_USER",
          "REQUEST_METHOD",
          "REQUEST_SCHEME",
          "REQUEST_URI",
          "SCRIPT_NAME",
          "SERVER_ADDR",
          "SERVER_NAME",
          "SERVER_PORT",
          "SERVER_PROTOCOL",
          "SERVER_SOFTWARE");

  /** An attribute that came with Servlet 6.1. */
  private static final String ERROR_METHOD = "jakarta.servlet.error.method";

  private final HttpServletRequest request;
  private final String software;
  private final RequestHeaders headers;
  private final RequestBody body;
  private final Map<String, Function<HttpServletRequest, ? extends @Nullable Object>> added;
  private @Nullable RequestPath path;
  private @Nullable String remoteAddress;
  private @Nullable String localAddress;

  /**
   * The variables of a request.
   *
   * @param software SERVER_SOFTWARE
   * @param path where the request leads; null if the container's path counts
   */
  RequestVariables(
      HttpServletRequest request,
      String software,
      @Nullable RequestPath path,
      GatewayOptions options) {
    this.request = request;
    this.software = software;
    this.path = path;
    this.added = options.variables();
    this.headers = new RequestHeaders(request);
    this.body = new RequestBody(request, options.maxBody());
  }

  RequestBody body() {
    return body;
  }

  /** What the application reads. An error page is asked for without a body. */
  InputStream input() {
    return isError() ? InputStream.nullInputStream() : body;
  }

  @Override
  public @Nullable String variable(String name) {
    return !added.isEmpty() && added.containsKey(name) ? added(name) : own(name);
  }

  private @Nullable String added(String name) {
    Object value = Objects.requireNonNull(added.get(name)).apply(request);
    return value == null ? null : Bytes.ofText(value.toString());
  }

  private @Nullable String own(String name) {
    return switch (name) {
      case "GATEWAY_INTERFACE" -> "CGI/1.1";
      case "REQUEST_METHOD" -> method();
      case "REQUEST_SCHEME" -> scheme();
      case "REQUEST_URI" -> path().uri();
      case "SCRIPT_NAME" -> path().script();
      case "PATH_INFO" -> path().info();
      case "QUERY_STRING" -> path().query();
      case "CONTENT_TYPE" -> isError() ? null : header("Content-Type");
      case "CONTENT_LENGTH" -> contentLength();
      case "SERVER_NAME" -> serverName();
      case "SERVER_PORT" -> serverPort();
      case "SERVER_PROTOCOL" -> protocol(request.getProtocol());
      case "SERVER_SOFTWARE" -> software;
      case "SERVER_ADDR" -> localAddress();
      case "REMOTE_ADDR", "REMOTE_HOST" -> remoteAddress();
      case "REMOTE_PORT" -> port(request.getRemotePort());
      case "REMOTE_USER" -> remoteUser();
      case "REDIRECT_REQUEST_METHOD" -> redirectMethod();
      case "REDIRECT_STATUS" -> redirectStatus();
      case "REDIRECT_URL" -> redirectUrl();
      case "AUTH_TYPE" -> authType(request.getAuthType());
      case "HTTPS" -> isSecure() ? "on" : null;
      default -> name.startsWith("HTTP_") ? headers.variable(name) : null;
    };
  }

  @Override
  public Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    for (String name : NAMES) {
      if (variable(name) != null) {
        names.add(name);
      }
    }
    for (String name : added.keySet()) {
      if (variable(name) != null) {
        names.add(name);
      }
    }
    headers.addNames(names);
    return names;
  }

  /** Why no application may see this request, as a text for the log; null when one may. */
  @Nullable String fault() {
    String repeated = headers.repeated();
    if (repeated != null) {
      return "request header must not be repeated: " + repeated + " [S28]";
    }
    String host = header("Host");
    if (host != null && !Hosts.isHostField(host) || !Hosts.isHost(serverName())) {
      return "Host must be a host and maybe a port [S23]";
    }
    if (isSaidSecure() && isHttp1() && ClaimedScheme.isFalse(request)) {
      return "request target must have the connection's own scheme [R24]";
    }
    if (!path().exact()) {
      return "request target must be UTF-8, or percent-encoded: the container has lost bytes [E14]";
    }
    return null;
  }

  /** {@code http} or {@code https}. */
  String scheme() {
    return isSecure() ? "https" : "http";
  }

  /**
   * GET for an error page, whatever the method of the request that failed was. Tomcat 11 dispatches
   * an error so, and other containers leave the method as it was. A page that only answers GET
   * would then be a 405.
   */
  private String method() {
    String method = request.getMethod();
    return isError() && !method.equals("HEAD") ? "GET" : method;
  }

  private boolean isSecure() {
    return isSaidSecure() && !ClaimedScheme.isFalse(request);
  }

  private boolean isSaidSecure() {
    return request.isSecure() || "https".equalsIgnoreCase(request.getScheme());
  }

  private boolean isHttp1() {
    return request.getProtocol().startsWith("HTTP/1");
  }

  private RequestPath path() {
    if (path == null) {
      path = RequestPath.of(request);
    }
    return path;
  }

  /** The length of the body, or null. A transfer coding overrides Content-Length (RFC 9112 6.3). */
  private @Nullable String contentLength() {
    if (isError()) {
      return null;
    }
    long rebuilt = body.rebuiltLength();
    if (rebuilt >= 0) {
      return Long.toString(rebuilt);
    }
    return request.getHeader("Transfer-Encoding") == null ? header("Content-Length") : null;
  }

  private @Nullable String header(String name) {
    String value = request.getHeader(name);
    return value == null ? null : Bytes.ofHeader(value);
  }

  private String serverName() {
    String name = request.getServerName();
    if (name == null || name.isEmpty()) {
      String address = request.getLocalAddr();
      name = address == null || address.isEmpty() ? "localhost" : address;
    }
    return Hosts.serverName(Bytes.ofText(name));
  }

  /** The port that the request came in on; the URL's port if the connection has none. */
  private String serverPort() {
    int port = request.getLocalPort();
    return Integer.toString(port > 0 ? port : request.getServerPort());
  }

  /** Kept in a field, because containers format the address anew at each call. */
  private @Nullable String remoteAddress() {
    if (remoteAddress == null) {
      String address = request.getRemoteAddr();
      remoteAddress = isPathOfClient(address) ? null : address(address);
    }
    return remoteAddress;
  }

  /**
   * Whether the address is only the path that a client of a Unix socket has bound. Jetty gives such
   * a path, for example 127.0.0.1, as the address. It has no port for either side then; with AJP,
   * Tomcat may lack the port of the client alone. A filter may have set a true address.
   */
  private boolean isPathOfClient(@Nullable String address) {
    return request.getRemotePort() < 0
        && request.getLocalPort() < 0
        && Objects.equals(address, Cutting.unwrapped(request).getRemoteAddr());
  }

  private @Nullable String localAddress() {
    if (localAddress == null) {
      localAddress = address(request.getLocalAddr());
    }
    return localAddress;
  }

  private static @Nullable String port(int port) {
    return port > 0 ? Integer.toString(port) : null;
  }

  private static @Nullable String address(@Nullable String address) {
    return address == null ? null : Hosts.address(Bytes.ofText(address));
  }

  /**
   * Some containers say {@code HTTP/2}, which lacks the part after the dot. Tomcat says nothing for
   * HTTP/0.9.
   */
  private static String protocol(String protocol) {
    if (protocol.isEmpty()) {
      return "HTTP/0.9";
    }
    return protocol.indexOf('.') < 0 ? protocol + ".0" : protocol;
  }

  /** The status of the request that this error page is for. httpd sets this variable, too. */
  private @Nullable String redirectStatus() {
    return isError() && request.getAttribute(ERROR_STATUS_CODE) instanceof Integer status
        ? status.toString()
        : null;
  }

  /** The method of the request that this error page is for. */
  private @Nullable String redirectMethod() {
    if (!isError()) {
      return null;
    }
    return request.getAttribute(ERROR_METHOD) instanceof String method
        ? method
        : request.getMethod();
  }

  /** The path of the request that this error page is for, as it was sent. */
  private @Nullable String redirectUrl() {
    return isError() && request.getAttribute(ERROR_REQUEST_URI) instanceof String uri
        ? Bytes.ofText(uri)
        : null;
  }

  /** Whether this request is for the page of an error. */
  boolean isError() {
    return request.getDispatcherType() == DispatcherType.ERROR;
  }

  private @Nullable String remoteUser() {
    String user = request.getRemoteUser();
    return user == null ? null : Bytes.ofText(user);
  }

  /** The scheme as HTTP names it; the Servlet API writes it in capitals. */
  private static @Nullable String authType(@Nullable String type) {
    if (HttpServletRequest.BASIC_AUTH.equals(type)) {
      return "Basic";
    }
    return HttpServletRequest.DIGEST_AUTH.equals(type) ? "Digest" : type;
  }
}

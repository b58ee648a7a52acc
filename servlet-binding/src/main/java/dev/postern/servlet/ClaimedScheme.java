package dev.postern.servlet;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a client claims {@code https} on a connection without TLS (RFC 9110 7.4). A
 * client does so by a request target like {@code https://h/x}, or by HTTP/2's {@code :scheme}.
 * Jetty 12 believes both: {@code isSecure()} and {@code getScheme()} repeat them. So this class
 * asks Jetty what the client has sent and what the connection is, before any customizer, handler or
 * filter has changed that. If one of these says {@code https}, the operator wants it, and the claim
 * is not false.
 */
final class ClaimedScheme {
  private ClaimedScheme() {}

  /** Whether the client has claimed TLS, and the connection has none. */
  static boolean isFalse(HttpServletRequest request) {
    ServletRequest inner = request;
    while (inner instanceof ServletRequestWrapper wrapper) {
      inner = wrapper.getRequest();
    }
    Jetty jetty = JETTYS.get(inner.getClass()).jetty();
    return jetty != null && jetty.isClaimed(inner);
  }

  /**
   * Jetty's own view of a request of one class.
   *
   * @param core gives the request of Jetty's core, as the servlet layer has got it
   * @param unwrap gives the request that the connection has made
   */
  private record Jetty(
      Method core, Method unwrap, Method uri, Method scheme, Method connection, Method secure) {
    static @Nullable Jetty of(Class<?> type) {
      if (!type.getName().startsWith("org.eclipse.jetty.")) {
        return null;
      }
      try {
        Method core = type.getMethod("getRequest");
        Class<?> request = core.getReturnType();
        Method uri = request.getMethod("getHttpURI");
        Method connection = request.getMethod("getConnectionMetaData");
        return new Jetty(
            core,
            request.getMethod("unWrap", request),
            uri,
            uri.getReturnType().getMethod("getScheme"),
            connection,
            connection.getReturnType().getMethod("isSecure"));
      } catch (ReflectiveOperationException e) {
        // This is another Jetty than 12.
        return null;
      }
    }

    private boolean isSecure(Object request) throws ReflectiveOperationException {
      return Boolean.TRUE.equals(secure.invoke(connection.invoke(request)));
    }

    boolean isClaimed(ServletRequest request) {
      try {
        Object customized = core.invoke(request);
        Object sent = unwrap.invoke(null, customized);
        return "https".equalsIgnoreCase((String) scheme.invoke(uri.invoke(sent)))
            && !isSecure(sent)
            && !isSecure(customized);
      } catch (ReflectiveOperationException e) {
        return false;
      }
    }
  }

  private record Found(@Nullable Jetty jetty) {}

  private static final ClassValue<Found> JETTYS =
      new ClassValue<>() {
        @Override
        protected Found computeValue(Class<?> type) {
          return new Found(Jetty.of(type));
        }
      };
}

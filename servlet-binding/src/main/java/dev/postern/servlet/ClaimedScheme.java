package dev.postern.servlet;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Method;
import java.util.List;

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
    ServletRequest inner = Cutting.unwrapped(request);
    List<Method> methods = JETTYS.get(inner.getClass());
    return !methods.isEmpty() && new Jetty(methods).isClaimed(inner);
  }

  /**
   * Jetty's own view of a request of one class.
   *
   * @param core gives the request of Jetty's core, as the servlet layer has got it
   * @param unwrap gives the request that the connection has made
   */
  private record Jetty(
      Method core, Method unwrap, Method uri, Method scheme, Method connection, Method secure) {
    Jetty(List<Method> found) {
      this(found.get(0), found.get(1), found.get(2), found.get(3), found.get(4), found.get(5));
    }

    /** What the constructor takes; empty if the class is none of Jetty 12. */
    static List<Method> find(Class<?> type) {
      if (!type.getName().startsWith("org.eclipse.jetty.")) {
        return List.of();
      }
      try {
        Method core = type.getMethod("getRequest");
        Class<?> request = core.getReturnType();
        Method uri = request.getMethod("getHttpURI");
        Method connection = request.getMethod("getConnectionMetaData");
        return List.of(
            core,
            request.getMethod("unWrap", request),
            uri,
            uri.getReturnType().getMethod("getScheme"),
            connection,
            connection.getReturnType().getMethod("isSecure"));
      } catch (ReflectiveOperationException e) {
        // This is another Jetty than 12.
        return List.of();
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

  /**
   * The container's class holds these values, also after the web application has gone. So they must
   * not be of a class of Postern, which would hold the web application's class loader.
   */
  private static final ClassValue<List<Method>> JETTYS =
      new ClassValue<>() {
        @Override
        protected List<Method> computeValue(Class<?> type) {
          return Jetty.find(type);
        }
      };
}

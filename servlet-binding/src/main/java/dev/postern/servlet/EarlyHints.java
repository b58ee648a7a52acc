package dev.postern.servlet;

import dev.postern.Headers;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * 103 (Early Hints, RFC 8297) in the containers that have it. The Servlet API has no method for it.
 * Jetty 12 and Tomcat 11 send the header fields that are set so far when {@code sendError(103)} is
 * called. All other containers answer that call with an error page, so this class does not call it
 * there.
 *
 * <p>After the call, this class takes the fields away again, because the response has only those
 * that the application starts. Tomcat 10.1 cannot take a field away, so this class does not call it
 * there either.
 */
final class EarlyHints {
  private static final int STATUS = 103;

  private EarlyHints() {}

  static void send(HttpServletRequest request, HttpServletResponse response, Headers hints)
      throws IOException {
    // A filter's wrapper may take every sendError for an error, so this calls the container's own
    // response.
    if (hints.isEmpty()
        || !(Cutting.unwrapped(response) instanceof HttpServletResponse own)
        || own.isCommitted()
        || request.getDispatcherType() != DispatcherType.REQUEST
        || request.getProtocol().equals("HTTP/1.0")
        || !isKnown(request, own)) {
      return;
    }
    Map<String, Collection<String>> before = new LinkedHashMap<>();
    for (Map.Entry<String, String> field : hints) {
      String name = field.getKey();
      before.computeIfAbsent(
          name.toLowerCase(Locale.ROOT), key -> List.copyOf(own.getHeaders(name)));
      own.addHeader(name, field.getValue());
    }
    try {
      own.sendError(STATUS);
    } finally {
      before.forEach((name, values) -> restore(own, name, values));
    }
  }

  private static void restore(
      HttpServletResponse response, String name, Collection<String> values) {
    response.setHeader(name, null);
    for (String value : values) {
      response.addHeader(name, value);
    }
  }

  private static boolean isKnown(HttpServletRequest request, HttpServletResponse response) {
    Class<?> type = response.getClass();
    if (type.getName().startsWith("org.eclipse.jetty.")) {
      return true;
    }
    ServletContext context = request.getServletContext();
    boolean removes = context.getMajorVersion() > 6 || context.getMinorVersion() > 0;
    return removes && type.getName().startsWith("org.apache.catalina.") && TOMCATS.get(type);
  }

  /** Whether this Tomcat is new enough. Found out once for each Tomcat that is loaded. */
  private static final ClassValue<Boolean> TOMCATS =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> facade) {
          try {
            Class.forName("org.apache.catalina.connector.Response", false, facade.getClassLoader())
                .getMethod("sendEarlyHints");
            return true;
          } catch (ReflectiveOperationException e) {
            return false;
          }
        }
      };
}

package dev.postern.servlet;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Enumeration;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Lets a client see that a response of unknown length was cut (RFC 9112 8). An exception to the
 * container is not enough:
 *
 * <ul>
 *   <li>Undertow still ends the response in order, and so does Tomcat under HTTP/2;
 *   <li>Jetty and Undertow do not chunk a response to a request with {@code Connection: close}, so
 *       the response ends with the connection, cut or not.
 * </ul>
 *
 * <p>A container sends a response that may have trailer fields in chunks, and asks for these fields
 * before it writes the last chunk. If the response was cut, this class throws at that moment, and
 * the last chunk is never sent. Undertow must also be told to send chunks.
 *
 * <p>HTTP/1.0 has no chunks, and a servlet cannot reset its connection. There a response without a
 * Content-Length ends when the connection is closed, and a client cannot tell a cut one from a
 * whole one.
 */
final class Cutting {
  private Cutting() {}

  /** Whether a response without a Content-Length may have trailer fields here. */
  static boolean isPossible(HttpServletRequest request, HttpServletResponse response) {
    String protocol = request.getProtocol();
    return !protocol.equals("HTTP/1.0") && (!isUndertow(response) || protocol.equals("HTTP/1.1"));
  }

  /**
   * Called before the head of a response that has a body and no Content-Length.
   *
   * @param trailers gives the fields behind the body. The container asks for them at the end of the
   *     body; if the response was cut, the supplier throws
   */
  static void prepare(
      HttpServletRequest request,
      HttpServletResponse response,
      Supplier<Map<String, String>> trailers) {
    if (!isPossible(request, response)) {
      return;
    }
    try {
      response.setTrailerFields(trailers);
    } catch (IllegalStateException e) {
      // This protocol has no trailers, or a filter has committed the response.
      return;
    }
    if (isUndertow(response) && closes(request)) {
      response.setHeader("Transfer-Encoding", "chunked");
    }
  }

  private static boolean closes(HttpServletRequest request) {
    Enumeration<String> options = request.getHeaders("Connection");
    while (options.hasMoreElements()) {
      if (options.nextElement().toLowerCase(Locale.ROOT).contains("close")) {
        return true;
      }
    }
    return false;
  }

  static boolean isUndertow(ServletRequest request) {
    return unwrapped(request).getClass().getName().startsWith("io.undertow.");
  }

  private static boolean isUndertow(ServletResponse response) {
    return unwrapped(response).getClass().getName().startsWith("io.undertow.");
  }

  /** The container's own request, behind the wrappers of filters. */
  static ServletRequest unwrapped(ServletRequest request) {
    ServletRequest inner = request;
    while (inner instanceof ServletRequestWrapper wrapper) {
      inner = wrapper.getRequest();
    }
    return inner;
  }

  /** The container's own response, behind the wrappers of filters. */
  static ServletResponse unwrapped(ServletResponse response) {
    ServletResponse inner = response;
    while (inner instanceof ServletResponseWrapper wrapper) {
      inner = wrapper.getResponse();
    }
    return inner;
  }
}

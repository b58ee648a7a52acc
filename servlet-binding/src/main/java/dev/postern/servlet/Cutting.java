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
import java.util.function.BooleanSupplier;

/**
 * Makes a response of unknown length one that can be seen to be cut (RFC 9112 8). To throw at the
 * container is not enough:
 *
 * <ul>
 *   <li>Undertow ends the response in order all the same, and so does Tomcat under HTTP/2;
 *   <li>Jetty and Undertow do not chunk a response to a request with {@code Connection: close}, so
 *       that its end is the connection's, cut or not.
 * </ul>
 *
 * <p>A response that may have trailer fields is chunked, and its container asks for them before it
 * ends it: then a cut response refuses. Undertow needs to be told about the chunks, too.
 *
 * <p>HTTP/1.0 has no chunks and a servlet no way to reset its connection: there, a response without
 * a Content-Length ends when the connection is closed, and a cut one cannot be told from a whole
 * one.
 */
final class Cutting {
  private Cutting() {}

  /** Called before the head of a response that has a body. {@code cut} is asked at its end. */
  static void prepare(
      HttpServletRequest request, HttpServletResponse response, BooleanSupplier cut) {
    String protocol = request.getProtocol();
    if (protocol.equals("HTTP/1.0")) {
      return;
    }
    boolean undertow = isUndertow(response);
    if (undertow && !protocol.equals("HTTP/1.1")) {
      return;
    }
    try {
      response.setTrailerFields(() -> trailers(cut));
    } catch (IllegalStateException e) {
      // No trailers with this protocol, or behind a response committed by a filter.
      return;
    }
    if (undertow && closes(request)) {
      response.setHeader("Transfer-Encoding", "chunked");
    }
  }

  private static Map<String, String> trailers(BooleanSupplier cut) {
    if (cut.getAsBoolean()) {
      throw new IllegalStateException("response must not end in order: it was cut");
    }
    return Map.of();
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
    ServletRequest inner = request;
    while (inner instanceof ServletRequestWrapper wrapper) {
      inner = wrapper.getRequest();
    }
    return inner.getClass().getName().startsWith("io.undertow.");
  }

  private static boolean isUndertow(ServletResponse response) {
    ServletResponse inner = response;
    while (inner instanceof ServletResponseWrapper wrapper) {
      inner = wrapper.getResponse();
    }
    return inner.getClass().getName().startsWith("io.undertow.");
  }
}

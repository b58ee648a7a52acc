package dev.postern.launcher.http;

import dev.postern.web.internal.Ascii;
import java.util.EnumSet;
import java.util.Set;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.http.MetaData;
import org.jspecify.annotations.Nullable;

/** The rules of RFC 9113 for the head of a request, where Jetty has none. */
final class Http2Head {
  private static final Set<HttpHeader> OF_HTTP_1 =
      EnumSet.of(
          HttpHeader.CONNECTION,
          HttpHeader.KEEP_ALIVE,
          HttpHeader.PROXY_CONNECTION,
          HttpHeader.TRANSFER_ENCODING,
          HttpHeader.UPGRADE);

  private Http2Head() {}

  /**
   * Returns the status with which a request is refused; 0 if it is not.
   *
   * @param whole whether no body follows
   */
  static int refusal(MetaData.Request request, boolean whole) {
    if (MetaData.Failed.getFailure(request) != null) {
      return 0; // Jetty has found a fault, and answers.
    }
    if (request.getMethod().equals("CONNECT")) {
      return 501; // As in RequestHead.
    }
    String authority = request.getHttpURI().getAuthority();
    boolean named = authority != null && !authority.isEmpty();
    for (HttpField field : request.getHttpFields()) {
      if (field.getHeader() != null && OF_HTTP_1.contains(field.getHeader())) {
        return 400; // RFC 9113 8.2.2
      }
      named |= field.getHeader() == HttpHeader.HOST && !String.valueOf(field.getValue()).isEmpty();
    }
    // RFC 9112 3.2: without a host, Jetty would take the address of the connection for one.
    boolean framed = !whole || request.getContentLength() <= 0; // RFC 9113 8.1.1
    return named && framed && isPath(request.getHttpURI()) ? 0 : 400;
  }

  /** Whether the path and the query have no blank and no control character (RFC 9113 8.3.1). */
  private static boolean isPath(HttpURI uri) {
    String path = String.valueOf(uri.getPathQuery());
    for (int i = 0; i < path.length(); i++) {
      if (path.charAt(i) <= ' ' || path.charAt(i) == 0x7f) {
        return false;
      }
    }
    return true;
  }

  /**
   * Returns the request with a path of text, as the parser of HTTP/1 has it. Here each char is a
   * byte. Returns null if the bytes are no UTF-8.
   */
  static MetaData.@Nullable Request decoded(MetaData.Request request) {
    String bytes = request.getHttpURI().getPathQuery();
    String text = bytes == null ? null : Ascii.utf8(bytes);
    if (bytes == null || bytes.equals(text)) {
      return request;
    }
    return text == null
        ? null
        : new MetaData.Request(
            request.getBeginNanoTime(),
            request.getMethod(),
            HttpURI.build(request.getHttpURI()).pathQuery(text).asImmutable(),
            request.getHttpVersion(),
            request.getHttpFields(),
            request.getContentLength());
  }
}

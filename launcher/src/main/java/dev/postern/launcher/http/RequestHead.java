package dev.postern.launcher.http;

import dev.postern.internal.Text;
import java.util.Locale;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpVersion;
import org.jspecify.annotations.Nullable;

/**
 * The rules of HTTP for the head of one request, in the order in which the head comes in. If a part
 * breaks a rule, an exception has the status, and the connection ends with that response. Confined
 * to one request.
 */
final class RequestHead {
  /** The most digits of a length. No body has so many bytes that it needs more. */
  private static final int LONGEST_LENGTH = 18;

  private final boolean secure;
  private boolean http10;

  /** The authority of an absolute-form target, or null. */
  private @Nullable String authority;

  private int fields;
  private boolean chunked;
  private boolean otherCoding;

  /** {@code secure} says whether the connection has TLS. */
  RequestHead(boolean secure) {
    this.secure = secure;
  }

  /**
   * Checks the request line (RFC 9112 3).
   *
   * @param target as text; the parser has put U+FFFD in place of bytes that are no UTF-8
   * @return the target, with its host as {@link HostName} has it
   */
  String start(String method, String target, HttpVersion version) {
    http10 = version == HttpVersion.HTTP_1_0;
    if (version != null && version.getVersion() >= 20) {
      throw refused(505, "only HTTP/1 is spoken here"); // RFC 9110 15.6.6
    }
    if (target.indexOf('\ufffd') >= 0) {
      // The bytes that the client sent are lost here, and nobody may see other ones.
      throw refused(400, "request target must be UTF-8");
    }
    if (method.equals("CONNECT")) {
      throw refused(501, "CONNECT is for proxies");
    }
    if (target.equals("*")) {
      if (!method.equals("OPTIONS")) {
        throw refused(400, "only OPTIONS has the target *");
      }
    } else if (!target.startsWith("/")) {
      return absolute(target);
    }
    return target;
  }

  /**
   * Reads {@code absolute-form = absolute-URI} (RFC 9112 3.2.2), which must have the connection's
   * own scheme.
   */
  private String absolute(String target) {
    String scheme = secure ? "https://" : "http://";
    if (!target.regionMatches(true, 0, scheme, 0, scheme.length())) {
      // RFC 9110 7.4: nobody may claim TLS on a connection that has none.
      throw refused(400, "request target must have the scheme of the connection");
    }
    int start = scheme.length();
    int end = start;
    while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
      end++;
    }
    authority = target.substring(start, end);
    if (authority.isEmpty() || authority.startsWith(":")) {
      throw refused(400, "request target must have a host"); // RFC 9110 4.2.1
    }
    return scheme + Text.lower(authority) + target.substring(end);
  }

  /**
   * Returns a header field as the request will have it; null to leave it out.
   *
   * <p>Fields above the limit are read and dropped. So the client can send all of its head, and
   * then reads why it is refused.
   */
  @Nullable HttpField take(HttpField field) {
    if (++fields > ServerLimits.FIELDS) {
      return null;
    }
    if (field.getHeader() == null) {
      return field;
    }
    return switch (field.getHeader()) {
      // RFC 9110 7.8: a server may ignore this field, and nothing here can be upgraded to.
      case UPGRADE -> null;
      // RFC 9112 3.2.2: the target's authority counts, and Host is ignored.
      case HOST -> HostName.field(authority == null ? field.getValue() : authority);
      case CONTENT_LENGTH -> length(field);
      case TRANSFER_ENCODING -> coding(field);
      // RFC 9110 10.1.1: ignored in HTTP/1.0, which knows no 100. Jetty would send one.
      case EXPECT -> http10 ? null : field;
      default -> field;
    };
  }

  /** Reads {@code Content-Length = 1*DIGIT} (RFC 9110 8.6). Zeros in front change nothing. */
  private static HttpField length(HttpField field) {
    String digits = field.getValue();
    int zeros = 0;
    while (zeros < digits.length() - 1 && digits.charAt(zeros) == '0') {
      zeros++;
    }
    if (digits.length() - zeros > LONGEST_LENGTH) {
      throw refused(400, "Content-Length is too long a number");
    }
    return zeros == 0
        ? field
        : new HttpField.LongValueHttpField(
            HttpHeader.CONTENT_LENGTH, Long.parseLong(digits.substring(zeros)));
  }

  private HttpField coding(HttpField field) {
    for (String name : field.getValue().split(",", -1)) {
      String coding = name.trim().toLowerCase(Locale.ROOT);
      if (coding.equals("chunked")) {
        chunked = true;
      } else if (!coding.isEmpty()) {
        otherCoding = true;
      }
    }
    return field;
  }

  /** Checks the whole head. Called when all fields are known. */
  void end() {
    if (fields > ServerLimits.FIELDS) {
      throw refused(431, "request must have at most " + ServerLimits.FIELDS + " header fields");
    }
    if (http10 && (chunked || otherCoding)) {
      // RFC 9112 6.1: the framing of such a request is faulty, whatever its other fields say.
      throw refused(400, "HTTP/1.0 has no Transfer-Encoding");
    }
    if (chunked && otherCoding) {
      throw refused(501, "Transfer-Encoding must be chunked alone"); // RFC 9112 6.1
    }
  }

  private static HttpException.RuntimeException refused(int status, String reason) {
    return new HttpException.RuntimeException(status, reason);
  }
}

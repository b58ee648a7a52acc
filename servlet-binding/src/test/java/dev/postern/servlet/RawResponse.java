package dev.postern.servlet;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** A response as it was on the wire. Names and values are bytes as chars. */
record RawResponse(
    String protocol, int status, List<Map.Entry<String, String>> headers, byte[] body, End end) {

  /** How the message ended. */
  enum End {
    /** With its last chunk, with its Content-Length, or it had no body. */
    WHOLE,
    /** The connection was closed in order where nothing else was to show the end. */
    CLOSED,
    /** The connection was closed or reset before the message's end. */
    CUT
  }

  /** The value of the only field of that name, or null. */
  String header(String name) {
    List<String> values = all(name);
    if (values.size() > 1) {
      throw new AssertionError(name + " must be sent once: " + values);
    }
    return values.isEmpty() ? null : values.get(0);
  }

  /** The values of all fields of that name, in order. */
  List<String> all(String name) {
    return headers.stream()
        .filter(field -> field.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .toList();
  }

  boolean isChunked() {
    return "chunked".equalsIgnoreCase(header("Transfer-Encoding"));
  }

  /** The body, bytes as chars. */
  String text() {
    return new String(body, StandardCharsets.ISO_8859_1);
  }

  @Override
  public String toString() {
    String text = text();
    return protocol
        + " "
        + status
        + " "
        + headers
        + " "
        + end
        + " "
        + body.length
        + " bytes: "
        + text.substring(0, Math.min(text.length(), 500));
  }
}

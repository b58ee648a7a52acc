package dev.postern.testing;

import static java.util.Objects.requireNonNull;

import dev.postern.Headers;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A request for a test: method, target, headers and maybe a body. Nothing is checked or repaired,
 * so that bad requests can be sent too.
 *
 * <p>Immutable, thread-safe; the array of a body is not copied.
 */
public final class TestRequest {
  private final String method;
  private final String target;
  private final Headers headers;
  private final byte @Nullable [] body;
  private final boolean chunked;

  private TestRequest(
      String method, String target, Headers headers, byte @Nullable [] body, boolean chunked) {
    this.method = requireNonNull(method, "method");
    this.target = requireNonNull(target, "target");
    this.headers = requireNonNull(headers, "headers");
    this.body = body;
    this.chunked = chunked;
  }

  /** Returns a request without headers and body. {@code target} is as for {@link #get}. */
  public static TestRequest of(String method, String target) {
    return new TestRequest(method, target, Headers.of(), null, false);
  }

  /**
   * Returns a GET request.
   *
   * @param target path and query as they are sent, percent-encoded: {@code /a%20b?c=d}; they are
   *     below the path of the application at the gateway
   */
  public static TestRequest get(String target) {
    return of("GET", target);
  }

  /** Returns a POST request with a body of this type in UTF-8. */
  public static TestRequest post(String target, String contentType, String body) {
    return of("POST", target)
        .withHeader("Content-Type", contentType)
        .withBody(body.getBytes(StandardCharsets.UTF_8));
  }

  public String method() {
    return method;
  }

  public String target() {
    return target;
  }

  /**
   * Returns the headers that were set here; {@code Host} and {@code Content-Length} may be missing.
   */
  public Headers headers() {
    return headers;
  }

  /** Returns the whole body, or null when there is none. */
  public byte @Nullable [] body() {
    return body;
  }

  /** Returns whether the body is sent without a length, in chunks if the protocol has them. */
  public boolean isChunked() {
    return chunked;
  }

  /** Returns this request with one more header; repeats are kept. */
  public TestRequest withHeader(String name, String value) {
    return new TestRequest(method, target, headers.plus(name, value), body, chunked);
  }

  /** Returns this request with a body of known length. */
  public TestRequest withBody(byte[] newBody) {
    return new TestRequest(method, target, headers, newBody, false);
  }

  /** Returns this request with a body whose length is not announced. */
  public TestRequest withChunkedBody(byte[] newBody) {
    return new TestRequest(method, target, headers, newBody, true);
  }

  @Override
  public String toString() {
    return "TestRequest[" + method + " " + target + "]";
  }
}

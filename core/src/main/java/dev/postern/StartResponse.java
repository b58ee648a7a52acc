package dev.postern;

import org.jspecify.annotations.Nullable;

/**
 * Starts the response of one request. The gateway hands it to {@link Application#call}; the
 * application calls it once before {@code call} returns. Nothing is sent by this call (PEP 3333,
 * The start_response() Callable).
 *
 * <p>Confined to one request.
 */
@FunctionalInterface
public interface StartResponse {
  /**
   * Starts the response, or replaces it after an error. Without an {@code error} this is the only
   * call of the request; a second one is a fault that ends in a 500. With an {@code error} it may
   * come again, also while the body is written: while nothing has been sent the earlier status,
   * headers and held bytes are dropped; afterwards {@code error} itself is thrown, also when it is
   * a checked exception. What is thrown here counts also where the application swallows it: the
   * response becomes a 500, or is cut.
   *
   * @param status 200 to 599
   * @param headers end-to-end fields only: a hop-by-hop name (RFC 9110 7.6.1), {@code Status}, a
   *     second or malformed {@code Content-Length} is refused
   * @param error why an earlier response is replaced, or null for the first call
   * @throws IllegalArgumentException when status or headers break a rule
   * @throws IllegalStateException when a response has been started and {@code error} is null
   */
  void start(int status, Headers headers, @Nullable Throwable error);

  /** Starts the response: {@code start(status, headers, null)}. */
  default void start(int status, Headers headers) {
    start(status, headers, null);
  }
}

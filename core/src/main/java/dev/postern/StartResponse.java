package dev.postern;

import java.io.IOException;
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
   * Starts the response, or replaces it after an error.
   *
   * <p>Without an {@code error}, an application calls this once for a request. A second call
   * throws, and the client gets a 500.
   *
   * <p>With an {@code error}, an application may call this again, also while the body is written.
   * If nothing has been sent yet, this call drops the earlier status, headers and body bytes. If
   * bytes have been sent, it throws {@code error} itself, even if that is a checked exception.
   *
   * <p>If the application catches the exception that this method throws, the response still fails:
   * it becomes a 500, or is cut.
   *
   * @param status 200 to 599
   * @param headers end-to-end fields only: a hop-by-hop name (RFC 9110 7.6.1), {@code Status}, a
   *     second or malformed {@code Content-Length} is refused
   * @param error why an earlier response is replaced, or null for the first call
   * @throws IllegalArgumentException when status or headers break a rule
   * @throws IllegalStateException when a response has been started and {@code error} is null
   */
  void start(int status, Headers headers, @Nullable Throwable error);

  /**
   * Sends 103 (Early Hints, RFC 8297) before the response, so that a client can begin to fetch what
   * the response will name. A gateway sends it at once if its protocol and its server can. Every
   * other gateway does nothing, and so does this method's default implementation. May be called
   * several times, before {@link #start}.
   *
   * @param headers what the response will probably have too, as a rule {@code Link} fields
   * @throws IllegalArgumentException when the headers break a rule of {@link #start}
   * @throws IllegalStateException when a response has been started
   * @throws IOException when the client is gone
   */
  default void earlyHints(Headers headers) throws IOException {}

  /** Starts the response: {@code start(status, headers, null)}. */
  default void start(int status, Headers headers) {
    start(status, headers, null);
  }
}

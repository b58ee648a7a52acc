package dev.postern;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * An application's answer by an exception: {@code throw new HttpException(404, "no such page")}. It
 * is unchecked, so that it can be thrown from a lambda and from deep inside a handler.
 *
 * <p>While nothing has been sent, the client gets the status and the headers with a fixed text. The
 * message never reaches the client. It goes to {@code postern.errors} as one line, and with the
 * exception to the {@link Outcome}. A response that has begun is cut. An {@link Exchange} also
 * finds an HttpException among the causes of another exception, such as that of a template or of a
 * JSON mapper.
 *
 * <p>Gateways and hosts throw the checked {@link GatewayException} instead.
 *
 * <p>Immutable, except for what can change in every Throwable.
 */
public final class HttpException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final transient @Nullable Headers headers;

  /**
   * An answer without headers of its own.
   *
   * @param status 400 to 599
   * @param message what happened, for the log
   * @throws IllegalArgumentException when the status is not 400 to 599
   */
  public HttpException(int status, @Nullable String message) {
    this(status, message, Headers.of(), null);
  }

  /**
   * An answer with headers, such as {@code WWW-Authenticate} of a 401 or {@code Retry-After} of a
   * 503.
   *
   * @param status 400 to 599
   * @param message what happened, for the log
   * @param headers those that the client gets. The gateway leaves out fields of the connection,
   *     {@code Content-Type} and {@code Content-Length}, because it writes the text itself
   * @throws IllegalArgumentException when the status is not 400 to 599
   */
  public HttpException(int status, @Nullable String message, Headers headers) {
    this(status, message, headers, null);
  }

  /**
   * An answer because of another exception. The log gets the stack of the cause if the status is
   * 500 or more, because the server is at fault only then.
   *
   * @param status 400 to 599
   * @param message what happened, for the log
   * @param headers those that the client gets, as for {@link #HttpException(int, String, Headers)}
   * @param cause why, or null
   * @throws IllegalArgumentException when the status is not 400 to 599
   */
  public HttpException(
      int status, @Nullable String message, Headers headers, @Nullable Throwable cause) {
    super(message, cause);
    StatusError.check(status);
    this.status = status;
    this.headers = requireNonNull(headers, "headers");
  }

  /** The status that the client gets while nothing has been sent: 400 to 599. */
  public int status() {
    return status;
  }

  /** Headers that belong to the status; empty for most. */
  public Headers headers() {
    return headers == null ? Headers.of() : headers;
  }
}

package dev.postern.web.internal;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import org.jspecify.annotations.Nullable;

/**
 * An answer that an application gives by an exception, as the gateway understands it.
 *
 * @param error an {@link HttpException} or a {@link GatewayException}
 */
public record ThrownAnswer(Exception error, int status, Headers headers) {
  /** How many causes are looked at. There is a limit, because a chain of causes may be a circle. */
  public static final int DEPTH = 50;

  /** What an exception or the first of its causes answers; null when none does. */
  public static @Nullable ThrownAnswer in(Throwable thrown) {
    Throwable cause = thrown;
    for (int depth = 0; cause != null && depth < DEPTH; depth++) {
      if (cause instanceof HttpException http) {
        return new ThrownAnswer(http, http.status(), http.headers());
      }
      if (cause instanceof GatewayException gateway) {
        return new ThrownAnswer(gateway, gateway.status(), gateway.headers());
      }
      cause = cause.getCause();
    }
    return null;
  }

  /** The same exception with other headers. The log gets the same of it. */
  public Exception withHeaders(Headers newHeaders) {
    Exception copy =
        error instanceof GatewayException gateway
            ? new GatewayException(
                status,
                String.valueOf(error.getMessage()),
                newHeaders,
                gateway.diagnosis(),
                error.getCause())
            : new HttpException(status, error.getMessage(), newHeaders, error.getCause());
    copy.setStackTrace(error.getStackTrace());
    for (Throwable suppressed : error.getSuppressed()) {
      copy.addSuppressed(suppressed);
    }
    return copy;
  }
}

package dev.postern.web.internal;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.internal.Causes;
import org.jspecify.annotations.Nullable;

/**
 * An answer that an application gives by an exception, as the gateway understands it.
 *
 * @param error an {@link HttpException} or a {@link GatewayException}
 */
public record ThrownAnswer(Exception error, int status, Headers headers) {
  /** What an exception or the first of its causes answers; null when none does. */
  public static @Nullable ThrownAnswer in(Throwable thrown) {
    Throwable answer =
        Causes.first(
            thrown, cause -> cause instanceof HttpException || cause instanceof GatewayException);
    if (answer instanceof HttpException http) {
      return new ThrownAnswer(http, http.status(), http.headers());
    }
    if (answer instanceof GatewayException gateway) {
      return new ThrownAnswer(gateway, gateway.status(), gateway.headers());
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

package dev.postern;

import dev.postern.internal.Causes;
import org.jspecify.annotations.Nullable;

/**
 * An error that says which status the client gets: a {@link GatewayException}, an {@link
 * HttpException}, or the exception for a request body that came short.
 *
 * @param error the exception itself
 */
record StatusError(Throwable error, int status, Headers headers) {
  /**
   * What {@code error} says, or the first of its causes that says a status; null when none does.
   */
  static @Nullable StatusError in(Throwable error) {
    Throwable found = Causes.first(error, cause -> of(cause) != null);
    return found == null ? null : of(found);
  }

  /** What the error itself says; null when it says nothing. */
  static @Nullable StatusError of(Throwable error) {
    if (error instanceof GatewayException gateway) {
      return new StatusError(error, gateway.status(), gateway.headers());
    }
    if (error instanceof HttpException http) {
      return new StatusError(error, http.status(), http.headers());
    }
    return error instanceof ShortBodyException ? new StatusError(error, 400, Headers.of()) : null;
  }

  /**
   * Whether a reader of the request's body may have thrown this after the body had failed. The
   * JDK's XML parsers take an {@link java.io.EOFException} for the end of the document and throw an
   * exception of their own, which does not have it as a cause. Such an exception is a checked one;
   * an unchecked one is taken for a bug of the application.
   */
  static boolean isReaders(Throwable error) {
    return Causes.first(
            error,
            cause ->
                cause instanceof Exception
                    && !(cause instanceof RuntimeException)
                    && !(cause instanceof InterruptedException))
        != null;
  }

  /**
   * Refuses a status that is not one of a failure.
   *
   * @throws IllegalArgumentException when it is not 400 to 599
   */
  static void check(int status) {
    if (status < 400 || status > 599) {
      throw new IllegalArgumentException("status of a failure must be 400 to 599: " + status);
    }
  }
}

package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.internal.LimitedInput;
import dev.postern.web.internal.Wrapped;
import java.io.InputStream;

/**
 * Refuses request bodies that are longer than a limit with 413. If the length is known, this
 * middleware does so before the application is called; otherwise when the application reads beyond
 * the limit. Immutable, thread-safe.
 */
public final class MaxBody implements Middleware {
  private final long limit;

  private MaxBody(long limit) {
    if (limit < 0) {
      throw new IllegalArgumentException("limit must not be negative: " + limit);
    }
    this.limit = limit;
  }

  /** Allows bodies of up to {@code bytes} bytes. */
  public static MaxBody of(long bytes) {
    return new MaxBody(bytes);
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "MaxBody",
        (inner, environ, startResponse) -> {
          if (environ.contentLength() > limit) {
            throw tooLong(limit);
          }
          if (environ.contentLength() >= 0) {
            return inner.call(environ, startResponse);
          }
          Environ copy = environ.copy();
          copy.put("postern.input", limited(environ.input(), limit));
          return inner.call(copy, startResponse);
        });
  }

  /** A body of unknown length. A read beyond the limit throws an exception with status 413. */
  static InputStream limited(InputStream body, long limit) {
    return new LimitedInput(
        body,
        limit,
        () -> {
          throw tooLong(limit);
        });
  }

  private static HttpException tooLong(long limit) {
    return new HttpException(413, "request body must not be longer than " + limit);
  }

  @Override
  public String toString() {
    return "MaxBody.of(" + limit + ")";
  }
}

package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Middleware;
import dev.postern.web.internal.Wrapped;

/**
 * Lets an application that knows only GET answer HEAD, too. The application sees a GET without
 * {@code Range}, and the gateway leaves the body out. Immutable, thread-safe.
 */
public final class HeadFromGet implements Middleware {
  private static final HeadFromGet ONE = new HeadFromGet();

  private HeadFromGet() {}

  /** The middleware. */
  public static HeadFromGet of() {
    return ONE;
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "HeadFromGet",
        (inner, environ, startResponse) -> {
          if (!environ.method().equals("HEAD")) {
            return inner.call(environ, startResponse);
          }
          Environ get = environ.copy();
          get.put("REQUEST_METHOD", "GET");
          // RFC 9110 14.2: Range is for GET alone.
          get.remove("HTTP_RANGE");
          get.remove("HTTP_IF_RANGE");
          return inner.call(get, startResponse);
        });
  }

  @Override
  public String toString() {
    return "HeadFromGet.of()";
  }
}

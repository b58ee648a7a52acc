package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Middleware;
import dev.postern.internal.Text;
import dev.postern.web.internal.ChangedHeaders;
import dev.postern.web.internal.Wrapped;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Gives each request an id, which is in the environ as {@code web.request_id}, in the outcome as
 * {@code web.request_id}, and in the response as {@code X-Request-Id}. An id that comes in such a
 * header is kept if it has at most 128 characters, all of them letters, digits, {@code -}, {@code
 * _} and dots.
 *
 * <p>Immutable, thread-safe.
 */
public final class RequestId implements Middleware {
  private static final String HEADER = "X-Request-Id";
  private static final String KEY = "web.request_id";
  private static final RequestId ONE = new RequestId();

  private RequestId() {}

  /** The middleware. */
  public static RequestId of() {
    return ONE;
  }

  /** The id of this request; null outside of the middleware. */
  public static @Nullable String get(Environ environ) {
    return environ.get(KEY) instanceof String id ? id : null;
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "RequestId",
        (inner, environ, startResponse) -> {
          String given = environ.header(HEADER);
          String id = given != null && isId(given) ? given : UUID.randomUUID().toString();
          environ.put(KEY, id);
          environ.report(KEY, id);
          return ChangedHeaders.call(inner, environ, startResponse, sent -> sent.with(HEADER, id));
        });
  }

  private static boolean isId(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Text.isAlphanumeric(c) && c != '-' && c != '_' && c != '.') {
        return false;
      }
    }
    return !text.isEmpty() && text.length() <= 128;
  }

  @Override
  public String toString() {
    return "RequestId.of()";
  }
}

package dev.postern.web.middleware;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Middleware;
import dev.postern.web.Limits;
import dev.postern.web.MediaType;
import dev.postern.web.Request;
import dev.postern.web.internal.Wrapped;
import java.io.IOException;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets forms and old clients use other methods than GET and POST: a POST with the header {@code
 * X-HTTP-Method-Override}, or with the field {@code _method} of an urlencoded form, becomes a PUT,
 * PATCH or DELETE. Other values are passed over. This middleware reads the form to find the field.
 * {@link Request#form()} then gives the application the same form.
 *
 * <p>The method that was sent is in the environ as {@code web.original_method}. Immutable,
 * thread-safe.
 */
public final class MethodOverride implements Middleware {
  private static final Set<String> METHODS = Set.of("PUT", "PATCH", "DELETE");

  private final Limits limits;

  private MethodOverride(Limits limits) {
    this.limits = limits;
  }

  /** Reads forms with the limits of {@link Limits#of()}. */
  public static MethodOverride of() {
    return new MethodOverride(Limits.of());
  }

  /** Reads forms with these limits, which then also hold for the application. */
  public static MethodOverride of(Limits limits) {
    return new MethodOverride(requireNonNull(limits, "limits"));
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "MethodOverride",
        (inner, environ, startResponse) -> {
          String method = environ.method().equals("POST") ? override(environ) : null;
          String upper = method == null ? "" : method.toUpperCase(Locale.ROOT);
          if (!METHODS.contains(upper)) {
            return inner.call(environ, startResponse);
          }
          Environ copy = environ.copy();
          copy.put("REQUEST_METHOD", upper);
          copy.put("web.original_method", environ.method());
          return inner.call(copy, startResponse);
        });
  }

  private @Nullable String override(Environ environ) throws IOException {
    String header = environ.header("X-HTTP-Method-Override");
    if (header != null) {
      return header;
    }
    Request request = Request.of(environ, limits);
    MediaType type = request.contentType();
    return type != null && type.is("application/x-www-form-urlencoded")
        ? request.form("_method")
        : null;
  }

  @Override
  public String toString() {
    return "MethodOverride.of()";
  }
}

package dev.postern.servlet;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The options that {@link ServletGateway} and {@link FilterGateway} share. Each is an init
 * parameter of the same name, too, which wins. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract sealed class GatewayBuilder<B extends GatewayBuilder<B>>
    permits ServletGateway.Builder, FilterGateway.Builder {
  final @Nullable Application application;
  boolean watch = true;
  @Nullable Duration deadline;
  long maxBody = -1;
  final Map<String, Function<HttpServletRequest, ? extends @Nullable Object>> variables =
      new LinkedHashMap<>();

  /** Null where an init parameter is to name it. */
  GatewayBuilder(@Nullable Application application) {
    this.application = application;
  }

  /**
   * Whether to look for clients that have reset their connection while nothing is sent to them, and
   * to cancel their requests; true by default. The looks of all servlets of a web application take
   * at most 2 % of one processor. Without it, such a client is noticed by the next write.
   */
  public B watch(boolean newWatch) {
    watch = newWatch;
    return self();
  }

  /**
   * The time for a whole request, without a limit by default. {@link dev.postern.Environ#remaining}
   * tells it to the application, which may answer in time. A second after its end the request is
   * cancelled: hooks of {@code onCancel} run, and when the application returns the client gets 503,
   * or a response that is cut where it has begun.
   *
   * @throws IllegalArgumentException when it is not positive
   */
  public B deadline(Duration time) {
    if (time.isZero() || time.isNegative()) {
      throw new IllegalArgumentException("deadline must be positive: " + time);
    }
    deadline = time;
    return self();
  }

  /**
   * The largest request body in bytes; what the container allows by default. A larger one is told
   * 413, before the application is called where its length is known.
   *
   * @throws IllegalArgumentException when it is negative
   */
  public B maxBody(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("maximum body must not be negative: " + bytes);
    }
    maxBody = bytes;
    return self();
  }

  /**
   * Adds a variable to the environ of each request: what the container knows of a request's user,
   * its client's certificate, its session, attributes and locales.
   *
   * <pre>{@code
   * .variable("TENANT", request -> request.getAttribute("tenant"))
   * .variable("servlet.session", HttpServletRequest::getSession)
   * }</pre>
   *
   * <p>A name without a dot is a CGI variable: the value's text, in UTF-8, asked for when an
   * application looks. It wins over the gateway's own, such as {@code REMOTE_USER}. A name with a
   * dot is an extension key and has the object itself, taken before the application is called.
   * Where the value is null, the variable is absent. The function is called on the request's
   * thread; what it throws fails the request.
   *
   * @throws IllegalArgumentException when the name is neither {@code [A-Za-z_][A-Za-z0-9_]*} nor of
   *     small letters with a dot; when it starts with {@code postern.} or {@code HTTP_}; when it is
   *     one that says what is asked for or how long the body is
   */
  public B variable(String name, Function<HttpServletRequest, ? extends @Nullable Object> value) {
    GatewayVariables.check(name);
    variables.put(name, requireNonNull(value, "value"));
    return self();
  }

  abstract B self();
}

package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.StartResponse;
import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import dev.postern.web.internal.ChangedHeaders;
import dev.postern.web.internal.Wrapped;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Says which other sites' scripts may read responses (cross-origin requests, WHATWG Fetch 3.2).
 * This middleware answers preflight requests itself, with 204 and what is allowed. If the origin,
 * the method or a header is not allowed, the 204 says nothing. It keeps nobody from sending a
 * request; see {@link Csrf}.
 *
 * <p>Immutable, thread-safe.
 */
public final class Cors implements Middleware {
  private final Set<String> origins;
  private final Set<String> methods;
  private final Set<String> headers;
  private final Set<String> exposed;
  private final boolean credentials;
  private final @Nullable Duration maxAge;

  private Cors(Builder builder) {
    origins = Set.copyOf(builder.origins);
    methods = Set.copyOf(builder.methods);
    headers = Set.copyOf(builder.headers);
    exposed = Set.copyOf(builder.exposed);
    credentials = builder.credentials;
    maxAge = builder.maxAge;
    if (credentials && origins.contains("*")) {
      throw new IllegalArgumentException("any origin must not be allowed with credentials");
    }
  }

  /**
   * Options for these origins.
   *
   * @param origins such as {@code https://example.org}, or {@code *} for all
   */
  public static Builder builder(String... origins) {
    return new Builder(List.of(origins));
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(application, "Cors", this::call);
  }

  private Body call(Application application, Environ environ, StartResponse startResponse)
      throws Exception {
    String origin = environ.header("Origin");
    boolean any = origins.contains("*");
    boolean allowed = origin != null && (any || origins.contains(origin));
    String asked = environ.header("Access-Control-Request-Method");
    if (environ.method().equals("OPTIONS") && origin != null && asked != null) {
      startResponse.start(204, preflight(environ, allowed ? origin : null, asked));
      return Body.empty();
    }
    return ChangedHeaders.call(
        application, environ, startResponse, sent -> answered(sent, allowed ? origin : null));
  }

  private Headers answered(Headers sent, @Nullable String origin) {
    // If any origin is allowed, a response to a request without an origin says so, too. A cache may
    // later give this response to a script of another site (WHATWG Fetch 3.2.5).
    boolean any = origins.contains("*");
    Headers more = any ? sent : sent.plus("Vary", "Origin");
    if (origin == null && !any) {
      return more;
    }
    more = allow(more, origin == null ? "*" : origin);
    return exposed.isEmpty()
        ? more
        : more.with("Access-Control-Expose-Headers", String.join(", ", new TreeSet<>(exposed)));
  }

  private Headers allow(Headers sent, String origin) {
    Headers more = sent.with("Access-Control-Allow-Origin", origins.contains("*") ? "*" : origin);
    return credentials ? more.with("Access-Control-Allow-Credentials", "true") : more;
  }

  private Headers preflight(Environ environ, @Nullable String origin, String method) {
    Headers sent =
        Headers.of("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    if (origin == null || !methods.contains(method) || !allHeadersAllowed(environ)) {
      return sent;
    }
    sent = allow(sent, origin);
    sent = sent.with("Access-Control-Allow-Methods", String.join(", ", new TreeSet<>(methods)));
    if (!headers.isEmpty()) {
      sent = sent.with("Access-Control-Allow-Headers", String.join(", ", new TreeSet<>(headers)));
    }
    return maxAge == null
        ? sent
        : sent.with("Access-Control-Max-Age", Long.toString(maxAge.toSeconds()));
  }

  private boolean allHeadersAllowed(Environ environ) {
    String asked = environ.header("Access-Control-Request-Headers");
    if (asked == null) {
      return true;
    }
    for (String name : asked.split(",", -1)) {
      String lower = Text.lower(Text.trimmed(name));
      if (!lower.isEmpty() && !headers.contains(lower)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return "Cors" + new TreeSet<>(origins);
  }

  /** Options of cross-origin requests. Not thread-safe. */
  public static final class Builder {
    private final List<String> origins;
    private List<String> methods = List.of("GET", "HEAD", "POST");
    private List<String> headers = List.of();
    private List<String> exposed = List.of();
    private boolean credentials;
    private @Nullable Duration maxAge;

    private Builder(List<String> origins) {
      for (String origin : origins) {
        int scheme = origin.indexOf("://");
        if (!origin.equals("*")
            && !origin.equals("null")
            && (scheme < 1 || origin.indexOf('/', scheme + 3) >= 0)) {
          throw new IllegalArgumentException(
              "origin must be a scheme and a host, maybe a port: " + Escapes.quote(origin));
        }
      }
      this.origins = origins;
    }

    /** The methods that scripts may use; GET, HEAD and POST by default. */
    public Builder methods(String... newMethods) {
      methods = List.of(newMethods);
      return this;
    }

    /** The request headers that scripts may set beyond the simple ones; none by default. */
    public Builder headers(String... names) {
      List<String> lower = new ArrayList<>();
      for (String name : names) {
        lower.add(Text.lower(name));
      }
      headers = lower;
      return this;
    }

    /** The response headers that scripts may read beyond the simple ones; none by default. */
    public Builder exposedHeaders(String... names) {
      exposed = List.of(names);
      return this;
    }

    /**
     * Whether requests may come with cookies; false by default. Not possible if any origin is
     * allowed.
     */
    public Builder credentials(boolean newCredentials) {
      credentials = newCredentials;
      return this;
    }

    /** How long a browser keeps the answer to a preflight; by default the browser decides. */
    public Builder maxAge(Duration newMaxAge) {
      maxAge = newMaxAge;
      return this;
    }

    /**
     * The middleware.
     *
     * @throws IllegalArgumentException when any origin is allowed with credentials
     */
    public Cors build() {
      return new Cors(this);
    }
  }
}

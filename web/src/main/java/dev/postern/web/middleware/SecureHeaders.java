package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.web.internal.ChangedHeaders;
import dev.postern.web.internal.Wrapped;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Headers that make browsers careful. A header that the application has set stays as it is. By
 * default: {@code X-Content-Type-Options: nosniff}, {@code X-Frame-Options: SAMEORIGIN}, {@code
 * Referrer-Policy: strict-origin-when-cross-origin}, {@code Cross-Origin-Opener-Policy:
 * same-origin}, and a {@code Content-Security-Policy} that lets a page load from its own site alone
 * and forbids inline scripts.
 *
 * <p>Immutable, thread-safe.
 */
public final class SecureHeaders implements Middleware {
  private static final Headers DEFAULT =
      Headers.of(
          "X-Content-Type-Options",
          "nosniff",
          "X-Frame-Options",
          "SAMEORIGIN",
          "Referrer-Policy",
          "strict-origin-when-cross-origin",
          "Cross-Origin-Opener-Policy",
          "same-origin",
          "Content-Security-Policy",
          "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self';"
              + " frame-ancestors 'self'");

  private final Headers headers;
  private final @Nullable String transportSecurity;

  private SecureHeaders(Headers headers, @Nullable String transportSecurity) {
    this.headers = headers;
    this.transportSecurity = transportSecurity;
  }

  /** The headers above. */
  public static SecureHeaders of() {
    return new SecureHeaders(DEFAULT, null);
  }

  /** These headers with this one, in place of the one of that name. */
  public SecureHeaders with(String name, String value) {
    return new SecureHeaders(headers.with(name, value), transportSecurity);
  }

  /** These headers without the one of that name. */
  public SecureHeaders without(String name) {
    return new SecureHeaders(headers.without(name), transportSecurity);
  }

  /**
   * With {@code Strict-Transport-Security} for requests over TLS (RFC 6797): for {@code maxAge}, a
   * browser uses this host over TLS alone. With {@code subdomains}, that also holds for the hosts
   * below it.
   */
  public SecureHeaders withTransportSecurity(Duration maxAge, boolean subdomains) {
    return new SecureHeaders(
        headers, "max-age=" + maxAge.toSeconds() + (subdomains ? "; includeSubDomains" : ""));
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "SecureHeaders",
        (inner, environ, startResponse) -> {
          boolean secure = environ.scheme().equals("https");
          return ChangedHeaders.call(inner, environ, startResponse, sent -> added(sent, secure));
        });
  }

  private Headers added(Headers sent, boolean secure) {
    Headers more = sent;
    for (Map.Entry<String, String> field : headers) {
      if (!sent.contains(field.getKey())) {
        more = more.plus(field.getKey(), field.getValue());
      }
    }
    return transportSecurity == null || !secure || sent.contains("Strict-Transport-Security")
        ? more
        : more.plus("Strict-Transport-Security", transportSecurity);
  }

  @Override
  public String toString() {
    return "SecureHeaders" + headers;
  }
}

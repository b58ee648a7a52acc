package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.web.Limits;
import dev.postern.web.MediaType;
import dev.postern.web.Request;
import dev.postern.web.internal.Wrapped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Keeps other sites from sending requests in the name of a user. A request that changes something
 * needs a token that only pages of this site have. A request of any method but GET, HEAD, OPTIONS
 * and TRACE counts as one that changes something. Put this middleware inside of {@link Sessions}.
 *
 * <p>{@link #token} gives the token. A form has it as the hidden field {@code _csrf}; a script
 * sends it in {@code X-CSRF-Token}. A request without the right token gets a 403. So does a request
 * whose browser says in {@code Sec-Fetch-Site} that another site has caused it.
 *
 * <p>This middleware reads a form to find the token. {@link Request#form()} and {@link
 * Request#multipart()} then give the application the same form. If an application streams an
 * upload, its script must send the header.
 *
 * <p>Thread-safe.
 */
public final class Csrf implements Middleware {
  private static final String KEY = "csrf";
  private static final int TOKEN_BYTES = 24;

  private final Limits limits;

  private Csrf(Limits limits) {
    this.limits = limits;
  }

  /** Reads forms with the limits of {@link Limits#of()}. */
  public static Csrf of() {
    return new Csrf(Limits.of());
  }

  /** Reads forms with these limits, which then also hold for the application. */
  public static Csrf of(Limits limits) {
    return new Csrf(limits);
  }

  /**
   * The token for the forms of this session; it is made when there is none. Each call gives another
   * text, so that compression gives nothing of the token away (BREACH).
   *
   * @throws IllegalStateException when the application is not in {@link Sessions}
   */
  public static String token(Environ environ) {
    Session session = Session.of(environ);
    String secret = session.get(KEY);
    if (secret == null) {
      byte[] bytes = new byte[TOKEN_BYTES];
      Sessions.Random.SECURE.nextBytes(bytes);
      secret = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
      session.put(KEY, secret);
    }
    byte[] plain = secret.getBytes(StandardCharsets.ISO_8859_1);
    byte[] masked = new byte[2 * plain.length];
    byte[] mask = new byte[plain.length];
    Sessions.Random.SECURE.nextBytes(mask);
    for (int i = 0; i < plain.length; i++) {
      masked[i] = mask[i];
      masked[plain.length + i] = (byte) (mask[i] ^ plain[i]);
    }
    return Base64.getUrlEncoder().withoutPadding().encodeToString(masked);
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "Csrf",
        (inner, environ, startResponse) -> {
          if (!isSafe(environ.method())) {
            check(environ);
          }
          return inner.call(environ, startResponse);
        });
  }

  private static boolean isSafe(String method) {
    return method.equals("GET")
        || method.equals("HEAD")
        || method.equals("OPTIONS")
        || method.equals("TRACE");
  }

  private void check(Environ environ) throws IOException {
    if ("cross-site".equals(environ.header("Sec-Fetch-Site"))) {
      throw new HttpException(403, "request must not be caused by another site");
    }
    String secret = Session.of(environ).get(KEY);
    String given = given(environ);
    String plain = given == null ? null : unmasked(given);
    if (secret == null
        || plain == null
        || !MessageDigest.isEqual(
            secret.getBytes(StandardCharsets.ISO_8859_1),
            plain.getBytes(StandardCharsets.ISO_8859_1))) {
      throw new HttpException(403, "request must have the token of its session");
    }
  }

  private @Nullable String given(Environ environ) throws IOException {
    String header = environ.header("X-CSRF-Token");
    if (header != null) {
      return header;
    }
    Request request = Request.of(environ, limits);
    MediaType type = request.contentType();
    return type != null
            && (type.is("application/x-www-form-urlencoded") || type.is("multipart/form-data"))
        ? request.form("_csrf")
        : null;
  }

  private static @Nullable String unmasked(String token) {
    byte[] masked;
    try {
      masked = Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException e) {
      return null;
    }
    if (masked.length % 2 != 0) {
      return null;
    }
    byte[] plain = new byte[masked.length / 2];
    for (int i = 0; i < plain.length; i++) {
      plain[i] = (byte) (masked[i] ^ masked[plain.length + i]);
    }
    return new String(plain, StandardCharsets.ISO_8859_1);
  }

  @Override
  public String toString() {
    return "Csrf.of()";
  }
}

package dev.postern.web.middleware;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.web.Credentials;
import dev.postern.web.Request;
import dev.postern.web.internal.Ascii;
import dev.postern.web.internal.AuthenticatedUser;
import dev.postern.web.internal.FieldList;
import dev.postern.web.internal.Wrapped;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.BiPredicate;

/**
 * Basic authentication (RFC 7617). Lets known users in, with REMOTE_USER and AUTH_TYPE set for the
 * application; all others get a 401 that makes the browser ask. Names and passwords are UTF-8.
 *
 * <p>Passwords go over the wire as they are, so use TLS. The gateway must pass {@code
 * Authorization} on; Apache does so with {@code CGIPassAuth On}.
 *
 * <p>Thread-safe, as far as its users are.
 */
public final class BasicAuth implements Middleware {
  private final Headers challenge;
  private final BiPredicate<? super String, ? super String> users;

  private BasicAuth(String realm, BiPredicate<? super String, ? super String> users) {
    this.challenge =
        Headers.of(
            "WWW-Authenticate",
            "Basic realm=" + FieldList.quoted(Ascii.bytes(realm)) + ", charset=\"UTF-8\"");
    this.users = requireNonNull(users, "users");
  }

  /**
   * Lets in every user that {@code users} accepts.
   *
   * @param realm the name that the browser shows
   * @param users called with the name and the password, on the request's thread, such as {@link
   *     Htpasswd}. It must compare in constant time
   */
  public static BasicAuth of(String realm, BiPredicate<? super String, ? super String> users) {
    return new BasicAuth(realm, users);
  }

  /** Lets in one user, compared in constant time. */
  public static BasicAuth of(String realm, String user, String password) {
    byte[] expected = hash(user, password);
    return new BasicAuth(
        realm, (name, given) -> MessageDigest.isEqual(hash(name, given), expected));
  }

  /** A hash has the same length for all, so that the comparison takes the same time. */
  private static byte[] hash(String user, String password) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(user.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      return digest.digest(password.getBytes(StandardCharsets.UTF_8));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "BasicAuth",
        (inner, environ, startResponse) -> {
          Credentials credentials = Request.of(environ).credentials();
          String user = credentials == null ? null : credentials.user();
          String password = credentials == null ? null : credentials.password();
          if (user == null || password == null || !users.test(user, password)) {
            throw new HttpException(401, "request must have the credentials of a user", challenge);
          }
          Environ known = environ.copy();
          known.put("AUTH_TYPE", "Basic");
          known.put("REMOTE_USER", Ascii.bytes(user));
          known.put(AuthenticatedUser.KEY, Ascii.bytes(user));
          return inner.call(known, startResponse);
        });
  }

  @Override
  public String toString() {
    return "BasicAuth";
  }
}

package dev.postern.examples;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import java.util.Base64;
import java.util.Locale;
import java.util.function.BiPredicate;

/**
 * Basic authentication (RFC 7617). User and password stay bytes of chars, as in the environ; who
 * compares them with text decodes them first.
 */
final class BasicAuth {
  private static final Headers CHALLENGE =
      Headers.of("Content-Type", "text/plain", "WWW-Authenticate", "Basic realm=\"example\"");
  private static final Body UNAUTHORIZED = Body.of("Unauthorized\n");

  private BasicAuth() {}

  static Application overResponse(BiPredicate<String, String> users, Application application) {
    return Application.of(
        environ -> {
          Environ known = authenticated(environ, users);
          return known == null
              ? Response.of(401, CHALLENGE, UNAUTHORIZED)
              : Response.from(application, known);
        });
  }

  static Application overStart(BiPredicate<String, String> users, Application application) {
    return (environ, start) -> {
      Environ known = authenticated(environ, users);
      if (known != null) {
        return application.call(known, start);
      }
      start.start(401, CHALLENGE);
      return UNAUTHORIZED;
    };
  }

  /** A copy with AUTH_TYPE and REMOTE_USER, or null. */
  private static Environ authenticated(Environ environ, BiPredicate<String, String> users) {
    String header = environ.header("Authorization");
    if (header == null || !header.toLowerCase(Locale.ROOT).startsWith("basic ")) {
      return null;
    }
    String pair;
    try {
      pair = new String(Base64.getDecoder().decode(header.substring(6).trim()), ISO_8859_1);
    } catch (IllegalArgumentException e) {
      return null;
    }
    int colon = pair.indexOf(':');
    if (colon < 0 || !users.test(pair.substring(0, colon), pair.substring(colon + 1))) {
      return null;
    }
    Environ known = environ.copy();
    known.put("AUTH_TYPE", "Basic");
    known.put("REMOTE_USER", pair.substring(0, colon));
    return known;
  }
}

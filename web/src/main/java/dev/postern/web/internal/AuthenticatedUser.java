package dev.postern.web.internal;

import dev.postern.Environ;
import org.jspecify.annotations.Nullable;

/** The user of a request, for an access log. */
public final class AuthenticatedUser {
  /**
   * The key under which a middleware puts the user that it has let in, bytes as chars. The
   * middleware sets REMOTE_USER on a copy, which a log around it does not see. An extension is
   * shared with the copies.
   */
  public static final String KEY = "web.user";

  private AuthenticatedUser() {}

  /** The user that a middleware has let in, else the one that the server says; or null. */
  public static @Nullable String of(Environ environ) {
    return environ.get(KEY) instanceof String user ? user : environ.remoteUser();
  }
}

package dev.postern.web.middleware;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.StartResponse;
import dev.postern.internal.Text;
import dev.postern.web.Cookie;
import dev.postern.web.Cookie.SameSite;
import dev.postern.web.Request;
import dev.postern.web.internal.ChangedHeaders;
import dev.postern.web.internal.Wrapped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gives requests a {@link Session}. Its values can be in a store; then the browser has a random id
 * of 192 bits. Or they can be in a signed cookie, which needs no store and holds some 3 KB. Whoever
 * has the browser can read that cookie, but not change it.
 *
 * <pre>{@code
 * handler.with(Sessions.builder(SessionStore.inFiles(Path.of("/var/lib/site/sessions"))).build())
 * }</pre>
 *
 * <p>A session is loaded when the application asks for it, and kept when the response starts. An id
 * that the store does not know is never taken over from a client. The response that sets the cookie
 * gets {@code Cache-Control: no-store} unless the application sets that field itself. If two
 * requests change one session at the same time, the last one wins.
 *
 * <p>Thread-safe.
 */
public final class Sessions implements Middleware {
  private static final int ID_BYTES = 24;

  private final @Nullable SessionStore store;
  private final @Nullable CookieSessions signed;
  private final String cookieName;
  private final String path;
  private final Duration idle;
  private final @Nullable Boolean secure;
  private final SameSite sameSite;
  private final Clock clock;

  private Sessions(Builder builder) {
    store = builder.store;
    signed = builder.signed;
    cookieName = builder.cookieName;
    path = builder.path;
    idle = builder.idle;
    secure = builder.secure;
    sameSite = builder.sameSite;
    clock = builder.clock;
  }

  /** Options of sessions in a store. */
  public static Builder builder(SessionStore store) {
    return new Builder(requireNonNull(store, "store"), null);
  }

  /**
   * Options of sessions in a signed cookie.
   *
   * @param secrets at least 32 random bytes each. The first one signs; cookies of the others are
   *     taken too, so that a secret can be replaced
   * @throws IllegalArgumentException when there is no secret, or one is shorter
   */
  public static Builder signed(byte[]... secrets) {
    return new Builder(null, new CookieSessions(secrets));
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(application, "Sessions", this::call);
  }

  private Body call(Application application, Environ environ, StartResponse startResponse)
      throws Exception {
    Loaded loaded = new Loaded(environ);
    Session session = new Session(loaded);
    environ.put(Session.KEY, session);
    return application.call(
        environ, new ChangedHeaders(startResponse, sent -> kept(environ, session, loaded, sent)));
  }

  /** The session that the request's cookie leads to, and the cookie of the response. */
  private final class Loaded implements Session.Source {
    private final Environ environ;
    private @Nullable String id;
    private @Nullable Instant expires;
    private @Nullable String cookie;

    Loaded(Environ environ) {
      this.environ = environ;
    }

    @Override
    public @Nullable Map<String, String> load() {
      String value = Request.of(environ).cookie(cookieName);
      if (value == null) {
        return null;
      }
      SessionStore.Stored found = signed == null ? stored(value) : unsigned(signed, value);
      if (found == null) {
        return null;
      }
      id = value;
      expires = found.expires();
      return found.values();
    }

    private SessionStore.@Nullable Stored stored(String value) {
      try {
        return store == null || !isId(value) ? null : store.load(value);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private SessionStore.@Nullable Stored unsigned(CookieSessions cookies, String value) {
      return cookies.read(cookieName, value, clock.instant());
    }
  }

  private static boolean isId(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Text.isAlphanumeric(c) && c != '-' && c != '_') {
        return false;
      }
    }
    return !text.isEmpty() && text.length() <= 128;
  }

  private Headers kept(Environ environ, Session session, Loaded loaded, Headers sent) {
    session.keep();
    if (loaded.cookie == null) {
      try {
        loaded.cookie = keep(environ, session, loaded);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    if (loaded.cookie.isEmpty()) {
      return sent;
    }
    Headers more = sent.plus("Set-Cookie", loaded.cookie);
    return sent.contains("Cache-Control") ? more : more.plus("Cache-Control", "no-store");
  }

  /** Keeps the session. Returns the value of Set-Cookie, or "". */
  private String keep(Environ environ, Session session, Loaded loaded) throws IOException {
    String id = loaded.id;
    if (!session.isUsed()) {
      return "";
    }
    if (session.isEnded()) {
      if (id == null) {
        return "";
      }
      if (store != null) {
        store.delete(id);
      }
      return cookie(environ, "").withMaxAge(Duration.ZERO).header();
    }
    Instant now = clock.instant();
    Instant expires = loaded.expires;
    // A session that is in use gets a new end only when less than half of its time is left, so that
    // not every request writes it.
    boolean old = expires != null && expires.isBefore(now.plus(idle.dividedBy(2)));
    if (!session.isChanged() && !old) {
      return "";
    }
    SessionStore.Stored kept = new SessionStore.Stored(session.all(), now.plus(idle));
    if (signed != null) {
      return cookie(environ, signed.write(cookieName, kept)).header();
    }
    SessionStore known = requireNonNull(store);
    if (id != null && !session.isRenewed()) {
      known.replace(id, kept);
      return "";
    }
    if (id != null && known.load(id) == null) {
      // Another request has ended the session meanwhile, such as a logout. It must stay so.
      return "";
    }
    String fresh = newId();
    known.save(fresh, kept);
    if (id != null) {
      known.delete(id);
    }
    return cookie(environ, fresh).header();
  }

  private Cookie cookie(Environ environ, String value) {
    boolean overTls = secure == null ? environ.scheme().equals("https") : secure;
    return Cookie.of(cookieName, value).withPath(path).withSecure(overTls).withSameSite(sameSite);
  }

  private static String newId() {
    byte[] bytes = new byte[ID_BYTES];
    Random.SECURE.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * A class of its own, because SecureRandom takes milliseconds to start and most requests make no
   * id.
   */
  static final class Random {
    static final SecureRandom SECURE = new SecureRandom();

    private Random() {}
  }

  @Override
  public String toString() {
    return "Sessions[" + (store == null ? "signed" : store) + "]";
  }

  /** Options of sessions. Not thread-safe. */
  public static final class Builder {
    private final @Nullable SessionStore store;
    private final @Nullable CookieSessions signed;
    private String cookieName = "session";
    private String path = "/";
    private Duration idle = Duration.ofHours(2);
    private @Nullable Boolean secure;
    private SameSite sameSite = SameSite.LAX;
    private Clock clock = Clock.systemUTC();

    private Builder(@Nullable SessionStore store, @Nullable CookieSessions signed) {
      this.store = store;
      this.signed = signed;
    }

    /** The name of the cookie, {@code session} by default. */
    public Builder cookieName(String name) {
      Cookie.of(name, "");
      cookieName = name;
      return this;
    }

    /** The path of the cookie, {@code /} by default. */
    public Builder path(String newPath) {
      Cookie.of(cookieName, "").withPath(newPath);
      path = newPath;
      return this;
    }

    /** After how long without a request a session ends; 2 hours by default. */
    public Builder idle(Duration newIdle) {
      if (newIdle.isNegative() || newIdle.isZero()) {
        throw new IllegalArgumentException("idle time must be longer than nothing: " + newIdle);
      }
      idle = newIdle;
      return this;
    }

    /** Whether the cookie is sent over TLS alone; by default it is if the request came over TLS. */
    public Builder secure(boolean newSecure) {
      secure = newSecure;
      return this;
    }

    /** Which requests of other sites have the session; {@link SameSite#LAX} by default. */
    public Builder sameSite(SameSite newSameSite) {
      sameSite = requireNonNull(newSameSite, "sameSite");
      return this;
    }

    Builder clock(Clock newClock) {
      clock = newClock;
      return this;
    }

    /** The middleware. */
    public Sessions build() {
      return new Sessions(this);
    }
  }
}

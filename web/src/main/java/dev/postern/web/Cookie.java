package dev.postern.web;

import dev.postern.Response;
import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import dev.postern.web.internal.HttpDate;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A cookie for a client (RFC 6265bis 4.1, {@code Set-Cookie}). By default the browser keeps it
 * until the browser ends, and sends it for every path of its host. Scripts cannot read it ({@code
 * HttpOnly}), and other sites' forms do not send it ({@code SameSite=Lax}).
 *
 * <pre>{@code
 * Cookie.of("theme", "dark").withMaxAge(Duration.ofDays(365)).addTo(response)
 * }</pre>
 *
 * <p>Immutable, thread-safe.
 */
public final class Cookie {
  /** When a browser sends a cookie with requests that another site has caused. */
  public enum SameSite {
    /** Never. */
    STRICT("Strict"),
    /** Only when the user follows a link. */
    LAX("Lax"),
    /** Always; needs {@code Secure}. */
    NONE("None");

    private final String text;

    SameSite(String text) {
      this.text = text;
    }
  }

  /** A browser ignores a longer cookie (RFC 6265bis 5.6). */
  private static final int MAX_PAIR = 4096;

  private static final int MAX_ATTRIBUTE = 1024;

  private final String name;
  private final String value;
  private final @Nullable String path;
  private final @Nullable String domain;
  private final @Nullable Duration maxAge;
  private final boolean secure;
  private final boolean httpOnly;
  private final @Nullable SameSite sameSite;
  private final boolean partitioned;

  private Cookie(
      String name,
      String value,
      @Nullable String path,
      @Nullable String domain,
      @Nullable Duration maxAge,
      boolean secure,
      boolean httpOnly,
      @Nullable SameSite sameSite,
      boolean partitioned) {
    this.name = name;
    this.value = value;
    this.path = path;
    this.domain = domain;
    this.maxAge = maxAge;
    this.secure = secure;
    this.httpOnly = httpOnly;
    this.sameSite = sameSite;
    this.partitioned = partitioned;
  }

  /**
   * A cookie.
   *
   * @param name a token
   * @param value characters of US-ASCII without spaces, quotes, commas, semicolons and backslashes
   * @throws IllegalArgumentException when name or value is something else, or both together are
   *     longer than 4,096 characters
   */
  public static Cookie of(String name, String value) {
    if (!Text.isToken(name)) {
      throw new IllegalArgumentException("cookie name must be a token: " + Escapes.quote(name));
    }
    for (int i = 0; i < value.length(); i++) {
      if (!isCookieOctet(value.charAt(i))) {
        throw new IllegalArgumentException(
            "cookie value must be cookie-octets, encode others for example by base64url: " + name);
      }
    }
    if (name.length() + value.length() > MAX_PAIR) {
      throw new IllegalArgumentException("cookie must not be longer than 4096: " + name);
    }
    return new Cookie(name, value, "/", null, null, false, true, SameSite.LAX, false);
  }

  /**
   * A cookie that makes the browser forget the cookie of that name with path {@code /} and no
   * domain.
   */
  public static Cookie expired(String name) {
    return of(name, "").withMaxAge(Duration.ZERO);
  }

  /** {@code cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E}. */
  private static boolean isCookieOctet(char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\';
  }

  /**
   * The browser sends the cookie for this path and those below it; {@code /} by default. For null,
   * the browser takes the directory of the request's path.
   */
  public Cookie withPath(@Nullable String newPath) {
    return new Cookie(
        name, value, attribute(newPath), domain, maxAge, secure, httpOnly, sameSite, partitioned);
  }

  /**
   * The browser sends the cookie to this host and those below it. By default, and for null, it
   * sends the cookie to the cookie's own host alone.
   */
  public Cookie withDomain(@Nullable String newDomain) {
    return new Cookie(
        name, value, path, attribute(newDomain), maxAge, secure, httpOnly, sameSite, partitioned);
  }

  /**
   * How long the browser keeps the cookie. The cookie has this time in whole seconds, so a time
   * below one second makes the browser forget the cookie. Null, the default, keeps it until the
   * browser ends.
   */
  public Cookie withMaxAge(@Nullable Duration newMaxAge) {
    return new Cookie(
        name, value, path, domain, newMaxAge, secure, httpOnly, sameSite, partitioned);
  }

  /** Whether the browser sends the cookie over TLS alone; false by default. */
  public Cookie withSecure(boolean newSecure) {
    return new Cookie(
        name, value, path, domain, maxAge, newSecure, httpOnly, sameSite, partitioned);
  }

  /** Whether scripts of the page cannot read it; true by default. */
  public Cookie withHttpOnly(boolean newHttpOnly) {
    return new Cookie(
        name, value, path, domain, maxAge, secure, newHttpOnly, sameSite, partitioned);
  }

  /** {@link SameSite#LAX} by default; null leaves the choice to the browser. */
  public Cookie withSameSite(@Nullable SameSite newSameSite) {
    return new Cookie(
        name, value, path, domain, maxAge, secure, httpOnly, newSameSite, partitioned);
  }

  /** Whether each site that embeds this one has a cookie of its own (CHIPS); false by default. */
  public Cookie withPartitioned(boolean newPartitioned) {
    return new Cookie(
        name, value, path, domain, maxAge, secure, httpOnly, sameSite, newPartitioned);
  }

  /** {@code av-octet}: no control characters and no semicolon. */
  private static @Nullable String attribute(@Nullable String text) {
    if (text == null) {
      return null;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~' || c == ';') {
        throw new IllegalArgumentException(
            "cookie attribute must be visible US-ASCII without a semicolon: "
                + Escapes.quote(text));
      }
    }
    if (text.length() > MAX_ATTRIBUTE) {
      throw new IllegalArgumentException("cookie attribute must not be longer than 1024");
    }
    return text;
  }

  /** The name. */
  public String name() {
    return name;
  }

  /** The value. */
  public String value() {
    return value;
  }

  /** The response with this cookie; other cookies stay. */
  public Response addTo(Response response) {
    return response.plusHeader("Set-Cookie", header());
  }

  /**
   * The value of a {@code Set-Cookie} field.
   *
   * @throws IllegalStateException when browsers would ignore the cookie: the name starts with
   *     {@code __Secure-} or {@code __Host-} and the attributes are not what that prefix asks for,
   *     or {@code SameSite=None} or {@code Partitioned} comes without {@code Secure}
   */
  public String header() {
    checkPrefix("__Secure-", secure);
    checkPrefix("__Host-", secure && domain == null && "/".equals(path));
    if (!secure && (sameSite == SameSite.NONE || partitioned)) {
      throw new IllegalStateException(
          "cookie must be Secure to be SameSite=None or Partitioned: " + name);
    }
    StringBuilder header = new StringBuilder(name).append('=').append(value);
    if (maxAge != null) {
      long seconds = Math.max(0, maxAge.toSeconds());
      header.append("; Max-Age=").append(seconds);
      // For clients that know no Max-Age.
      header.append("; Expires=");
      header.append(
          HttpDate.text(seconds == 0 ? Instant.EPOCH : Instant.now().plusSeconds(seconds)));
    }
    append(header, "Path", path);
    append(header, "Domain", domain);
    header.append(secure ? "; Secure" : "").append(httpOnly ? "; HttpOnly" : "");
    append(header, "SameSite", sameSite == null ? null : sameSite.text);
    return header.append(partitioned ? "; Partitioned" : "").toString();
  }

  private void checkPrefix(String prefix, boolean kept) {
    if (!kept && name.regionMatches(true, 0, prefix, 0, prefix.length())) {
      throw new IllegalStateException(
          "cookie must have the attributes that its name asks for: " + name);
    }
  }

  private static void append(StringBuilder header, String name, @Nullable String value) {
    if (value != null) {
      header.append("; ").append(name).append('=').append(value);
    }
  }

  /** The name only: the value may be a secret. */
  @Override
  public String toString() {
    return "Cookie[" + name + "]";
  }
}

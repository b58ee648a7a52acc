package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Middleware;
import dev.postern.internal.Escapes;
import dev.postern.web.TrustedProxies;
import dev.postern.web.internal.Ascii;
import dev.postern.web.internal.Wrapped;
import org.jspecify.annotations.Nullable;

/**
 * Tells the application the prefix below which a proxy serves it, so that its links lead there. The
 * prefix goes to SCRIPT_NAME, whether or not the proxy removes it from the path.
 *
 * <p>Immutable, thread-safe.
 */
public final class Rewrite implements Middleware {
  private final @Nullable String prefix;
  private final @Nullable TrustedProxies proxies;

  private Rewrite(@Nullable String prefix, @Nullable TrustedProxies proxies) {
    this.prefix = prefix;
    this.proxies = proxies;
  }

  /**
   * A prefix that the configuration of the proxy has.
   *
   * @param prefix text that starts with a slash and does not end with one
   */
  public static Rewrite prefix(String prefix) {
    if (!isPrefix(prefix)) {
      throw new IllegalArgumentException(
          "prefix must start with a slash and not end with one: " + Escapes.quote(prefix));
    }
    return new Rewrite(prefix, null);
  }

  /**
   * The prefix that a trusted proxy says in {@code X-Forwarded-Prefix}. Put this middleware outside
   * of {@link TrustedProxies}, which changes REMOTE_ADDR.
   */
  public static Rewrite forwarded(TrustedProxies proxies) {
    return new Rewrite(null, proxies);
  }

  private static boolean isPrefix(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) == 0x7F) {
        return false;
      }
    }
    return text.length() > 1
        && text.charAt(0) == '/'
        && !text.endsWith("/")
        && !text.contains("//");
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "Rewrite",
        (inner, environ, startResponse) -> inner.call(rewritten(environ), startResponse));
  }

  private Environ rewritten(Environ environ) {
    String known = prefix;
    if (proxies != null) {
      String said =
          proxies.contains(environ.remoteAddr()) ? environ.header("X-Forwarded-Prefix") : null;
      if (said == null) {
        return environ;
      }
      String text = Ascii.utf8(said.endsWith("/") ? said.substring(0, said.length() - 1) : said);
      known = text != null && isPrefix(text) ? text : null;
    }
    if (known == null) {
      return environ;
    }
    Environ mounted = environ.mounted(known);
    if (mounted != null) {
      return mounted;
    }
    Environ copy = environ.copy();
    copy.put("SCRIPT_NAME", Ascii.bytes(known) + environ.variable("SCRIPT_NAME"));
    return copy;
  }

  @Override
  public String toString() {
    return prefix == null ? "Rewrite.forwarded()" : "Rewrite.prefix(" + prefix + ")";
  }
}

package dev.postern.web;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.internal.Escapes;
import dev.postern.internal.Hosts;
import dev.postern.internal.Text;
import dev.postern.web.internal.FieldList;
import dev.postern.web.internal.Networks;
import dev.postern.web.internal.Wrapped;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Trusts proxies in front of the server. If a request comes from one of them, the client's address,
 * the scheme and the host are taken from {@code Forwarded} (RFC 7239), else from {@code
 * X-Forwarded-For}, {@code X-Forwarded-Proto} and {@code X-Forwarded-Host}. Anybody can send these
 * headers. So they do not count in a request that comes from elsewhere.
 *
 * <pre>{@code
 * Application site = handler.with(TrustedProxies.of("10.0.0.0/8", "::1"));
 * }</pre>
 *
 * <p>The client is the last address of the list that is no trusted proxy. In {@code Forwarded}, the
 * proxy next to that client says scheme and host. Of several values of {@code X-Forwarded-Proto} or
 * {@code X-Forwarded-Host}, the last one counts.
 *
 * <p>Most proxies set headers of one kind, and pass on what the client sent of the other kind. So
 * if a request has both kinds, and they differ in the client, the scheme or the host, the answer is
 * 400. The proxy must remove the kind that it does not set. The answer is also 400 if the last
 * client of a list, which the proxy has added, cannot be read. Otherwise a client could break the
 * list on purpose, and would count as the proxy.
 *
 * <p>Immutable, thread-safe.
 */
public final class TrustedProxies implements Middleware {
  /** The values in which both kinds of headers must not differ. */
  private static final List<String> COMPARED =
      List.of("REMOTE_ADDR", "postern.url_scheme", "HTTP_HOST");

  private final Networks networks;

  private TrustedProxies(Networks networks) {
    this.networks = networks;
  }

  /**
   * Trusts these addresses and networks.
   *
   * @param networks such as {@code 127.0.0.1}, {@code 10.0.0.0/8} or {@code fd00::/8}
   * @throws IllegalArgumentException when one is no address
   */
  public static TrustedProxies of(String... networks) {
    return new TrustedProxies(Networks.of("trusted proxy", List.of(networks)));
  }

  /** Whether this is the address of a trusted proxy. */
  public boolean contains(@Nullable String address) {
    return networks.contains(address);
  }

  /**
   * A copy with what trusted proxies say about the client: REMOTE_ADDR, {@code postern.url_scheme},
   * HTTP_HOST, SERVER_NAME and SERVER_PORT, HTTPS. REMOTE_HOST becomes the same address, and
   * REMOTE_PORT, which is the proxy's, is left out. If the request comes from elsewhere, this is
   * the environ itself. A value that is no scheme or host is passed over. The addresses end before
   * a value that is no address.
   *
   * @throws HttpException with status 400 when the last client of a list is no address, {@code
   *     Forwarded} is malformed, or both kinds of headers differ
   */
  public Environ apply(Environ environ) {
    if (!contains(environ.remoteAddr())) {
      return environ;
    }
    String forwarded = environ.header("Forwarded");
    Environ copy = environ.copy();
    conventional(copy);
    if (forwarded == null) {
      return copy;
    }
    Environ standard = environ.copy();
    standard(standard, forwarded);
    if (hasConventional(environ)) {
      for (String key : COMPARED) {
        if (!Objects.equals(standard.get(key), copy.get(key))) {
          throw new HttpException(
              400, "Forwarded and X-Forwarded-* must name the same client, scheme and host");
        }
      }
    }
    return standard;
  }

  private static boolean hasConventional(Environ environ) {
    return environ.header("X-Forwarded-For") != null
        || environ.header("X-Forwarded-Proto") != null
        || environ.header("X-Forwarded-Host") != null;
  }

  private void standard(Environ copy, String forwarded) {
    if (!FieldList.isClosed(forwarded)) {
      throw unreadable("Forwarded", forwarded);
    }
    List<String> hops = FieldList.split(forwarded, ',');
    String scheme = null;
    String host = null;
    boolean last = true;
    for (int i = hops.size() - 1; i >= 0; i--) {
      Map<String, String> hop = pairs(hops.get(i));
      String client = hop == null ? null : hop.get("for");
      String address = client == null ? null : address(client);
      if (last && (hop == null || client != null && address == null)) {
        throw unreadable("Forwarded", hops.get(i));
      }
      last = false;
      if (hop != null) {
        scheme = hop.getOrDefault("proto", scheme);
        host = hop.getOrDefault("host", host);
      }
      if (address == null) {
        break;
      }
      setClient(copy, address);
      if (!contains(address)) {
        break;
      }
    }
    setScheme(copy, scheme);
    setHost(copy, host);
  }

  /**
   * {@code forwarded-pair = token "=" ( token / quoted-string )}, separated by semicolons (RFC 7239
   * 4); null when the element has something else.
   */
  private static @Nullable Map<String, String> pairs(String element) {
    Map<String, String> pairs = new HashMap<>();
    for (String pair : FieldList.split(element, ';')) {
      int equals = pair.indexOf('=');
      String value = pair.substring(equals + 1);
      if (equals <= 0 || value.indexOf('"') >= 0 && !FieldList.isQuoted(value)) {
        return null;
      }
      pairs.put(Text.lower(pair.substring(0, equals)), FieldList.unquoted(value));
    }
    return pairs;
  }

  private static HttpException unreadable(String header, String value) {
    return new HttpException(
        400, header + " of a trusted proxy must name a client: " + Escapes.quote(value));
  }

  private void conventional(Environ copy) {
    String list = copy.header("X-Forwarded-For");
    List<String> hops = values(list);
    for (int i = hops.size() - 1; i >= 0; i--) {
      String address = address(hops.get(i));
      if (address == null) {
        if (i == hops.size() - 1) {
          throw unreadable("X-Forwarded-For", hops.get(i));
        }
        break;
      }
      setClient(copy, address);
      if (!contains(address)) {
        break;
      }
    }
    setScheme(copy, last(copy.header("X-Forwarded-Proto")));
    setHost(copy, last(copy.header("X-Forwarded-Host")));
  }

  private static @Nullable String last(@Nullable String list) {
    List<String> values = values(list);
    return values.isEmpty() ? null : values.get(values.size() - 1);
  }

  /** The elements between commas, trimmed. A quote has no meaning in these headers. */
  private static List<String> values(@Nullable String list) {
    if (list == null) {
      return List.of();
    }
    List<String> values = new ArrayList<>();
    for (String part : list.split(",", -1)) {
      String value = Text.trimmed(part);
      if (!value.isEmpty()) {
        values.add(value);
      }
    }
    return values;
  }

  /** The address of a {@code node}, which may have brackets and a port; null when there is none. */
  private static @Nullable String address(String node) {
    String text = node;
    if (text.startsWith("[")) {
      int end = text.indexOf(']');
      text = end < 0 ? text : text.substring(0, end + 1);
    } else if (text.indexOf(':') >= 0 && text.indexOf(':') == text.lastIndexOf(':')) {
      text = text.substring(0, text.indexOf(':'));
    }
    return Hosts.address(text);
  }

  /** The connection's name and port are those of the proxy. */
  private static void setClient(Environ copy, String address) {
    copy.put("REMOTE_ADDR", address);
    if (copy.variable("REMOTE_HOST") != null) {
      copy.put("REMOTE_HOST", address);
    }
    copy.remove("REMOTE_PORT");
  }

  private static void setScheme(Environ copy, @Nullable String scheme) {
    if (scheme == null) {
      return;
    }
    String lower = Text.lower(scheme);
    if (lower.equals("https")) {
      copy.put("HTTPS", "on");
    } else if (lower.equals("http")) {
      copy.remove("HTTPS");
    } else {
      return;
    }
    copy.put("postern.url_scheme", lower);
    if (copy.variable("REQUEST_SCHEME") != null) {
      copy.put("REQUEST_SCHEME", lower);
    }
    // SERVER_PORT becomes the port in the client's URL. Until here it is the port that the proxy
    // uses.
    String host = copy.header("Host");
    if (host != null && Hosts.isHostField(host)) {
      copy.put("SERVER_PORT", port(copy, host));
    }
  }

  private static void setHost(Environ copy, @Nullable String host) {
    if (host == null || host.isEmpty() || !Hosts.isHostField(host)) {
      return;
    }
    copy.put("HTTP_HOST", host);
    int colon = host.lastIndexOf(':');
    copy.put(
        "SERVER_NAME",
        Hosts.serverName(colon > host.lastIndexOf(']') ? host.substring(0, colon) : host));
    copy.put("SERVER_PORT", port(copy, host));
  }

  private static String port(Environ copy, String host) {
    int colon = host.lastIndexOf(':');
    boolean port = colon > host.lastIndexOf(']') && colon < host.length() - 1;
    return port ? host.substring(colon + 1) : copy.scheme().equals("https") ? "443" : "80";
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "TrustedProxies",
        (inner, environ, startResponse) -> inner.call(apply(environ), startResponse));
  }

  @Override
  public String toString() {
    return "TrustedProxies.of(" + networks.size() + " networks)";
  }
}

package dev.postern.launcher.http;

import dev.postern.Environ;
import dev.postern.internal.Addresses;
import dev.postern.internal.Hosts;
import dev.postern.internal.Text;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a request comes from this machine's own user. Its connection must be local. A
 * local proxy may pass on the request of somebody else, and the name of a foreign page may lead to
 * this machine, so neither counts.
 *
 * <p>A request of HTTP/1.0 does not count, because nginx passes requests on so by default, without
 * a header of a proxy and with its own name for this server as Host. A local proxy that keeps
 * HTTP/1.1 and adds no header cannot be told from a user.
 *
 * <p>The peer of a Unix socket has no address, and is most often a proxy that adds no header. So it
 * does not count either.
 */
public final class OwnMachine {
  private static final List<String> OF_PROXIES =
      List.of("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via");

  private OwnMachine() {}

  /**
   * Returns whether the connection comes from a loopback address, Host is a name of this machine,
   * and neither the version nor a header tells that a proxy passed the request on.
   */
  public static boolean isFrom(Environ request) {
    return !request.protocol().equals("HTTP/1.0")
        && !isOfProxy(request)
        && isLoopback(request.remoteAddr())
        && isOwnName(request.header("Host"));
  }

  /**
   * Returns whether a program connected to a Unix socket of ours itself, and passed on nobody's
   * request.
   */
  public static boolean isFromSocket(Environ request) {
    return request.remoteAddr() == null && !isOfProxy(request);
  }

  private static boolean isOfProxy(Environ request) {
    for (String field : OF_PROXIES) {
      if (request.header(field) != null) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns whether Host is a name of this machine. A foreign page can make its own name lead here,
   * and could then read the answers.
   */
  private static boolean isOwnName(@Nullable String host) {
    if (host == null) {
      return true;
    }
    int colon = host.lastIndexOf(':');
    String name = colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
    String lower = Text.lower(name);
    return lower.equals("localhost")
        || lower.endsWith(".localhost")
        || isLoopback(Hosts.address(name));
  }

  private static boolean isLoopback(@Nullable String address) {
    byte[] bytes = address == null ? null : Addresses.parse(address);
    try {
      return bytes != null && InetAddress.getByAddress(bytes).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }
}

package dev.postern.fastcgi.client;

import dev.postern.internal.Text;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens: {@code HOST:PORT} or {@code unix:PATH}. A host name is looked up for each
 * new connection. Immutable.
 *
 * @param host null for a Unix socket
 * @param path null for TCP
 */
public record ServerAddress(@Nullable String host, int port, @Nullable Path path) {
  private static final String UNIX = "unix:";

  /**
   * The address in a text.
   *
   * @throws IllegalArgumentException when it is neither {@code HOST:PORT} nor {@code unix:PATH}
   */
  public static ServerAddress of(String text) {
    if (text.startsWith(UNIX) && text.length() > UNIX.length()) {
      return of(Path.of(text.substring(UNIX.length())));
    }
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      host = "";
    }
    long port = Text.parseLength(text.substring(colon + 1));
    if (!host.isEmpty() && port > 0 && port <= 0xFFFF) {
      return new ServerAddress(host, (int) port, null);
    }
    throw new IllegalArgumentException("address must be HOST:PORT or unix:PATH: " + text);
  }

  /** A Unix socket. */
  public static ServerAddress of(Path socket) {
    return new ServerAddress(null, 0, socket.toAbsolutePath().normalize());
  }

  /** Whether the address is certainly on this machine. */
  public boolean isLocal() {
    return path != null
        || "localhost".equals(host)
        || "127.0.0.1".equals(host)
        || "::1".equals(host);
  }

  boolean isUnix() {
    return path != null;
  }

  SocketAddress resolve() throws UnknownHostException {
    return path != null
        ? UnixDomainSocketAddress.of(path)
        : new InetSocketAddress(InetAddress.getByName(host), port);
  }

  @Override
  public String toString() {
    if (path != null) {
      return UNIX + path;
    }
    return (host != null && host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}

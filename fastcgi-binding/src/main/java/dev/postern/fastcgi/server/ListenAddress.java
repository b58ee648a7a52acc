package dev.postern.fastcgi.server;

import dev.postern.internal.Text;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a gateway listens: {@code HOST:PORT}, {@code unix:PATH}, or {@code fd:0} for the socket
 * that this process was started with.
 *
 * @param socket the address of a TCP socket, or null
 * @param path the file of a Unix socket, or null; both are null for descriptor 0
 */
public record ListenAddress(@Nullable InetSocketAddress socket, @Nullable Path path) {
  private static final String UNIX = "unix:";
  private static final int PORT_DIGITS = 5;

  /**
   * The address of that text.
   *
   * @throws IllegalArgumentException for anything else, and for a host that has no address
   */
  public static ListenAddress of(String text) {
    if (text.equals("fd:0")) {
      return new ListenAddress(null, null);
    }
    if (text.startsWith(UNIX) && text.length() > UNIX.length()) {
      return new ListenAddress(null, Path.of(text.substring(UNIX.length())).toAbsolutePath());
    }
    int colon = text.lastIndexOf(':');
    String digits = text.substring(colon + 1);
    long port = digits.length() > PORT_DIGITS ? -1 : Text.parseLength(digits);
    if (colon <= 0
        || text.startsWith(UNIX)
        || text.startsWith("fd:")
        || port < 0
        || port > 0xFFFF) {
      throw wrong(text);
    }
    InetAddress host = host(text.substring(0, colon), text);
    return new ListenAddress(new InetSocketAddress(host, (int) port), null);
  }

  private static InetAddress host(String host, String text) {
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (host.indexOf(':') >= 0 && !bracketed) {
      throw wrong(text);
    }
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("host to listen at must have an address: " + host, e);
    }
  }

  private static IllegalArgumentException wrong(String text) {
    return new IllegalArgumentException(
        "address must be HOST:PORT, unix:PATH or fd:0: \"" + text + "\"");
  }

  /** The form that {@link #of} takes. */
  @Override
  public String toString() {
    if (path != null) {
      return UNIX + path;
    }
    return socket == null ? "fd:0" : text(socket);
  }

  static String text(InetSocketAddress socket) {
    String host = socket.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + socket.getPort();
  }
}

package dev.postern.fastcgi.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The web servers that may connect (FastCGI 3.2). Without a list all may connect. With a list, a
 * peer without an IP address may not connect either.
 */
public final class Peers {
  private static final String VARIABLE = "FCGI_WEB_SERVER_ADDRS";

  private final @Nullable Set<InetAddress> allowed;

  private Peers(@Nullable Set<InetAddress> allowed) {
    this.allowed = allowed;
  }

  /** Only the peers at these addresses. */
  public static Peers of(Set<InetAddress> addresses) {
    return new Peers(Set.copyOf(addresses));
  }

  /**
   * The peers that {@code FCGI_WEB_SERVER_ADDRS} lists, with commas between the addresses; all
   * peers if the variable is absent.
   *
   * @throws IllegalArgumentException for a text that is no address, so that a mistake lets nobody
   *     in
   */
  public static Peers ofEnvironment() {
    String list = System.getenv(VARIABLE);
    if (list == null || list.isBlank()) {
      return new Peers(null);
    }
    Set<InetAddress> addresses = new LinkedHashSet<>();
    for (String address : list.split(",", -1)) {
      addresses.add(address(address.strip()));
    }
    return new Peers(addresses);
  }

  /** A literal address. No name is looked up. */
  private static InetAddress address(String text) {
    boolean literal = !text.isEmpty() && text.chars().allMatch(Peers::isOfAnAddress);
    try {
      if (literal) {
        return InetAddress.getByName(text);
      }
    } catch (IOException e) {
      // The exception below says so.
    }
    throw new IllegalArgumentException(VARIABLE + " must be a list of addresses: \"" + text + "\"");
  }

  private static boolean isOfAnAddress(int c) {
    return Character.digit(c, 16) >= 0 && c < 128 || c == '.' || c == ':';
  }

  boolean allow(SocketChannel channel) throws IOException {
    return allowed == null
        || channel.getRemoteAddress() instanceof InetSocketAddress peer
            && allowed.contains(peer.getAddress());
  }
}

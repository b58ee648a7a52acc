package dev.postern.fastcgi.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The web servers that may connect (FastCGI 3.2): all of them where there is no list. With a list,
 * a peer that has no IP address may not connect either.
 */
public final class Peers {
  private static final String VARIABLE = "FCGI_WEB_SERVER_ADDRS";

  private final @Nullable Set<InetAddress> allowed;

  private Peers(@Nullable Set<InetAddress> allowed) {
    this.allowed = allowed;
  }

  /** The peers at these addresses alone. */
  public static Peers of(Set<InetAddress> addresses) {
    return new Peers(Set.copyOf(addresses));
  }

  /**
   * What {@code FCGI_WEB_SERVER_ADDRS} says: addresses with commas between them; all peers where
   * the variable is absent.
   *
   * @throws IllegalArgumentException for a text that is no address: nobody is let in by mistake
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

  /** A literal address: no name is looked up. */
  private static InetAddress address(String text) {
    boolean literal = !text.isEmpty() && text.chars().allMatch(Peers::isOfAnAddress);
    try {
      if (literal) {
        return InetAddress.getByName(text);
      }
    } catch (IOException e) {
      // Said below.
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

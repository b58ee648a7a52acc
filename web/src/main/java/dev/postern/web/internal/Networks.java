package dev.postern.web.internal;

import dev.postern.internal.Addresses;
import dev.postern.internal.Escapes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Addresses and networks, such as {@code 127.0.0.1}, {@code 10.0.0.0/8} or {@code fd00::/8}. */
public final class Networks {
  /** An address and how many of its bits count. */
  private record Network(byte[] address, int bits) {
    boolean contains(byte[] other) {
      for (int bit = 0; bit < bits; bit += 8) {
        int mask = bits - bit >= 8 ? 0xFF : 0xFF << (8 - (bits - bit));
        if (((address[bit / 8] ^ other[bit / 8]) & mask) != 0) {
          return false;
        }
      }
      return true;
    }
  }

  private final List<Network> networks;

  private Networks(List<Network> networks) {
    this.networks = networks;
  }

  /**
   * Reads them.
   *
   * @param what the subject of the message, such as {@code trusted proxy}
   * @throws IllegalArgumentException when one is no address
   */
  public static Networks of(String what, List<String> networks) {
    List<Network> all = new ArrayList<>();
    for (String network : networks) {
      int slash = network.indexOf('/');
      byte[] address = Addresses.parse(slash < 0 ? network : network.substring(0, slash));
      boolean dotted = network.indexOf(':') < 0;
      long bits = slash < 0 ? dotted ? 32 : 128 : Ascii.number(network.substring(slash + 1));
      if (address == null || bits < 0 || bits > (dotted ? 32 : 128)) {
        throw new IllegalArgumentException(
            what + " must be an address or a network: " + Escapes.quote(network));
      }
      all.add(new Network(address, (int) bits + (dotted ? 96 : 0)));
    }
    return new Networks(List.copyOf(all));
  }

  /** Whether the address is one of them; false for a text that is no address. */
  public boolean contains(@Nullable String address) {
    byte[] bytes = address == null ? null : Addresses.parse(address);
    if (bytes == null) {
      return false;
    }
    for (Network network : networks) {
      if (network.contains(bytes)) {
        return true;
      }
    }
    return false;
  }

  /** How many there are. */
  public int size() {
    return networks.size();
  }
}

package dev.postern.servlet;

import dev.postern.internal.Addresses;
import org.jspecify.annotations.Nullable;

/**
 * The four things that make a TCP connection of this machine: both addresses and both ports. An
 * IPv4 address is held as the IPv6 address {@code ::ffff:a.b.c.d}.
 *
 * @param ports the local port in the upper half, the remote port in the lower half
 */
record Connection(int ports, long localHigh, long localLow, long remoteHigh, long remoteLow) {
  /** A connection that no table has. */
  static final Connection NONE = new Connection(0, 0, 0, 0, 0);

  /** Whether an address may be a literal. This check makes no objects. */
  static boolean mayBeLiteral(@Nullable String address) {
    if (address == null || address.isEmpty()) {
      return false;
    }
    for (int i = 0; i < address.length() && address.charAt(i) != '%'; i++) {
      if (!isOfLiteral(address.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isOfLiteral(char c) {
    return c >= '0' && c <= '9'
        || c == '.'
        || c == ':'
        || c >= 'a' && c <= 'f'
        || c >= 'A' && c <= 'F';
  }

  /**
   * The connection; null if an address is no literal or a port is no port. No table has such a
   * connection.
   */
  static @Nullable Connection of(
      @Nullable String localAddress,
      int localPort,
      @Nullable String remoteAddress,
      int remotePort) {
    byte[] local = localAddress == null ? null : Addresses.parse(localAddress);
    byte[] remote = remoteAddress == null ? null : Addresses.parse(remoteAddress);
    if (local == null || remote == null || !isPort(localPort) || !isPort(remotePort)) {
      return null;
    }
    return new Connection(
        localPort << 16 | remotePort,
        half(local, 0),
        half(local, 8),
        half(remote, 0),
        half(remote, 8));
  }

  /** Eight bytes of an address as a number. */
  private static long half(byte[] address, int from) {
    long half = 0;
    for (int i = from; i < from + 8; i++) {
      half = half << 8 | address[i] & 0xff;
    }
    return half;
  }

  private static boolean isPort(int port) {
    return port > 0 && port <= 0xffff;
  }
}

package dev.postern.servlet;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The TCP connections that the kernel knows: {@code /proc/net/tcp} and {@code tcp6} of proc(5), a
 * line for each, with {@code sl local_address rem_address st ...}. An address there is the
 * hexadecimal digits of its 32-bit words in the order of this machine, and its port.
 */
final class ConnectionTable {
  private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  /** An IPv4 client of a socket for both stands in the table of IPv6, as {@code ::ffff:a.b.c.d}. */
  private static final String MAPPED =
      LITTLE ? "0000000000000000FFFF0000" : "00000000000000000000FFFF";

  /** TCP_CLOSE: reset, and not yet forgotten. */
  private static final String CLOSED = "07";

  private final List<Path> tables;

  ConnectionTable(List<Path> tables) {
    this.tables = tables;
  }

  /** The one of this process's network. */
  static ConnectionTable ofKernel() {
    return new ConnectionTable(List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6")));
  }

  boolean isPresent() {
    return Files.isReadable(tables.get(0));
  }

  /** The keys of all connections that are not reset. */
  Set<String> connections() throws IOException {
    Set<String> keys = new HashSet<>();
    for (Path table : tables) {
      if (!Files.isReadable(table)) {
        continue;
      }
      try (BufferedReader lines = Files.newBufferedReader(table, StandardCharsets.US_ASCII)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          String key = key(line);
          if (key != null) {
            keys.add(key);
          }
        }
      }
    }
    return keys;
  }

  /** Null for the heading, and for a connection that is reset. */
  static @Nullable String key(String line) {
    String[] fields = line.trim().split(" +", 5);
    if (fields.length < 5 || fields[3].equals(CLOSED)) {
      return null;
    }
    int local = fields[1].indexOf(':');
    int remote = fields[2].indexOf(':');
    if (local < 0 || remote < 0) {
      return null;
    }
    String address = fields[2].substring(0, remote);
    if (address.startsWith(MAPPED)) {
      address = address.substring(MAPPED.length());
    }
    return fields[1].substring(local + 1) + ' ' + address + fields[2].substring(remote);
  }

  /**
   * The key of a connection to this machine; null when the address is no literal.
   *
   * @param address of the client
   */
  static @Nullable String key(int localPort, String address, int port) {
    byte[] bytes = bytes(address);
    if (bytes == null || port <= 0) {
      return null;
    }
    StringBuilder key = new StringBuilder(48);
    hex(key, localPort >> 8);
    hex(key, localPort);
    key.append(' ');
    for (int word = 0; word < bytes.length; word += 4) {
      for (int i = 0; i < 4; i++) {
        hex(key, bytes[word + (LITTLE ? 3 - i : i)]);
      }
    }
    key.append(':');
    hex(key, port >> 8);
    hex(key, port);
    return key.toString();
  }

  /** A name would be looked up, which a client must never cause. */
  private static byte @Nullable [] bytes(String address) {
    for (int i = 0; i < address.length(); i++) {
      char c = address.charAt(i);
      boolean literal = c == '.' || c == ':' || c == '%' || Character.digit(c, 16) >= 0;
      if (!literal && address.indexOf('%') < 0) {
        return null;
      }
    }
    boolean numeric = address.indexOf(':') >= 0 || address.matches("[0-9]+(\\.[0-9]+){3}");
    try {
      // Without its zone, which only this machine knows and the table does not have.
      return numeric ? InetAddress.getByName(address.replaceFirst("%.*", "")).getAddress() : null;
    } catch (IOException e) {
      return null;
    }
  }

  private static void hex(StringBuilder key, int octet) {
    key.append(Character.toUpperCase(Character.forDigit(octet >> 4 & 0xF, 16)));
    key.append(Character.toUpperCase(Character.forDigit(octet & 0xF, 16)));
  }
}

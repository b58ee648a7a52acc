package dev.postern.servlet;

import dev.postern.internal.Percent;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The TCP connections that the kernel knows: {@code /proc/net/tcp} and {@code tcp6} of proc(5), a
 * line for each, with {@code sl local_address rem_address st ...}. An address in these files
 * consists of the hexadecimal digits of its 32-bit words, in the byte order of this machine, and of
 * its port.
 *
 * <p>The files are no snapshot. The kernel writes them in pieces of a page and finds its place anew
 * for each piece. So a connection that lives can be missing when others near it come and go.
 *
 * <p>A look allocates nothing for a line. Confined to one thread.
 */
final class ConnectionTable implements ClientWatch.Table {
  private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  /** The {@code ffff} in the lower half of {@code ::ffff:a.b.c.d}. */
  private static final long MAPPED = 0x0000_ffff_0000_0000L;

  /** TCP_CLOSE: the connection was reset, and the kernel has not yet forgotten it. */
  private static final int CLOSED = 7;

  private final List<Path> tables;

  /** Several pages; no line is nearly as long. */
  private final byte[] buffer = new byte[16 * 1024];

  /** The index of the next byte of the line that is being read. */
  private int at;

  private long high;
  private long low;

  ConnectionTable(List<Path> tables) {
    this.tables = tables;
  }

  /** The table of this process's network. */
  static ConnectionTable ofKernel() {
    return new ConnectionTable(List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6")));
  }

  @Override
  public boolean isReadable() {
    return Files.isReadable(tables.get(0));
  }

  @Override
  public BitSet present(Connection[] wanted) throws IOException {
    Found found = new Found(wanted);
    for (Path table : tables) {
      try (InputStream in = new FileInputStream(table.toFile())) {
        read(in, found);
      } catch (FileNotFoundException e) {
        // A kernel without IPv6 has no second table.
        if (table.equals(tables.get(0))) {
          throw e;
        }
      }
    }
    return found.present;
  }

  private void read(InputStream in, Found found) throws IOException {
    int length = 0;
    for (int n = in.read(buffer); n > 0; n = in.read(buffer, length, buffer.length - length)) {
      length += n;
      int start = 0;
      for (int i = length - n; i < length; i++) {
        if (buffer[i] == '\n') {
          line(start, i, found);
          start = i + 1;
        }
      }
      // No table has a line that is longer than the buffer, so such a line is dropped.
      length = start == 0 && length == buffer.length ? 0 : length - start;
      System.arraycopy(buffer, start, buffer, 0, length);
    }
  }

  /** Reads one line. The heading has no address, so it is passed over. */
  private void line(int start, int end, Found found) {
    at = start;
    while (at < end && buffer[at] != ':') {
      at++;
    }
    at++;
    if (!address(end)) {
      return;
    }
    long localHigh = high;
    long localLow = low;
    int localPort = number(end);
    if (!address(end)) {
      return;
    }
    int remotePort = number(end);
    int state = number(end);
    if (localPort > 0 && remotePort > 0 && state > 0 && state != CLOSED) {
      found.note(localPort << 16 | remotePort, localHigh, localLow, high, low);
    }
  }

  /** Reads 8 or 32 digits and a colon into {@link #high} and {@link #low}. */
  private boolean address(int end) {
    skipSpaces(end);
    int words = 0;
    high = 0;
    low = 0;
    for (; at + 8 < end && words < 4 && buffer[at] != ':'; words++) {
      long word = word();
      if (word < 0) {
        return false;
      }
      high = high << 32 | low >>> 32;
      low = low << 32 | word;
    }
    if (at >= end || buffer[at++] != ':') {
      return false;
    }
    if (words == 1) {
      low |= MAPPED;
    }
    return words == 1 || words == 4;
  }

  /** The next 8 digits as 32 bits in the order of a network; -1 when they are none. */
  private long word() {
    int word = 0;
    for (int i = 0; i < 8; i++) {
      int digit = Percent.hex((char) buffer[at++]);
      if (digit < 0) {
        return -1;
      }
      word = word << 4 | digit;
    }
    return (LITTLE ? Integer.reverseBytes(word) : word) & 0xffff_ffffL;
  }

  /** The next hexadecimal number, or -1. */
  private int number(int end) {
    skipSpaces(end);
    int value = -1;
    for (int digits = 0; at < end && digits < 4; digits++, at++) {
      int digit = Percent.hex((char) buffer[at]);
      if (digit < 0) {
        break;
      }
      value = value < 0 ? digit : value << 4 | digit;
    }
    return value;
  }

  private void skipSpaces(int end) {
    while (at < end && buffer[at] == ' ') {
      at++;
    }
  }

  /** Which of the wanted connections were there. */
  private static final class Found {
    private final BitSet present = new BitSet();
    private final Connection[] wanted;

    /**
     * The ports of each wanted connection, with its index in the lower half. Sorted, because there
     * may be many.
     */
    private final long[] byPorts;

    private Found(Connection[] wanted) {
      this.wanted = wanted;
      byPorts = new long[wanted.length];
      for (int i = 0; i < wanted.length; i++) {
        byPorts[i] = (long) wanted[i].ports() << 32 | i;
      }
      Arrays.sort(byPorts);
    }

    private void note(int ports, long localHigh, long localLow, long remoteHigh, long remoteLow) {
      int i = Arrays.binarySearch(byPorts, (long) ports << 32);
      for (i = i < 0 ? -i - 1 : i; i < byPorts.length && byPorts[i] >> 32 == ports; i++) {
        int index = (int) byPorts[i];
        Connection connection = wanted[index];
        if (connection.localHigh() == localHigh
            && connection.localLow() == localLow
            && connection.remoteHigh() == remoteHigh
            && connection.remoteLow() == remoteLow) {
          present.set(index);
        }
      }
    }
  }
}

package dev.postern.fastcgi.server;

import dev.postern.internal.ClosedSocket;
import dev.postern.internal.SocketFile;
import dev.postern.internal.StaleSocket;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A listening socket that this process has made or inherited. Closing it removes the file that was
 * made for it.
 */
public final class ListenSocket implements Closeable {
  private static final int BACKLOG = 511;

  private final ServerSocketChannel channel;
  private final @Nullable SocketFile file;
  private final String address;
  private final Selector selector;
  private volatile boolean refusing;

  /**
   * How many connections may have waited when {@link #refuse} was called, and were not accepted
   * yet.
   */
  private int waiting = BACKLOG + 1;

  private ListenSocket(ServerSocketChannel channel, @Nullable SocketFile file, String address)
      throws IOException {
    this.channel = channel;
    this.file = file;
    this.address = address;
    this.selector = Selector.open();
    channel.configureBlocking(false);
    channel.register(selector, SelectionKey.OP_ACCEPT);
  }

  /**
   * Listens.
   *
   * @param mode of the file of a Unix socket
   * @throws IOException when the address cannot be used, or descriptor 0 is no listening socket
   */
  public static ListenSocket open(ListenAddress address, Set<PosixFilePermission> mode)
      throws IOException {
    Path path = address.path();
    if (path == null && address.socket() == null) {
      return inherited();
    }
    ServerSocketChannel channel =
        path == null
            ? ServerSocketChannel.open()
            : ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      if (path != null) {
        StaleSocket.remove(path);
        ClosedSocket.bind(
            path, mode, made -> channel.bind(UnixDomainSocketAddress.of(made), BACKLOG));
        return new ListenSocket(channel, SocketFile.of(path), address.toString());
      }
      channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      channel.bind(address.socket(), BACKLOG);
      return new ListenSocket(channel, null, text(channel));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** The socket that this process has as descriptor 0 (FastCGI 2.2). */
  private static ListenSocket inherited() throws IOException {
    Channel found = System.inheritedChannel();
    if (!(found instanceof ServerSocketChannel channel)) {
      String sockets = System.getenv("LISTEN_FDS");
      throw new IOException(
          "descriptor 0 must be a listening socket [F01]: "
              + (found == null ? "none" : "another")
              + (sockets == null ? "" : "; those of systemd need StandardInput=socket"));
    }
    return new ListenSocket(channel, null, "fd:0");
  }

  private static String text(ServerSocketChannel channel) throws IOException {
    SocketAddress local = channel.getLocalAddress();
    return local instanceof InetSocketAddress socket
        ? ListenAddress.text(socket)
        : "unix:" + ((UnixDomainSocketAddress) local).getPath();
  }

  /**
   * Where the socket listens, in the form of {@link ListenAddress}, with the port that the system
   * chose.
   */
  public String address() {
    return address;
  }

  /**
   * Waits for a connection. One thread calls this, again and again.
   *
   * @return null after {@link #refuse}, when all connections that came before were accepted
   */
  @Nullable SocketChannel accept() throws IOException {
    while (true) {
      // New connections may come as fast as they are accepted. Of those that waited at the end, no
      // more than the queue has are left.
      if (refusing && waiting-- == 0) {
        return null;
      }
      SocketChannel accepted = channel.accept();
      if (accepted != null) {
        return accepted;
      }
      if (refusing) {
        return null;
      }
      selector.select();
      selector.selectedKeys().clear();
    }
  }

  /**
   * Stops accepting. Connections that already wait are still accepted, and the file of a Unix
   * socket is removed.
   */
  void refuse() {
    refusing = true;
    if (file != null) {
      file.remove();
    }
    selector.wakeup();
  }

  @Override
  public void close() throws IOException {
    refuse();
    selector.close();
    channel.close();
  }
}

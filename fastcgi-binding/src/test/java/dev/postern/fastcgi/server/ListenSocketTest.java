package dev.postern.fastcgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ListenSocketTest {
  /** More than the queue of the socket has. */
  private static final int MANY = 2_000;

  private ListenSocket socket;
  private SocketAddress address;

  @BeforeEach
  void open() throws IOException {
    socket =
        ListenSocket.open(
            ListenAddress.of("127.0.0.1:0"), PosixFilePermissions.fromString("rw-------"));
    String text = socket.address();
    int port = Integer.parseInt(text.substring(text.lastIndexOf(':') + 1));
    address = new InetSocketAddress("127.0.0.1", port);
  }

  @AfterEach
  void close() throws IOException {
    socket.close();
  }

  @Test
  void refuse_leavesTheConnectionsThatWait() throws IOException {
    try (SocketChannel first = SocketChannel.open(address);
        SocketChannel second = SocketChannel.open(address)) {
      socket.refuse();
      assertThat(acceptAndClose()).isTrue();
      assertThat(acceptAndClose()).isTrue();
      assertThat(acceptAndClose()).isFalse();
    }
  }

  /** As under load, when a web server connects as fast as its connections are accepted. */
  @Test
  void refuse_endsAlthoughNewConnectionsKeepComing() throws IOException {
    socket.refuse();
    int accepted = 0;
    boolean more = true;
    while (more && accepted < MANY) {
      try (SocketChannel next = SocketChannel.open(address)) {
        more = acceptAndClose();
      }
      accepted++;
    }
    assertThat(accepted).isLessThan(MANY);
  }

  private boolean acceptAndClose() throws IOException {
    try (SocketChannel accepted = socket.accept()) {
      return accepted != null;
    }
  }
}

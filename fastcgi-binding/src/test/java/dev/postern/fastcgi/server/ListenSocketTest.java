package dev.postern.fastcgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListenSocketTest {
  /** The most bytes of a socket's path that Java takes on Linux. */
  private static final int MOST = 106;

  /** More than the queue of the socket has. */
  private static final int MANY = 2_000;

  @TempDir Path directory;

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
      assertThat(first.isConnected() && second.isConnected()).isTrue();
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
        more = next.isConnected() && acceptAndClose();
      }
      accepted++;
    }
    assertThat(accepted).isLessThan(MANY);
  }

  @Test
  void open_ofTheLongestPath_worksAndLeavesOnlyTheSocket() throws Exception {
    String name = "s.sock";
    int rest = MOST - directory.toString().length() - 2 - name.length();
    Path home = Files.createDirectory(directory.resolve("d".repeat(rest)));
    Path path = home.resolve(name);
    assertThat(path.toString()).hasSize(MOST);
    try (ListenSocket own =
            ListenSocket.open(
                ListenAddress.of("unix:" + path), PosixFilePermissions.fromString("rw-rw----"));
        SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertThat(own.address()).isEqualTo("unix:" + path);
      assertThat(client.isConnected()).isTrue();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-rw----");
      assertThat(home.toFile().list()).containsExactly(name);
    }
    assertThat(home.toFile().list()).isEmpty();
  }

  private boolean acceptAndClose() throws IOException {
    try (SocketChannel accepted = socket.accept()) {
      return accepted != null;
    }
  }
}

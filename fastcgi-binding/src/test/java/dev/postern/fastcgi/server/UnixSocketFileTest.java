package dev.postern.fastcgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketFileTest {
  /** The most bytes of a socket's path that Java takes on Linux. */
  private static final int MOST = 106;

  @TempDir Path directory;

  @Test
  void bind_ofTheLongestPath_worksAndLeavesOnlyTheSocket() throws Exception {
    String name = "s.sock";
    int rest = MOST - directory.toString().length() - 2 - name.length();
    Path home = Files.createDirectory(directory.resolve("d".repeat(rest)));
    Path path = home.resolve(name);
    assertThat(path.toString()).hasSize(MOST);
    try (ListenSocket socket =
            ListenSocket.open(
                ListenAddress.of("unix:" + path), PosixFilePermissions.fromString("rw-rw----"));
        SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertThat(socket.address()).isEqualTo("unix:" + path);
      assertThat(client.isConnected()).isTrue();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-rw----");
      assertThat(home.toFile().list()).containsExactly(name);
    }
    assertThat(home.toFile().list()).isEmpty();
  }
}

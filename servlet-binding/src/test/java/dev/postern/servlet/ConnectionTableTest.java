package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ConnectionTableTest {
  private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
  private static final String LOOPBACK = LITTLE ? "0100007F" : "7F000001";
  private static final String LOOPBACK6 =
      LITTLE ? "00000000000000000000000001000000" : "00000000000000000000000000000001";
  private static final String MAPPED =
      (LITTLE ? "0000000000000000FFFF0000" : "00000000000000000000FFFF") + LOOPBACK;

  @TempDir Path directory;

  @Test
  void key_isAsTheTableWritesIt() {
    assertThat(ConnectionTable.key(8080, "127.0.0.1", 65_535))
        .isEqualTo("1F90 " + LOOPBACK + ":FFFF");
    assertThat(ConnectionTable.key(80, "0:0:0:0:0:0:0:1", 1))
        .isEqualTo("0050 " + LOOPBACK6 + ":0001");
    assertThat(ConnectionTable.key(80, "::1%lo", 1)).isEqualTo("0050 " + LOOPBACK6 + ":0001");
  }

  @Test
  void names_areNotLookedUp() {
    assertThat(ConnectionTable.key(80, "localhost", 1)).isNull();
    assertThat(ConnectionTable.key(80, "bad.cafe", 1)).isNull();
    assertThat(ConnectionTable.key(80, "", 1)).isNull();
    assertThat(ConnectionTable.key(80, "unknown", 1)).isNull();
    assertThat(ConnectionTable.key(80, "127.0.0.1", 0)).isNull();
    assertThat(ConnectionTable.key(80, "127.0.0.1", -1)).isNull();
  }

  @Test
  void lines_areRead() throws IOException {
    Path tcp = Files.writeString(directory.resolve("tcp"), table(LOOPBACK, "01"));
    Path tcp6 = Files.writeString(directory.resolve("tcp6"), table(MAPPED, "08"));
    Path closed = Files.writeString(directory.resolve("closed"), table(LOOPBACK, "07"));
    Path none = directory.resolve("none");
    String key = ConnectionTable.key(8080, "127.0.0.1", 4660);

    assertThat(new ConnectionTable(List.of(tcp, none)).connections()).containsExactly(key);
    assertThat(new ConnectionTable(List.of(tcp6)).connections()).containsExactly(key);
    assertThat(new ConnectionTable(List.of(closed)).connections()).isEmpty();
    assertThat(new ConnectionTable(List.of(none)).isPresent()).isFalse();
    assertThat(ConnectionTable.key("nonsense")).isNull();
    assertThat(ConnectionTable.key("0: nonsense of some 01 fields more")).isNull();
  }

  private static String table(String remote, String state) {
    return "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        + "   0: "
        + LOOPBACK
        + ":1F90 "
        + remote
        + ":1234 "
        + state
        + " 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n";
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void reset_leavesTheTable_andAHalfCloseDoesNot() throws IOException {
    ConnectionTable table = ConnectionTable.ofKernel();
    assertThat(table.isPresent()).isTrue();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
        Socket accepted = server.accept()) {
      String key =
          ConnectionTable.key(
              server.getLocalPort(),
              accepted.getInetAddress().getHostAddress(),
              accepted.getPort());
      assertThat(table.connections()).contains(key);
      client.shutdownOutput();
      assertThat(accepted.getInputStream().read()).isEqualTo(-1);
      assertThat(table.connections()).contains(key);
      reset(client);
      assertThat(table.connections()).doesNotContain(key);
    }
  }

  private static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }
}

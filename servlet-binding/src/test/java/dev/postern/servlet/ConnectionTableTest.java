package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
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
  private static final String HEADING =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

  private static final Connection IPV4 = Connection.of("127.0.0.1", 8080, "127.0.0.1", 4660);
  private static final Connection IPV6 = Connection.of("0:0:0:0:0:0:0:1", 8080, "::1%lo", 4660);

  @TempDir Path directory;

  @Test
  void connection_needsLiteralsAndPorts() {
    assertThat(IPV4).isNotNull().isNotEqualTo(IPV6);
    assertThat(Connection.of("localhost", 80, "127.0.0.1", 1)).isNull();
    assertThat(Connection.of("127.0.0.1", 80, "unknown", 1)).isNull();
    assertThat(Connection.of("127.0.0.1", 80, "", 1)).isNull();
    assertThat(Connection.of(null, 80, null, 1)).isNull();
    assertThat(Connection.of("127.0.0.1", 80, "127.0.0.1", 0)).isNull();
    assertThat(Connection.of("127.0.0.1", -1, "127.0.0.1", 1)).isNull();
    assertThat(Connection.of("127.0.0.1", 80, "127.0.0.1", 65_536)).isNull();
  }

  @Test
  void line_isFoundByAllFourParts() throws IOException {
    assertThat(present(table(LOOPBACK, "1F90", LOOPBACK, "1234", "01"))).isEqualTo("{0}");
    assertThat(present(table(MAPPED, "1F90", MAPPED, "1234", "08"))).isEqualTo("{0}");
    assertThat(present(table(LOOPBACK6, "1F90", LOOPBACK6, "1234", "01"))).isEqualTo("{1}");
    assertThat(present(table(LOOPBACK, "1F91", LOOPBACK, "1234", "01"))).isEqualTo("{}");
    assertThat(present(table(LOOPBACK, "1F90", LOOPBACK, "1235", "01"))).isEqualTo("{}");
    assertThat(present(table(LOOPBACK, "1F90", "0200007F", "1234", "01"))).isEqualTo("{}");
    assertThat(present(table("0200007F", "1F90", LOOPBACK, "1234", "01"))).isEqualTo("{}");
  }

  @Test
  void closedConnection_isNotThere() throws IOException {
    assertThat(present(table(LOOPBACK, "1F90", LOOPBACK, "1234", "07"))).isEqualTo("{}");
  }

  @Test
  void equalConnections_areAllFound() throws IOException {
    Path file =
        Files.writeString(directory.resolve("t"), table(LOOPBACK, "1F90", LOOPBACK, "1234", "01"));
    ConnectionTable table = new ConnectionTable(List.of(file));
    // as of two requests of one HTTP/2 connection; the highest port is a negative number
    Connection highest = Connection.of("127.0.0.1", 65_535, "127.0.0.1", 65_535);
    assertThat(table.present(new Connection[] {IPV4, highest, IPV6, IPV4}).toString())
        .isEqualTo("{0, 3}");
  }

  @Test
  void highPorts_areFound() throws IOException {
    String line = table(LOOPBACK, "FFFE", LOOPBACK, "FFFF", "01");
    Path file = Files.writeString(directory.resolve("t"), line);
    Connection highest = Connection.of("127.0.0.1", 65_534, "127.0.0.1", 65_535);
    assertThat(
            new ConnectionTable(List.of(file)).present(new Connection[] {IPV4, highest}).toString())
        .isEqualTo("{1}");
  }

  @Test
  void nonsense_isNoConnection() throws IOException {
    String[] lines = {
      "",
      "nonsense",
      "0: nonsense of some 01 fields more",
      "0:",
      "   0: " + LOOPBACK,
      "   0: " + LOOPBACK + ":1F90",
      "   0: " + LOOPBACK + ":1F90 " + LOOPBACK + ":1234",
      "   0: " + LOOPBACK + LOOPBACK + ":1F90 " + LOOPBACK + LOOPBACK + ":1234 01 x",
      "   0: 0100007:1F90 " + LOOPBACK + ":1234 01 x",
      "x".repeat(100_000),
      ":".repeat(100_000)
    };
    assertThat(present(String.join("\n", lines) + "\n")).isEqualTo("{}");
    // and what follows is read
    String good = table(LOOPBACK, "1F90", LOOPBACK, "1234", "01");
    assertThat(present(String.join("\n", lines) + "\n" + good)).isEqualTo("{0}");
  }

  @Test
  void longTable_isReadToItsEnd() throws IOException {
    StringBuilder text = new StringBuilder(HEADING);
    for (int i = 0; i < 5_000; i++) {
      text.append(line(LOOPBACK, "0050", LOOPBACK, String.format("%04X", i + 1), "01"));
    }
    text.append(line(LOOPBACK, "1F90", LOOPBACK, "1234", "01"));
    assertThat(present(text.toString())).isEqualTo("{0}");
  }

  @Test
  void secondTable_mayBeMissing() throws IOException {
    Path tcp =
        Files.writeString(directory.resolve("t"), table(LOOPBACK, "1F90", LOOPBACK, "1234", "01"));
    Path none = directory.resolve("none");
    assertThat(new ConnectionTable(List.of(tcp, none)).present(new Connection[] {IPV4}).toString())
        .isEqualTo("{0}");
    ConnectionTable absent = new ConnectionTable(List.of(none, tcp));
    assertThat(absent.isReadable()).isFalse();
    assertThatThrownBy(() -> absent.present(new Connection[] {IPV4}))
        .isInstanceOf(IOException.class);
  }

  private String present(String text) throws IOException {
    Path file = Files.writeString(directory.resolve("table"), text);
    BitSet present = new ConnectionTable(List.of(file)).present(new Connection[] {IPV4, IPV6});
    return present.toString();
  }

  private static String table(
      String local, String localPort, String remote, String remotePort, String state) {
    return HEADING + line(local, localPort, remote, remotePort, state);
  }

  private static String line(
      String local, String localPort, String remote, String remotePort, String state) {
    return "   0: "
        + local
        + ":"
        + localPort
        + " "
        + remote
        + ":"
        + remotePort
        + " "
        + state
        + " 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n";
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void reset_leavesTheTable_andAHalfCloseDoesNot() throws IOException {
    ConnectionTable table = ConnectionTable.ofKernel();
    assertThat(table.isReadable()).isTrue();
    for (String address : List.of("127.0.0.1", "::1")) {
      try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName(address));
          Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
          Socket accepted = server.accept()) {
        Connection[] wanted = {
          Connection.of(
              accepted.getLocalAddress().getHostAddress(),
              accepted.getLocalPort(),
              accepted.getInetAddress().getHostAddress(),
              accepted.getPort())
        };
        assertThat(table.present(wanted).get(0)).isTrue();
        client.shutdownOutput();
        assertThat(accepted.getInputStream().read()).isEqualTo(-1);
        assertThat(table.present(wanted).get(0)).isTrue();
        reset(client);
        assertThat(table.present(wanted).get(0)).isFalse();
      }
    }
  }

  private static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }
}

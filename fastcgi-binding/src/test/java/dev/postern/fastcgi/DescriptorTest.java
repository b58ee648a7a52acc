package dev.postern.fastcgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.fastcgi.front.FrontServer;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F01: the socket that a process is started with; and files of Unix sockets. */
class DescriptorTest {
  @TempDir Path directory;

  /** A CGI executable, which finds a listening socket where it has its body otherwise. */
  @ParameterizedTest
  @ValueSource(strings = {"cgi", "fastcgi"})
  void f01_executableServesOnTheSocketThatItIsStartedWith(String kind) throws Exception {
    Path socket = directory.resolve("s");
    serves(
        List.of(FrontServer.program("spawn-fcgi"), "-n", "-s", socket.toString(), "--"),
        kind,
        socket);
  }

  /** As a unit of systemd with {@code StandardInput=socket} does. */
  @Test
  void f01_gatewayServesOnTheSocketOfSystemd() throws Exception {
    Path socket = directory.resolve("s");
    serves(
        List.of(FrontServer.program("systemd-socket-activate"), "--inetd", "--listen=" + socket),
        "fastcgi",
        socket);
  }

  /** Java takes over descriptor 0 alone, and systemd passes 3 without {@code --inetd}. */
  @Test
  void f01_socketAsDescriptor3_isRefusedWithTheWayOut() throws Exception {
    Path socket = directory.resolve("s");
    String systemd = FrontServer.program("systemd-socket-activate");
    Process process = start(List.of(systemd, "--listen=" + socket), "fastcgi");
    try {
      connect(process, socket).close();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(1);
      assertThat(directory.resolve("out.txt"))
          .content()
          .contains("[F01]: none; those of systemd need StandardInput=socket");
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private void serves(List<String> starter, String kind, Path socket) throws Exception {
    Process process = start(starter, kind);
    try (RawWebServer server = connect(process, socket)) {
      assertThat(server.get(1, true, "/one").answer(1).body()).isEqualTo("served /one");
      // Standard output is no response there, and standard error no crash.
      assertThat(server.get(2, true, "/print").answer(2).body()).isEqualTo("served /print");
      process.destroy();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(server.isClosed()).isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private Process start(List<String> starter, String kind) throws IOException {
    List<String> command = new ArrayList<>(starter);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx64m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(DescriptorMain.class.getName(), kind));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("out.txt").toFile())
        .start();
  }

  private RawWebServer connect(Process process, Path socket) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try {
        return RawWebServer.connect("unix:" + socket);
      } catch (IOException e) {
        String said = Files.readString(directory.resolve("out.txt"));
        assertThat(process.isAlive() && System.nanoTime() < end).as(said).isTrue();
        Thread.sleep(20);
      }
    }
  }

  @Test
  void open_withoutASocketOnDescriptor0_isRefused() {
    assertThatThrownBy(() -> FastCgiGateway.builder(DescriptorMain.APPLICATION).open())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("[F01]");
  }

  @Test
  void g07_unixSocketIsTheOwnersUnlessTold() throws IOException {
    Path socket = directory.resolve("own");
    try (FastCgiGateway gateway = open(socket, null)) {
      assertThat(gateway.address()).isEqualTo("unix:" + socket);
      assertThat(mode(socket)).isEqualTo("rw-------");
      try (RawWebServer server = RawWebServer.connect(gateway)) {
        assertThat(server.get(1, true, "/x").answer(1).body()).isEqualTo("served /x");
      }
    }
    assertThat(socket).doesNotExist();
    try (FastCgiGateway gateway = open(socket, "0660")) {
      assertThat(gateway.address()).isEqualTo("unix:" + socket);
      assertThat(mode(socket)).isEqualTo("rw-rw----");
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void unixSocket_thatIsDeadIsTakenOver() throws IOException {
    Path socket = directory.resolve("dead");
    try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      left.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(socket).exists();
    try (FastCgiGateway gateway = open(socket, null);
        RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.get(1, true, "/x").answer(1).body()).isEqualTo("served /x");
    }
  }

  @Test
  void unixSocket_thatIsInUseIsLeftAlone() throws IOException {
    Path socket = directory.resolve("used");
    try (FastCgiGateway gateway = open(socket, null)) {
      assertThatThrownBy(() -> open(socket, null)).isInstanceOf(FileAlreadyExistsException.class);
      try (RawWebServer server = RawWebServer.connect(gateway)) {
        assertThat(server.get(1, true, "/x").answer(1).body()).isEqualTo("served /x");
      }
    }
  }

  @Test
  void unixSocket_overAFileIsRefused() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "precious");
    assertThatThrownBy(() -> open(file, null)).isInstanceOf(FileAlreadyExistsException.class);
    assertThat(file).hasContent("precious");
  }

  @Test
  void unixSocket_ofAnotherGatewayIsNotRemoved() throws IOException {
    Path socket = directory.resolve("moved");
    FastCgiGateway first = open(socket, null);
    Files.move(socket, directory.resolve("away"));
    try (FastCgiGateway second = open(socket, null)) {
      first.close();
      assertThat(second.address()).isEqualTo("unix:" + socket);
      assertThat(socket).exists();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "9000",
        "unix:",
        "fd:1",
        "fd:",
        ":9000",
        "h:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:9000",
        "127.0.0.1:000001"
      })
  void listen_refusesWhatIsNoAddress(String address) {
    assertThatThrownBy(() -> FastCgiGateway.builder(DescriptorMain.APPLICATION).listen(address))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "60", "0999", "06600", "rw", "-600"})
  void socketMode_refusesWhatIsNoMode(String mode) {
    assertThatThrownBy(() -> FastCgiGateway.builder(DescriptorMain.APPLICATION).socketMode(mode))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static FastCgiGateway open(Path socket, String mode) throws IOException {
    FastCgiGateway.Builder builder =
        FastCgiGateway.builder(DescriptorMain.APPLICATION).listen("unix:" + socket);
    return (mode == null ? builder : builder.socketMode(mode)).open();
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}

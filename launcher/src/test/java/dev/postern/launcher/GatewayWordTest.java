package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.fastcgi.wire.Netstring;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code postern fcgi} and {@code postern scgi} as processes. */
class GatewayWordTest {
  @TempDir Path directory;

  @BeforeEach
  void compile() throws Exception {
    Sources.compile(directory, "Hello", Sources.HELLO);
  }

  @Test
  void scgi_servesOnAUnixSocketUntilSigterm() throws Exception {
    Path socket = directory.resolve("s");
    String listen = "unix:" + socket;
    String[] words = {
      "scgi", "--classpath", ".", "Hello", "--listen", listen, "--socket-mode", "0660"
    };
    try (Child child = Child.start(directory, Map.of(), words)) {
      assertThat(child.firstLine()).isEqualTo("postern: listening on " + listen);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-rw----");
      assertThat(ask(socket)).startsWith("Status: 200 ").endsWith("Hello from /hello\n");
      child.terminate();
      assertThat(child.exit()).as(child.errors()).isZero();
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void fcgi_servesOnAFreePortUntilSigterm() throws Exception {
    String[] words = {"fcgi", "--classpath", ".", "Hello", "--listen", "127.0.0.1:0"};
    try (Child child = Child.start(directory, Map.of(), words)) {
      assertThat(child.firstLine()).matches("postern: listening on 127\\.0\\.0\\.1:[1-9][0-9]*");
      child.terminate();
      assertThat(child.exit()).as(child.errors()).isZero();
    }
  }

  private static final String CLOSING =
      """
      import dev.postern.*;
      public final class Closing implements Responder, AutoCloseable {
        public Response respond(Environ environ) {
          return Response.of(200, Headers.of("Content-Type", "text/plain"), Body.of("open"));
        }
        public void close() {
          System.err.println("closed");
        }
      }
      """;

  @ParameterizedTest
  @ValueSource(strings = {"fcgi", "scgi"})
  void application_isClosedAfterItsGateway(String word) throws Exception {
    Sources.compile(directory, "Closing", CLOSING);
    String[] words = {word, "--classpath", ".", "Closing", "--listen", "127.0.0.1:0"};
    try (Child child = Child.start(directory, Map.of(), words)) {
      assertThat(child.firstLine()).startsWith("postern: listening on ");
      child.terminate();
      assertThat(child.exit()).as(child.errors()).isZero();
      assertThat(child.errors()).isEqualToIgnoringNewLines("closed");
    }
  }

  @Test
  void fcgi_withoutASocketOnDescriptor0_isOneLineAndExit1() throws Exception {
    String[] words = {"fcgi", "--classpath", ".", "Hello", "--listen", "fd:0"};
    try (Child child = Child.start(directory, Map.of(), words)) {
      assertThat(child.exit()).isEqualTo(1);
      assertThat(child.errors()).contains("descriptor 0").hasLineCount(1);
    }
  }

  @Test
  void fcgi_inADirectoryThatIsNotThere_saysSoInOneLine() throws Exception {
    Path missing = directory.resolve("run");
    String listen = "unix:" + missing.resolve("s");
    String[] words = {"fcgi", "--classpath", ".", "Hello", "--listen", listen};
    try (Child child = Child.start(directory, Map.of(), words)) {
      assertThat(child.exit()).isEqualTo(1);
      assertThat(child.errors())
          .contains("cannot listen at " + listen + ": directory of the socket must exist")
          .contains("\"" + missing + "\"")
          .hasLineCount(1);
    }
  }

  /** A GET request of {@code /hello} over SCGI. */
  static byte[] scgiRequest() {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("REQUEST_METHOD", "GET");
    variables.put("SCRIPT_NAME", "/hello");
    variables.put("PATH_INFO", "");
    variables.put("QUERY_STRING", "");
    variables.put("SERVER_NAME", "localhost");
    variables.put("SERVER_PORT", "80");
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
    return Netstring.encode(0, variables);
  }

  private static String ask(Path socket) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(ByteBuffer.wrap(scgiRequest()));
      byte[] answer = Channels.newInputStream(channel).readAllBytes();
      return new String(answer, StandardCharsets.UTF_8);
    }
  }
}

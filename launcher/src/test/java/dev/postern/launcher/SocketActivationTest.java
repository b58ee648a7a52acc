package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The {@code postern} script as a service of systemd, which passes sockets as descriptor 3 and
 * further ones (sd_listen_fds(3)).
 */
@Timeout(120)
class SocketActivationTest {
  /** Does what systemd does for a unit with that many sockets. */
  private static final String SYSTEMD =
      """
      import os, socket, sys
      count, owner, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
      kept = []
      for i in range(count):
          s = socket.socket(socket.AF_UNIX)
          s.bind(path + (str(i) if i else ''))
          s.listen()
          kept.append(os.dup(s.fileno()))
          os.dup2(s.fileno(), 100 + i)
      for i in range(count):
          os.dup2(100 + i, 3 + i)
          os.close(100 + i)
      os.environ['LISTEN_FDS'] = str(count)
      os.environ['LISTEN_PID'] = str(os.getpid() if owner == 'own' else os.getppid())
      os.environ['LISTEN_FDNAMES'] = ':'.join(['hello.socket'] * count)
      os.execv(sys.argv[4], sys.argv[4:])
      """;

  /** Tells what of systemd's variables an application sees. */
  private static final String TELLING =
      """
      import dev.postern.*;
      public final class Telling implements Application {
        public Body call(Environ environ, StartResponse startResponse) {
          startResponse.start(200, Headers.of("Content-Type", "text/plain; charset=utf-8"));
          return Body.of("LISTEN_FDS=" + System.getenv("LISTEN_FDS") + " LISTEN_PID="
              + System.getenv("LISTEN_PID") + " LISTEN_FDNAMES=" + System.getenv("LISTEN_FDNAMES"));
        }
      }
      """;

  private static final String NOTHING = "LISTEN_FDS=null LISTEN_PID=null LISTEN_FDNAMES=null";

  @TempDir Path directory;
  private Path script;
  private Path socket;
  private Path said;
  private Process process;

  @BeforeEach
  void copyScript() throws Exception {
    Sources.compile(directory, "Telling", TELLING);
    socket = directory.resolve("s");
    said = directory.resolve("said.txt");
    script = directory.resolve("postern");
    Files.writeString(script, Files.readString(Path.of("..", "postern")));
    assertThat(script.toFile().setExecutable(true)).isTrue();
    Files.writeString(directory.resolve("pom.xml"), "<project/>");
    Path target = Files.createDirectories(directory.resolve("launcher/target"));
    writeJar(target.resolve("postern-launcher.jar"));
    Path home = Path.of(System.getProperty("java.home")).toRealPath();
    String version = System.getProperty("java.version");
    Files.writeString(target.resolve("postern.stamp"), home + " " + version + "\n");
  }

  /** A jar that leads to this JVM's class path. */
  private static void writeJar(Path file) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> new File(entry).toURI().toString())
            .collect(Collectors.joining(" "));
    manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
    new JarOutputStream(Files.newOutputStream(file), manifest).close();
  }

  @AfterEach
  void end() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void oneSocket_isServed() throws Exception {
    start(systemd(1, "own"), "scgi", "--classpath", ".", "--listen", "fd:0", "Telling");
    assertThat(ask(GatewayWordTest.scgiRequest()))
        .startsWith("Status: 200 ")
        .endsWith("\r\n\r\n" + NOTHING);
    endInOrder();
    // It is systemd's, and the next start finds it.
    assertThat(socket).exists();
  }

  @Test
  void oneSocket_isServedOverHttp() throws Exception {
    start(systemd(1, "own"), "serve", "--classpath", ".", "--listen", "fd:0", "--app", "/=Telling");
    assertThat(
            ask(
                "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII)))
        .startsWith("HTTP/1.1 200 ")
        .endsWith("\r\n\r\n" + NOTHING);
    endInOrder();
  }

  /** The real program, as a unit without {@code StandardInput=socket} has it. */
  @Test
  void socketOfSystemdSocketActivate_isServed() throws Exception {
    List<String> starter =
        List.of(
            program("systemd-socket-activate"),
            "--setenv=JAVA_HOME=" + System.getProperty("java.home"),
            "--listen=" + socket);
    start(starter, "scgi", "--classpath", ".", "--listen", "fd:0", "Telling");
    assertThat(ask(GatewayWordTest.scgiRequest()))
        .startsWith("Status: 200 ")
        .endsWith("\r\n\r\n" + NOTHING);
    endInOrder();
  }

  @ParameterizedTest
  @ValueSource(strings = {"fcgi", "scgi", "serve"})
  void severalSockets_areRefusedInWords(String word) throws Exception {
    List<String> words = new ArrayList<>(List.of(word, "--classpath", ".", "--listen", "fd:0"));
    words.addAll(word.equals("serve") ? List.of("--app", "/=Telling") : List.of("Telling"));
    start(systemd(2, "own"), words.toArray(new String[0]));
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    assertThat(said)
        .hasContent(
            "postern: one socket can be taken over, and LISTEN_FDS is 2: use a unit for each");
  }

  /** Variables that a parent did not take away: they are of its own sockets. */
  @Test
  void socketOfAnotherProcess_isLeftAlone() throws Exception {
    start(systemd(1, "parent"), "scgi", "--classpath", ".", "--listen", "fd:0", "Telling");
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    assertThat(said).content().contains("descriptor 0 must be a listening socket").hasLineCount(1);
  }

  private List<String> systemd(int count, String owner) {
    String python = program("python3");
    return List.of(python, "-c", SYSTEMD, "" + count, owner, socket.toString());
  }

  /** A named skip where it is missing, which is a failure with POSTERN_REQUIRE_ALL=1. */
  private static String program(String name) {
    Path program = Path.of("/usr/bin", name);
    if (Files.isExecutable(program)) {
      return program.toString();
    }
    String message = name + " is not installed";
    return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
  }

  private void start(List<String> starter, String... words) throws IOException {
    List<String> command = new ArrayList<>(starter);
    command.add(script.toString());
    command.addAll(Arrays.asList(words));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile());
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    process = builder.start();
  }

  /** The socket exists before the server does, so that a request waits for it. */
  private String ask(byte[] request) throws Exception {
    try (SocketChannel channel = connect()) {
      channel.write(ByteBuffer.wrap(request));
      byte[] answer = Channels.newInputStream(channel).readAllBytes();
      return new String(answer, StandardCharsets.UTF_8);
    }
  }

  private SocketChannel connect() throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
        return channel;
      } catch (IOException e) {
        channel.close();
        assertThat(process.isAlive() && System.nanoTime() < end)
            .as(Files.readString(said))
            .isTrue();
        Thread.sleep(20);
      }
    }
  }

  private void endInOrder() throws Exception {
    process.destroy();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(said)).isZero();
  }
}

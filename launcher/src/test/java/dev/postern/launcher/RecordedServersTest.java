package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that a FastCGI or an SCGI server answers wrongly: {@code --record} keeps them, and
 * {@code postern replay} asks the server again.
 */
@Timeout(60)
class RecordedServersTest {
  @TempDir Path directory;

  private ServerSocket socket;
  private volatile String answer = "this is no head";
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeEach
  void listen() throws Exception {
    Logs.quiet();
    socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void close() throws Exception {
    socket.close();
  }

  /** One that answers with its answer, and what it was told of the request. */
  private void serve(Speaker speaker) {
    Thread thread =
        new Thread(
            () -> {
              while (!socket.isClosed()) {
                try (Socket connection = socket.accept()) {
                  speaker.answer(
                      new DataInputStream(connection.getInputStream()),
                      connection.getOutputStream());
                } catch (IOException e) {
                  // The test has ended, or the connection was closed without a request.
                }
              }
            },
            "recorded-servers");
    thread.setDaemon(true);
    thread.start();
  }

  private interface Speaker {
    void answer(DataInputStream in, OutputStream out) throws IOException;
  }

  private byte[] text(Map<String, String> variables, String body) {
    variables
        .keySet()
        .retainAll(
            List.of("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SCRIPT_FILENAME", "HTTP_X_B"));
    return (answer + "\n" + variables + body).getBytes(StandardCharsets.ISO_8859_1);
  }

  private void scgi(DataInputStream in, OutputStream out) throws IOException {
    int length = 0;
    for (int c = in.read(); c != ':'; c = in.read()) {
      length = 10 * length + c - '0';
    }
    String[] words = new String(in.readNBytes(length), StandardCharsets.ISO_8859_1).split("\0", -1);
    Map<String, String> variables = new TreeMap<>();
    for (int i = 0; i + 1 < words.length; i += 2) {
      variables.put(words[i], words[i + 1]);
    }
    in.read();
    int bytes = Integer.parseInt(variables.get("CONTENT_LENGTH"));
    String body = new String(in.readNBytes(bytes), StandardCharsets.ISO_8859_1);
    out.write(text(variables, body));
  }

  private void fastCgi(DataInputStream in, OutputStream out) throws IOException {
    ByteArrayOutputStream variables = new ByteArrayOutputStream();
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      byte[] head = in.readNBytes(8);
      if (head.length < 8) {
        return;
      }
      byte[] content = in.readNBytes((head[4] & 255) << 8 | head[5] & 255);
      in.readNBytes(head[6] & 255);
      if (head[1] == 4) {
        variables.write(content);
      } else if (head[1] == 5 && content.length > 0) {
        body.write(content);
      } else if (head[1] == 5) {
        byte[] text =
            text(pairs(variables.toByteArray()), body.toString(StandardCharsets.ISO_8859_1));
        out.write(new byte[] {1, 6, head[2], head[3], 0, (byte) text.length, 0, 0});
        out.write(text);
        out.write(new byte[] {1, 3, head[2], head[3], 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
        return;
      }
    }
  }

  private static Map<String, String> pairs(byte[] bytes) throws IOException {
    Map<String, String> pairs = new TreeMap<>();
    DataInputStream in = new DataInputStream(new java.io.ByteArrayInputStream(bytes));
    while (in.available() > 0) {
      int name = length(in);
      int value = length(in);
      pairs.put(
          new String(in.readNBytes(name), StandardCharsets.ISO_8859_1),
          new String(in.readNBytes(value), StandardCharsets.ISO_8859_1));
    }
    return pairs;
  }

  private static int length(DataInputStream in) throws IOException {
    int first = in.readUnsignedByte();
    return first < 128
        ? first
        : (first & 127) << 24
            | in.readUnsignedByte() << 16
            | in.readUnsignedByte() << 8
            | in.readUnsignedByte();
  }

  private int execute(String... words) {
    out.reset();
    err.reset();
    return PosternCommand.execute(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        words);
  }

  /** Records what the one request of this mount comes to, and replays it. */
  private Path recorded(String option, String more, String target) throws Exception {
    String mount = "/m=127.0.0.1:" + socket.getLocalPort() + more;
    Path kept = directory.resolve("kept");
    try (Served served = Served.open(option, mount, "--record", kept.toString())) {
      String request =
          "POST "
              + target
              + " HTTP/1.1\r\nHost: h\r\nX-B: c\r\nContent-Length: 4\r\n"
              + "Connection: close\r\n\r\nbody";
      assertThat(Wire.exchange(served.port(), request)).startsWith("HTTP/1.1 502 ");
    }
    try (Stream<Path> files = Files.list(kept)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      return all.get(0);
    }
  }

  private void isReplayed(Path file, String server, String seen) throws Exception {
    assertThat(Files.readString(file)).contains("\"server\": \"" + server + "\"", seen);
    assertThat(execute("replay", file.toString())).as(out + "" + err).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("by " + server + "\n")
        .contains("rule         the same: bad-name")
        .contains("output       the same ")
        .contains(seen)
        .doesNotContain("environment  differs");

    answer = "Content-Type: text/plain\n";
    assertThat(execute("replay", file.toString())).isEqualTo(1);
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("none broken now");

    socket.close();
    assertThat(execute("replay", file.toString())).isEqualTo(1);
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("HTTP/1.1 503\n");
  }

  @Test
  void scgiServer_isAskedAgain() throws Exception {
    serve(this::scgi);
    isReplayed(
        recorded("--scgi", "", "/m/x%20y?a=b"),
        "scgi 127.0.0.1:" + socket.getLocalPort(),
        "{HTTP_X_B=c, PATH_INFO=/x y, QUERY_STRING=a=b, SCRIPT_NAME=/m}body");
  }

  @Test
  void fastCgiServer_isAskedAgain() throws Exception {
    serve(this::fastCgi);
    isReplayed(
        recorded("--fcgi", "", "/m/x?a=b"),
        "fcgi 127.0.0.1:" + socket.getLocalPort(),
        "{HTTP_X_B=c, PATH_INFO=/x, QUERY_STRING=a=b, SCRIPT_NAME=/m}body");
  }

  @Test
  void fastCgiServerWithRoot_isAskedForTheSameScript() throws Exception {
    serve(this::fastCgi);
    isReplayed(
        recorded("--fcgi", ",/no/such/base", "/m/in/p.php/x?a=b"),
        "fcgi 127.0.0.1:" + socket.getLocalPort() + ",/no/such/base",
        "{HTTP_X_B=c, PATH_INFO=/x, QUERY_STRING=a=b, SCRIPT_FILENAME=/no/such/base/in/p.php, "
            + "SCRIPT_NAME=/m/in/p.php}body");
  }

  @Test
  void serverThatIsNone_isOneLine() throws Exception {
    for (String wrong : List.of("http x:1", "fcgi", "scgi nowhere", "fcgi nowhere,/a")) {
      Path file =
          Files.writeString(
              directory.resolve("x.run.yaml"),
              "postern-run: 1\nprogram: /x\nserver: \"" + wrong + "\"\nenvironment: {}\n");
      assertThat(execute("replay", file.toString())).as(wrong).isEqualTo(2);
      assertThat(err.toString(StandardCharsets.UTF_8))
          .startsWith("postern: ")
          .contains("server must ")
          .hasLineCount(1);
    }
  }
}

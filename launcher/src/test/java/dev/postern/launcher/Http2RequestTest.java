package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.launcher.http.ServerLimits;
import dev.postern.launcher.status.Board;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Heads of HTTP/2 that Jetty lets through, and their lines in the access log. */
@Timeout(60)
class Http2RequestTest {
  private static final int WHOLE = Http2Wire.END_STREAM;

  @TempDir static Path directory;
  private static final BlockingQueue<String> PATHS = new LinkedBlockingQueue<>();
  private static Path log;
  private static LogFile file;
  private static X509Certificate certificate;
  private static WebServer server;

  @BeforeAll
  static void open() throws Exception {
    Logs.quiet();
    Path pem = directory.resolve("certificate.pem");
    Path key = directory.resolve("key.pem");
    certificate = Certificates.write("localhost", pem, key);
    log = directory.resolve("access.log");
    file = LogFile.open("--access-log", log.toString());
    Application noting =
        Application.of(
            environ -> {
              PATHS.add(environ.variable("PATH_INFO") + " " + environ.variable("REQUEST_URI"));
              return Response.of(200, Headers.of());
            });
    server =
        WebServer.open(
            List.of(Listener.of(new Address(InetAddress.getByName("127.0.0.1"), 0))),
            Tls.of(pem.toString(), key.toString()),
            false,
            new AccessLog(noting, file, AccessLog.Format.COMBINED, false, new Board(), null),
            Http2RequestTest.class.getClassLoader(),
            ServerLimits.standard());
  }

  @AfterAll
  static void close() throws Exception {
    server.close();
    file.close();
  }

  /** Sends a head, waits for the response, and returns the line in the log. */
  private static String line(int flags, String... fields) throws Exception {
    int lines = Files.readAllLines(log).size();
    try (Http2Wire wire = Http2Wire.to(server.port(), Certificates.trusting(certificate))) {
      wire.head(1, flags, fields);
      for (Http2Wire.Frame frame = wire.read(); frame != null; frame = wire.read()) {
        if (frame.type() == Http2Wire.HEADERS) {
          break;
        }
      }
      // A line is written a moment after the client has the response.
      while (Files.readAllLines(log).size() == lines) {
        Thread.onSpinWait();
      }
    }
    assertThat(Files.readAllLines(log)).hasSize(lines + 1);
    return Files.readAllLines(log).get(lines);
  }

  private static String[] get(String path, String... more) {
    List<String> fields = new ArrayList<>();
    fields.addAll(List.of(":method", "GET", ":scheme", "https", ":path", path));
    fields.addAll(List.of(":authority", "localhost"));
    fields.addAll(Arrays.asList(more));
    return fields.toArray(new String[0]);
  }

  @ParameterizedTest
  @CsvSource({
    "/a b, /a b",
    "/a?b c, /a",
    "/a HTTP/1.1, /a HTTP/1.1",
    "/\u00ff, /\\xff",
    "/\u00c3, /\\xc3"
  })
  void paths_thatAreNone_are400(String path, String logged) throws Exception {
    assertThat(line(WHOLE, get(path))).contains("\"GET " + logged + " HTTP/2.0\" 400 -");
    assertThat(PATHS).isEmpty();
  }

  /** The application gets the bytes that the client sent, as with HTTP/1. */
  @Test
  void l13_pathsOfUtf8_areExact() throws Exception {
    assertThat(line(WHOLE, get("/\u00c3\u00a9?\u00c3\u00a9"))).contains(" 200 ");
    assertThat(PATHS.take()).isEqualTo("/\u00c3\u00a9 /\u00c3\u00a9?\u00c3\u00a9");
  }

  /** RFC 9113 8.2.2: such a request is malformed. */
  @ParameterizedTest
  @CsvSource({"transfer-encoding, chunked", "upgrade, h2c", "keep-alive, 5", "proxy-connection, a"})
  void fieldsOfHttp1_are400(String name, String value) throws Exception {
    assertThat(line(WHOLE, get("/", name, value))).contains("\"GET / HTTP/2.0\" 400 -");
    assertThat(PATHS).isEmpty();
  }

  /** RFC 9113 8.1.1: the stream has ended, and the body that was announced has not come. */
  @Test
  void lengthWithoutABody_is400() throws Exception {
    assertThat(line(WHOLE, get("/", "content-length", "5"))).contains(" 400 -");
    assertThat(line(WHOLE, get("/", "content-length", "0"))).contains(" 200 -");
    assertThat(PATHS.take()).isEqualTo("/ /");
    assertThat(PATHS).isEmpty();
  }

  @Test
  void requestWithoutAHost_is400() throws Exception {
    String[] none = {":method", "GET", ":scheme", "https", ":path", "/"};
    assertThat(line(WHOLE, none)).contains("\"GET / HTTP/2.0\" 400 -");
    String[] empty = {":method", "GET", ":scheme", "https", ":path", "/", ":authority", ""};
    assertThat(line(WHOLE, empty)).contains("\"GET / HTTP/2.0\" 400 -");
    String[] host = {":method", "GET", ":scheme", "https", ":path", "/", "host", "localhost"};
    assertThat(line(WHOLE, host)).contains("\"GET / HTTP/2.0\" 200 -");
    assertThat(PATHS.take()).isEqualTo("/ /");
    assertThat(PATHS).isEmpty();
  }

  @Test
  void connect_is501() throws Exception {
    assertThat(line(0, ":method", "CONNECT", ":authority", "other:443"))
        .contains("\"CONNECT - HTTP/2.0\" 501 -");
  }
}

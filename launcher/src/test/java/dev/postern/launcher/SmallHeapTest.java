package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Heads without end against a server with 64 MB of heap, as {@code -Xmx64m} of the child has it.
 */
@Timeout(100)
class SmallHeapTest {
  @TempDir Path directory;

  @Test
  void h27_headsWithoutEnd_leaveTheServerAlive() throws Exception {
    String start = "GET / HTTP/1.1\r\nHost: h\r\n";
    String fields =
        IntStream.range(0, 11_500)
            .mapToObj(i -> String.format("X%05d: b\r\n", i))
            .collect(Collectors.joining());
    String line = "X: " + "x".repeat(115_000);
    try (Child child =
        Child.start(directory, Map.of(), "serve", "--port", "0", "--cgi-dir", "/=" + directory)) {
      int port = URI.create(child.address()).getPort();
      for (int round = 0; round < 2; round++) {
        List<Wire> wires = new ArrayList<>();
        try {
          for (int i = 0; i < 160; i++) {
            Wire wire = Wire.to(port);
            wires.add(wire);
            send(wire, start + (i % 2 == 0 ? fields : line));
          }
          assertThat(get(port)).startsWith("HTTP/1.1 404 ");
        } finally {
          for (Wire wire : wires) {
            wire.close();
          }
        }
        assertThat(get(port)).startsWith("HTTP/1.1 404 ");
      }
      child.terminate();
      assertThat(child.exit()).isZero();
      assertThat(child.errors()).doesNotContain("OutOfMemory");
    }
  }

  /** One connection of HTTP/2 can have many heads. */
  @Test
  void headsOfHttp2_leaveTheServerAlive() throws Exception {
    Path pem = directory.resolve("certificate.pem");
    Path key = directory.resolve("key.pem");
    X509Certificate certificate = Certificates.write("localhost", pem, key);
    SSLContext context = Certificates.trusting(certificate);
    List<Map<String, String>> heads = List.of(fields(3200, 1), fields(250, 450), Map.of());
    String[] words = {
      "serve",
      "--port",
      "0",
      "--cgi-dir",
      "/=" + directory,
      "--tls-cert",
      "" + pem,
      "--tls-key",
      "" + key
    };
    try (Child child = Child.start(directory, Map.of(), words)) {
      URI address = URI.create(child.address().replace("127.0.0.1", "localhost"));
      for (Map<String, String> head : heads) {
        List<Http2Wire> wires = new ArrayList<>();
        try {
          for (int i = 0; i < 4; i++) {
            Http2Wire wire = Http2Wire.to(address.getPort(), context);
            wires.add(wire);
            posts(wire, head);
          }
          assertThat(status(certificate, address)).isEqualTo(404);
        } finally {
          for (Http2Wire wire : wires) {
            wire.close();
          }
        }
        assertThat(status(certificate, address)).isEqualTo(404);
      }
      child.terminate();
      assertThat(child.exit()).isZero();
      assertThat(child.errors()).doesNotContain("OutOfMemory");
    }
  }

  private static Map<String, String> fields(int count, int length) {
    Map<String, String> fields = new LinkedHashMap<>();
    IntStream.range(0, count)
        .forEach(i -> fields.put(String.format("x%05d", i), "b".repeat(length)));
    return fields;
  }

  /** Begins as many requests as one connection may have, with bodies that never come. */
  private static void posts(Http2Wire wire, Map<String, String> fields) {
    try {
      for (int stream = 1; stream < 2 * 128; stream += 2) {
        wire.post(stream, fields);
      }
    } catch (IOException e) {
      // The server has ended the connection.
    }
  }

  private static int status(X509Certificate certificate, URI address) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(address.resolve("/nothing")).build();
    return Certificates.client(certificate)
        .send(request, HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private static void send(Wire wire, String bytes) {
    try {
      wire.send(bytes);
    } catch (IOException e) {
      // Refused by now, with 503.
    }
  }

  private static String get(int port) throws IOException {
    return Wire.request(port, "GET /nothing HTTP/1.1\nHost: h");
  }
}

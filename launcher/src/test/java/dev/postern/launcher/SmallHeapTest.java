package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

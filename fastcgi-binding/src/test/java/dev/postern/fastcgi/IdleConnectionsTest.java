package dev.postern.fastcgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.fastcgi.front.GatewayMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What connections cost that a web server keeps. Each has answered a request before. */
@Timeout(120)
class IdleConnectionsTest {
  private static final int CONNECTIONS = 1000;

  @TempDir Path directory;

  @Test
  void f10_thousandIdleConnectionsAreSmall() throws Exception {
    Path socket = directory.resolve("s");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(GatewayMain.class.getName(), "a", "unix:" + socket));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("out.txt").toFile())
            .start();
    List<RawWebServer> connections = new ArrayList<>();
    try (RawWebServer first = connect(process, socket)) {
      for (int i = 0; i < 1000; i++) {
        ask(first);
      }
      connections.addAll(open(socket, 20));
      long before = resident(first);
      connections.addAll(open(socket, CONNECTIONS));
      double each = (resident(first) - before) / (double) CONNECTIONS;
      // A platform thread costs much more than a virtual one.
      assertThat(each).as("KB").isLessThan(Runtime.version().feature() >= 21 ? 20 : 200);
      for (RawWebServer one : connections) {
        ask(one);
      }
    } finally {
      process.destroyForcibly().waitFor();
      for (RawWebServer one : connections) {
        one.close();
      }
    }
  }

  private static List<RawWebServer> open(Path socket, int count) throws IOException {
    List<RawWebServer> opened = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      RawWebServer one = RawWebServer.connect("unix:" + socket);
      opened.add(one);
      ask(one);
    }
    return opened;
  }

  private static void ask(RawWebServer one) throws IOException {
    assertThat(one.get(1, true, "/quick").answer(1).body()).isEqualTo("hello\n");
  }

  private static long resident(RawWebServer one) throws IOException {
    return Long.parseLong(one.get(1, true, "/memory").answer(1).body());
  }

  private RawWebServer connect(Process process, Path socket) throws Exception {
    while (true) {
      try {
        return RawWebServer.connect("unix:" + socket);
      } catch (IOException e) {
        String said = Files.readString(directory.resolve("out.txt"));
        assertThat(process.isAlive()).as(said).isTrue();
        Thread.sleep(20);
      }
    }
  }
}

package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs that are hard to host, behind {@code postern serve} in a heap of 64 MB. */
class HostedProgramsTest {
  private static final int TEN_MB = 10 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;
  private final HttpClient client = HttpClient.newHttpClient();
  private Child child;
  private String address;

  @BeforeEach
  void serve() throws Exception {
    Path programs = Files.createDirectory(directory.resolve("programs"));
    String head = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n";
    Sources.script(programs.resolve("cat"), head + "exec cat\n");
    Sources.script(
        programs.resolve("flood"),
        "#!/bin/sh\nhead -c 2000000 /dev/zero | tr '\\0' 'e' >&2\n"
            + "printf 'Content-Type: text/plain\\n\\n'\nwc -c\n");
    Sources.script(programs.resolve("deaf"), head + "echo answered\n");
    Sources.script(programs.resolve("hanging"), "#!/bin/sh\nsleep 600 &\nsleep 600\n");
    child =
        Child.start(
            directory,
            Map.of(),
            "serve",
            "--port",
            "0",
            "--timeout",
            "1",
            "--cgi-dir",
            "/=" + programs);
    address = child.address();
  }

  @AfterEach
  void end() {
    child.close();
  }

  @Test
  void cat_echoes10MBWhileTheyAreSent() throws Exception {
    byte[] body = new byte[TEN_MB];
    new Random(7).nextBytes(body);
    URI server = URI.create(address);
    try (Socket socket = new Socket(server.getHost(), server.getPort())) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      OutputStream out = socket.getOutputStream();
      InputStream in = socket.getInputStream();
      String head =
          "POST /cat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
              + TEN_MB
              + "\r\n\r\n";
      out.write(head.getBytes(StandardCharsets.ISO_8859_1));
      out.write(body, 0, TEN_MB / 100);
      out.flush();
      // The first echo is there before the rest is sent.
      int first = in.read();
      assertThat(first).isEqualTo('H');
      Thread sender = new Thread(() -> send(out, body, TEN_MB / 100));
      sender.start();
      byte[] response = in.readAllBytes();
      sender.join();
      assertThat(unchunked(response)).isEqualTo(body);
    }
  }

  @Test
  void hardPrograms_areAnsweredRightAndLeaveNothing() throws Exception {
    round();
    int descriptors = count("fd");
    for (int i = 0; i < 3; i++) {
      round();
    }
    await(() -> children() == 0);
    await(() -> count("fd") <= descriptors);
    await(() -> pumps() == 0);
  }

  private void round() throws Exception {
    byte[] body = new byte[1 << 20];
    assertThat(post("/flood", body).body().trim()).isEqualTo("1048576");
    assertThat(post("/deaf", body).body()).isEqualTo("answered\n");
    HttpResponse<String> hanging = post("/hanging", new byte[10]);
    assertThat(hanging.statusCode()).isEqualTo(504);
    assertThat(hanging.body()).isEqualTo("504 Gateway Timeout\n");
  }

  private HttpResponse<String> post(String path, byte[] body) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(address + path))
            .timeout(PATIENCE)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static void send(OutputStream out, byte[] body, int from) {
    try {
      out.write(body, from, body.length - from);
      out.flush();
    } catch (IOException e) {
      // What came back tells.
    }
  }

  /** The body of a chunked response whose first byte was read before. */
  private static byte[] unchunked(byte[] response) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    String text = new String(response, StandardCharsets.ISO_8859_1);
    int at = text.indexOf("\r\n\r\n") + 4;
    while (true) {
      int end = text.indexOf("\r\n", at);
      int size = Integer.parseInt(text.substring(at, end), 16);
      if (size == 0) {
        return body.toByteArray();
      }
      body.write(response, end + 2, size);
      at = end + 2 + size + 2;
    }
  }

  // ---- what the server has ----

  private int count(String kind) {
    int count = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(proc(kind))) {
      for (Path entry : entries) {
        count += entry == null ? 0 : 1;
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return count;
  }

  private int pumps() {
    int pumps = 0;
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(proc("task"))) {
      for (Path task : tasks) {
        pumps += name(task).startsWith("postern-pump") ? 1 : 0;
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return pumps;
  }

  /** A thread or process that has ended meanwhile has no name. */
  private static String name(Path task) {
    try {
      return Files.readString(task.resolve("comm"));
    } catch (IOException e) {
      return "";
    }
  }

  /** Without the server that starts the programs. */
  private long children() {
    return ProcessHandle.of(child.pid())
        .orElseThrow()
        .descendants()
        .filter(process -> !name(Path.of("/proc", "" + process.pid())).startsWith("postern-start"))
        .count();
  }

  private Path proc(String kind) {
    return Path.of("/proc", Long.toString(child.pid()), kind);
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      LockSupport.parkNanos(1_000_000);
    }
  }
}

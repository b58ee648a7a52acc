package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code postern serve} as a process: what it mounts, its options, and how it stops. */
class ServeTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String ECHO =
      """
      #!/bin/sh
      printf 'Content-Type: text/plain\\n\\n'
      printf '%s|%s|%s|%s|%s|' "$SCRIPT_NAME" "$PATH_INFO" "$QUERY_STRING" "${COLOUR-unset}" \
      "${HTTP_AUTHORIZATION-unset}"
      cat
      """;

  private static final String STUCK =
      """
      import dev.postern.*;
      public final class Stuck implements Application {
        public Body call(Environ environ, StartResponse startResponse) {
          startResponse.start(200, Headers.of("Content-Type", "text/plain"));
          return Body.writing(
              out -> {
                out.write('a');
                out.flush();
                while (true) {
                  java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
                  Thread.interrupted();
                }
              });
        }
      }
      """;

  private static final String CLOSES =
      """
      import dev.postern.*;
      public final class Closes implements Responder, AutoCloseable {
        public Response respond(Environ environ) {
          return Response.of(200, Headers.of(), Body.empty());
        }
        public void close() throws Exception {
          java.nio.file.Files.createFile(java.nio.file.Path.of("closed"));
        }
      }
      """;

  @TempDir Path directory;
  private final HttpClient client = HttpClient.newHttpClient();
  private Path programs;
  private Child child;

  @BeforeEach
  void writePrograms() throws Exception {
    programs = Files.createDirectory(directory.resolve("programs"));
    Sources.script(programs.resolve("echo.sh"), ECHO);
    Sources.compile(directory.resolve("classes"), "Hello", Sources.HELLO);
  }

  @AfterEach
  void end() {
    if (child != null) {
      child.close();
    }
  }

  @Test
  void serve_mountsApplicationsProgramsAndDirectories() throws Exception {
    String address =
        serve(
            "--classpath",
            directory.resolve("classes").toString(),
            "--app",
            "/hello=Hello",
            "--app",
            "/hello/again=Hello",
            "--cgi",
            "/echo=programs/echo.sh",
            "--cgi-dir",
            "/bin=" + programs);

    assertThat(get(address + "/hello/x").body()).isEqualTo("Hello from /hello\n");
    assertThat(get(address + "/hello/again").body()).isEqualTo("Hello from /hello/again\n");
    assertThat(get(address + "/hello/again2").body()).isEqualTo("Hello from /hello\n");
    assertThat(get(address + "/echo/a/b?c=d").body()).isEqualTo("/echo|/a/b|c=d|unset|unset|");
    assertThat(get(address + "/bin/echo.sh//x").body()).isEqualTo("/bin/echo.sh|//x||unset|unset|");
    for (String path : new String[] {"/", "/hell", "/helloo", "/bin/nope.sh", "//hello"}) {
      HttpResponse<String> missing = get(address + path);
      assertThat(missing.statusCode()).as(path).isEqualTo(404);
      assertThat(missing.body()).as(path).isEqualTo("404 Not Found\n");
    }
    assertThat(get(address + "/bin").statusCode()).as("a directory").isEqualTo(403);
    HttpResponse<String> sent =
        send(HttpRequest.newBuilder(URI.create(address + "/echo")).POST(text("body")));
    assertThat(sent.body()).isEqualTo("/echo|||unset|unset|body");
    assertThat(sent.headers().firstValue("Server")).isEmpty();
    assertStopsCleanly();
  }

  @Test
  void serve_env_isAddedToTheEnvironmentOfPrograms() throws Exception {
    String address = serve("--cgi-dir", "/=programs", "--env", "COLOUR=a=b c");
    assertThat(get(address + "/echo.sh").body()).isEqualTo("/echo.sh|||a=b c|unset|");
  }

  @Test
  void serve_passAuthorization_givesItToPrograms() throws Exception {
    String address = serve("--cgi-dir", "/=programs", "--pass-authorization");
    HttpResponse<String> response =
        send(
            HttpRequest.newBuilder(URI.create(address + "/echo.sh"))
                .header("Authorization", "Basic eDp5"));
    assertThat(response.body()).isEqualTo("/echo.sh|||unset|Basic eDp5|");
  }

  @Test
  void serve_maxBody_is413BeforeTheProgramStarts() throws Exception {
    Path started = directory.resolve("started");
    Sources.script(
        programs.resolve("mark.sh"),
        "#!/bin/sh\n: >'" + started + "'\nprintf 'Status: 204\\n\\n'\n");
    String address = serve("--cgi-dir", "/=programs", "--max-body", "4");

    HttpResponse<String> refused =
        send(HttpRequest.newBuilder(URI.create(address + "/mark.sh")).POST(text("12345")));
    assertThat(refused.statusCode()).isEqualTo(413);
    assertThat(started).doesNotExist();

    HttpResponse<String> taken =
        send(HttpRequest.newBuilder(URI.create(address + "/mark.sh")).POST(text("1234")));
    assertThat(taken.statusCode()).isEqualTo(204);
    assertThat(started).exists();
  }

  @Test
  void serve_timeout_isTheTimeToTheBlankLineAndBetweenTwoReads() throws Exception {
    Sources.script(programs.resolve("mute.sh"), "#!/bin/sh\nexec sleep 600\n");
    Sources.script(
        programs.resolve("stuck.sh"),
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nfirst'\nexec sleep 600\n");
    String address = serve("--cgi-dir", "/=programs", "--timeout", "2.5");

    assertThat(get(address + "/mute.sh").statusCode()).isEqualTo(504);
    HttpResponse<InputStream> stuck =
        client.send(
            HttpRequest.newBuilder(URI.create(address + "/stuck.sh")).timeout(PATIENCE).build(),
            HttpResponse.BodyHandlers.ofInputStream());
    assertThat(stuck.statusCode()).isEqualTo(200);
    assertThat(readToTheCut(stuck.body())).isEqualTo("first");
  }

  /** Reads a body whose end must look cut: no last chunk. */
  private static String readToTheCut(InputStream body) {
    StringBuilder read = new StringBuilder();
    try (body) {
      for (int c = body.read(); c >= 0; c = body.read()) {
        read.append((char) c);
      }
    } catch (IOException cut) {
      return read.toString();
    }
    return read + " and a clean end";
  }

  @Test
  void serve_maxProcesses_isOneLimitForAllPrograms() throws Exception {
    Sources.script(
        programs.resolve("slow.sh"),
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nrunning\\n'\nexec sleep 600\n");
    String address =
        serve(
            "--cgi-dir",
            "/=programs",
            "--cgi",
            "/echo=programs/echo.sh",
            "--max-processes",
            "1",
            "--queue",
            "0.2");

    HttpResponse<InputStream> slow = stream(address + "/slow.sh");
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(slow.body(), StandardCharsets.UTF_8))) {
      assertThat(reader.readLine()).isEqualTo("running");
      HttpResponse<String> refused = get(address + "/echo");
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    }
  }

  @Test
  void serve_lint_checksApplications() throws Exception {
    Sources.compile(
        directory.resolve("classes"),
        "Shouting",
        Sources.HELLO
            .replace("Hello implements", "Shouting implements")
            .replace("\"Content-Type\"", "\"Connection\", \"close\", \"Content-Type\""));
    String classes = directory.resolve("classes").toString();
    String address =
        serve("--classpath", classes, "--app", "/a=Shouting", "--app", "/b=Hello", "--lint");
    assertThat(get(address + "/a").statusCode()).isEqualTo(500);
    assertThat(get(address + "/b").body()).isEqualTo("Hello from /b\n");
    assertThat(child.errors()).contains("hop-by-hop");
  }

  @Test
  void serve_nothingMounted_says404AndWarns() throws Exception {
    String address = serve();
    assertThat(get(address + "/").statusCode()).isEqualTo(404);
    assertThat(child.errors()).startsWith("postern: nothing is mounted").hasLineCount(1);
  }

  @Test
  void serve_bindIpv6_printsAnAddressForBrowsers() throws Exception {
    Sources.script(
        programs.resolve("addresses.sh"),
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s|%s|%s|' \"$REMOTE_ADDR\""
            + " \"$SERVER_ADDR\" \"$SERVER_NAME\"\n");
    child =
        Child.start(
            directory,
            Map.of(),
            "serve",
            "--port",
            "0",
            "--bind",
            "::1",
            "--cgi-dir",
            "/=programs");
    String first = child.firstLine();
    if (first == null) {
      // A machine without IPv6.
      assertThat(child.exit()).isEqualTo(1);
      assertThat(child.errors()).contains("cannot listen on http://[::1]:0/");
    } else {
      assertThat(first).matches("postern: listening on http://\\[::1]:[0-9]+/");
      int port = Integer.parseInt(first.replaceAll(".*:([0-9]+)/", "$1"));
      for (String[] row :
          new String[][] {
            {"[::1]:" + port, "[::1]"},
            {"[0:0:0:0:0:0:0:1]", "[::1]"},
            {"[2001:DB8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]"},
            {"EXAMPLE.org", "example.org"},
          }) {
        assertThat(ipv6(port, "GET /addresses.sh HTTP/1.1\r\nHost: " + row[0]))
            .startsWith("HTTP/1.1 200 ")
            .contains("::1|::1|" + row[1] + "|");
      }
    }
  }

  private static String ipv6(int port, String head) throws IOException {
    try (Socket socket = new Socket("::1", port)) {
      byte[] request = (head + "\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
      socket.getOutputStream().write(request);
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  @Test
  void sigterm_requestInFlight_getsItsMoment() throws Exception {
    Path go = directory.resolve("go");
    Sources.script(
        programs.resolve("waits.sh"),
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nfirst\\n'\n"
            + ("while [ ! -e '" + go + "' ]; do sleep 0.02; done\necho last\n"));
    String address = serve("--cgi-dir", "/=programs");

    HttpResponse<InputStream> response = stream(address + "/waits.sh");
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      assertThat(reader.readLine()).isEqualTo("first");
      child.terminate();
      Files.createFile(go);
      assertThat(reader.readLine()).isEqualTo("last");
      assertThat(reader.readLine()).isNull();
    }
    assertThat(child.exit()).isZero();
  }

  @Test
  void sigterm_manyRequestsInFlight_leavesNothing() throws Exception {
    Path pids = directory.resolve("pids");
    String record = "#!/bin/sh\necho $$ >>'" + pids + "'\n";
    String head = "printf 'Content-Type: text/plain\\n\\n'\n";
    Sources.script(programs.resolve("silent.sh"), record + "exec sleep 600\n");
    Sources.script(programs.resolve("deaf.sh"), record + "trap '' TERM\nsleep 600\nsleep 600\n");
    Sources.script(programs.resolve("endless.sh"), record + head + "exec yes\n");
    Sources.script(
        programs.resolve("family.sh"), record + "sleep 600 &\necho $! >>'" + pids + "'\nwait\n");
    String address = serve("--cgi-dir", "/=" + programs, "--max-processes", "16");
    List<CompletableFuture<?>> flying = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      String name = List.of("silent", "deaf", "endless", "family").get(i % 4);
      URI uri = URI.create(address + "/" + name + ".sh");
      flying.add(
          client.sendAsync(
              HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding()));
    }
    long start = System.nanoTime();
    while (!Files.exists(pids) || Files.readAllLines(pids).size() < 15) {
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);
      LockSupport.parkNanos(1_000_000);
    }

    assertStopsCleanly();

    for (String pid : Files.readAllLines(pids)) {
      assertThat(ProcessHandle.of(Long.parseLong(pid)).map(ProcessHandle::isAlive).orElse(false))
          .as(pid)
          .isFalse();
    }
    for (CompletableFuture<?> request : flying) {
      // Each client was answered or cut off, and none is left waiting.
      request.handle((response, failure) -> true).get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void sigterm_programThatNeverEnds_isEnded() throws Exception {
    Path pid = directory.resolve("pid");
    Sources.script(
        programs.resolve("endless.sh"),
        "#!/bin/sh\necho $$ >'"
            + pid
            + "'\nprintf 'Content-Type: text/plain\\n\\nrunning\\n'\n"
            + "exec sleep 600\n");
    String address = serve("--cgi-dir", "/=programs");

    HttpResponse<InputStream> response = stream(address + "/endless.sh");
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      assertThat(reader.readLine()).isEqualTo("running");
      ProcessHandle program =
          ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
      CompletableFuture<ProcessHandle> ended = program.onExit();
      child.terminate();
      assertThat(child.exit()).isZero();
      ended.get(60, TimeUnit.SECONDS);
    }
  }

  /** One request hangs for ever, and reacts to no interrupt. */
  @Test
  void sigterm_requestThatNeverEnds_stillClosesTheApplications() throws Exception {
    Path classes = directory.resolve("classes");
    Sources.compile(classes, "Stuck", STUCK);
    Sources.compile(classes, "Closes", CLOSES);
    String address =
        serve("--classpath", classes.toString(), "--app", "/a=Stuck", "--app", "/b=Closes");
    try (Wire wire = Wire.to(URI.create(address).getPort())) {
      wire.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(wire.readHead()).startsWith("HTTP/1.1 200 ");
      assertStopsCleanly();
    }
    assertThat(directory.resolve("closed")).exists();
    assertThat(child.errors())
        .contains("postern: applications are closed although requests still run: 1\n");
  }

  private String serve(String... options) throws Exception {
    String[] args = new String[options.length + 3];
    args[0] = "serve";
    args[1] = "--port";
    args[2] = "0";
    System.arraycopy(options, 0, args, 3, options.length);
    child = Child.start(directory, Map.of(), args);
    return child.address();
  }

  private void assertStopsCleanly() throws Exception {
    child.terminate();
    assertThat(child.exit()).as(child.errors()).isZero();
  }

  private HttpResponse<String> get(String url) throws Exception {
    return send(HttpRequest.newBuilder(URI.create(url)));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(
        request.timeout(PATIENCE).build(),
        HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
  }

  private HttpResponse<InputStream> stream(String url) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE).build(),
        HttpResponse.BodyHandlers.ofInputStream());
  }

  private static HttpRequest.BodyPublisher text(String body) {
    return HttpRequest.BodyPublishers.ofString(body);
  }
}

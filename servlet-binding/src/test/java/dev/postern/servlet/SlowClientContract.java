package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.ProcessLimit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Clients that stop in the middle of a request or of its response, but stay connected. */
@EnabledOnOs(OS.LINUX)
abstract class SlowClientContract extends ContainerContract {
  /** A container's, here; of the program's own none is near. */
  private static final Duration SHORT = Duration.ofSeconds(1);

  private static final Duration LONG = Duration.ofMinutes(10);

  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";

  private final ProcessLimit limit = ProcessLimit.of(1);
  private final List<CgiRun> runs = new CopyOnWriteArrayList<>();

  @TempDir Path directory;

  SlowClientContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  // ---- a client that takes nothing ----

  @Test
  void attackF09_stalledDownload_letsAShortProgramEnd() throws Exception {
    int port = serve(LONG, HEAD, "head -c 65536 /dev/zero", "echo $$ >" + pid());
    try (RawClient client = new RawClient(port, 4 * 1024)) {
      client.send(RawClient.request("GET", "/p"));
      awaitEnd(awaitPid());
      RawResponse response = client.response("GET");
      assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
      assertThat(response.body()).hasSize(64 * 1024);
    }
  }

  /** The host reads ahead of a slow client, up to an eighth of {@code maxSpool}: 64 MiB. */
  @Test
  void attackF09_stalledDownload_endsALongProgram() throws Exception {
    int length = 256 << 20;
    int port = serve(SHORT, "echo $$ >" + pid(), HEAD, "exec head -c " + length + " /dev/zero");
    try (RawClient client = new RawClient(port, 4 * 1024)) {
      client.send(RawClient.request("GET", "/p"));
      awaitEnd(awaitPid());
      awaitRuns(1);
      assertThat(runs.get(0).status()).isEqualTo(200);
      assertThat(runs.get(0).failure()).isNotNull();
      assertThat(runs.get(0).bytesOut()).isLessThan(length);
    }
  }

  /** The control: it is the client's time-out, and not the program's. */
  @Test
  void attackF09_silentProgram_isNoStalledDownload() throws Exception {
    int port = serve(SHORT, "sleep 1.5", HEAD, "sleep 1.5", "printf all");
    assertThat(RawClient.get(port, "/p").text()).isEqualTo("all");
  }

  // ---- a client that sends nothing ----

  @Test
  void attackF08_silentUpload_startsNoProgram() throws Exception {
    int port = serve(SHORT, "echo $$ >" + pid(), HEAD, "cat");
    try (RawClient whole = new RawClient(port);
        RawClient spooled = new RawClient(port)) {
      whole.send(RawClient.request("POST", "/p", "Content-Length: 60000")).send("x");
      spooled.send(RawClient.request("POST", "/p", "Transfer-Encoding: chunked"));
      spooled.sendChunk(new byte[] {'x'});
      assertGivenUp(whole);
      assertGivenUp(spooled);
    }
    awaitRuns(2);
    assertTooSlow();
    assertThat(runs).extracting(CgiRun::startTime).containsOnlyNulls();
    assertThat(pid()).doesNotExist();
  }

  /** Longer than what is held in memory: its program has started, and waits for the rest. */
  @Test
  void attackF08_silentStreamedUpload_endsItsProgram() throws Exception {
    int port = serve(SHORT, "echo $$ >" + pid(), "cat >/dev/null", HEAD);
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("POST", "/p", "Content-Length: 100000")).send("x");
      long program = awaitPid();
      assertGivenUp(client);
      awaitEnd(program);
    }
    awaitRuns(1);
    assertTooSlow();
  }

  @Test
  void attackF08_slowUpload_startsNoProgramBeforeItsEnd() throws Exception {
    int port = serve(LONG, "echo $$ >" + pid(), HEAD, "cat");
    String body = "x".repeat(1024);
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("POST", "/p", "Content-Length: 1024"));
      client.send(body.substring(10));
      for (int i = 0; i < 10; i++) {
        TimeUnit.MILLISECONDS.sleep(100);
        assertThat(pid()).doesNotExist();
        assertThat(limit.available()).isEqualTo(1);
        client.send("x");
      }
      assertThat(client.response("POST").text()).isEqualTo(body);
    }
  }

  /** By its status, but Undertow closes the connection before anything could be said. */
  private void assertGivenUp(RawClient client) throws IOException {
    if (server == Server.UNDERTOW) {
      assertThat(client.isClosed()).isTrue();
    } else {
      assertThat(client.head("POST").status()).isEqualTo(408);
    }
  }

  private void assertTooSlow() {
    assertThat(runs).extracting(CgiRun::failure).doesNotContainNull();
    if (server != Server.UNDERTOW) {
      assertThat(runs).extracting(CgiRun::status).containsOnly(408);
      assertThat(runs).extracting(CgiRun::rule).containsOnly("body-timeout");
    }
  }

  /** All have been told, each once, and hold no place. */
  private void awaitRuns(int count) throws Exception {
    await(() -> runs.size() >= count);
    assertThat(limit.available()).isEqualTo(1);
    stop();
    assertThat(runs).hasSize(count);
  }

  private Path pid() {
    return directory.resolve("pid");
  }

  private int serve(Duration clientTimeout, String... lines) throws Exception {
    CgiApplication application =
        CgiApplication.builder(script("program", lines))
            .headerTimeout(LONG)
            .idleTimeout(LONG)
            .limit(limit)
            .onRun(runs::add)
            .build();
    CgiApplication warm = CgiApplication.of(script("warm", HEAD));
    int port =
        start(
            Deployment.at("")
                .application(application, "/p")
                .application(warm, "/warm")
                .withClientTimeout(clientTimeout));
    await(() -> isAnswered(port));
    return port;
  }

  private Path script(String name, String... lines) throws IOException {
    Path program = directory.resolve(name);
    Files.writeString(program, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return program;
  }

  /** The first request loads classes, which may take longer than a client has. */
  private static boolean isAnswered(int port) {
    try {
      return RawClient.get(port, "/warm").status() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private long awaitPid() throws IOException {
    await(() -> Files.exists(pid()) && text(pid()).endsWith("\n"));
    return Long.parseLong(text(pid()).trim());
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void awaitEnd(long program) {
    await(() -> !ProcessHandle.of(program).map(ProcessHandle::isAlive).orElse(false));
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      LockSupport.parkNanos(1_000_000);
    }
  }
}

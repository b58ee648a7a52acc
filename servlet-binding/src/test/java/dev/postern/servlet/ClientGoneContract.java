package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.CgiApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Clients that go away while a program says nothing. */
@EnabledOnOs(OS.LINUX)
abstract class ClientGoneContract extends ContainerContract {
  /** Ten times what is promised; without a watch the program would last longer. */
  private static final Duration NOTICED = Duration.ofSeconds(50);

  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  @TempDir Path directory;

  ClientGoneContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  @Test
  void attackE09_r18_reset_endsASilentProgram() throws Exception {
    int port = serve("sleep 1", "echo $$ >" + pid(), "exec sleep 987");
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/p"));
      long program = awaitPid();
      client.reset();
      awaitEnd(program);
    }
  }

  /** As soon as the connection was looked up: that is within a tenth of a second. */
  @Test
  void attackE09_r18_earlyReset_endsASilentProgram() throws Exception {
    int port = serve("sleep 0.3", "echo $$ >" + pid(), "exec sleep 987");
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/p"));
      long program = awaitPid();
      client.reset();
      awaitEnd(program);
    }
  }

  @Test
  void attackE09_r18_resetAfterTheHead_endsASilentProgram() throws Exception {
    int port =
        serve(
            "printf 'Content-Type: text/plain\\n\\nsome'",
            "sleep 2",
            "echo $$ >" + pid(),
            "exec sleep 987");
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/p"));
      assertThat(client.head("GET").status()).isEqualTo(200);
      long program = awaitPid();
      client.reset();
      awaitEnd(program);
    }
  }

  @Test
  void attackF30_endOfTheClientsSide_isNoAbort() throws Exception {
    int port = serve("printf 'Content-Type: text/plain\\n\\n'", "sleep 2", "printf all");
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/p"));
      client.endOutput();
      RawResponse response = client.response("GET");
      assertThat(response.status()).isEqualTo(200);
      assertThat(response.text()).isEqualTo("all");
    }
  }

  private Path pid() {
    return directory.resolve("pid");
  }

  private int serve(String... lines) throws Exception {
    Path program = directory.resolve("program");
    Files.writeString(program, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    CgiApplication application =
        CgiApplication.builder(program).headerTimeout(TIMEOUT).idleTimeout(TIMEOUT).build();
    return start(Deployment.at("").application(application, "/p"));
  }

  private long awaitPid() throws IOException {
    long start = System.nanoTime();
    while (!Files.exists(pid()) || !Files.readString(pid()).endsWith("\n")) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      LockSupport.parkNanos(1_000_000);
    }
    return Long.parseLong(Files.readString(pid()).trim());
  }

  private static void awaitEnd(long program) {
    long start = System.nanoTime();
    while (ProcessHandle.of(program).map(ProcessHandle::isAlive).orElse(false)) {
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(NOTICED);
      LockSupport.parkNanos(1_000_000);
    }
  }
}

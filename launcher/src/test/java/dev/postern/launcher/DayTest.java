package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A day in the life of a server: it starts, is reloaded under load, its logs are rotated, its file
 * is broken and mended, and it is stopped while requests run. No request is lost.
 */
@Timeout(180)
class DayTest {
  private static final String SITE =
      """
      access-log: access.log
      error-log: error.log
      mounts:
        /:
          cgi: show.sh
          environment: {VERSION: "NUMBER"}
        /slow:
          cgi: slow.sh
      """;

  @TempDir Path directory;

  private final AtomicInteger answered = new AtomicInteger();

  private void write(String version) throws Exception {
    // In one step, as editors and deployments do it.
    Path next = directory.resolve("next.yaml");
    Files.writeString(next, SITE.replace("NUMBER", version));
    Files.move(
        next,
        directory.resolve("site.yaml"),
        java.nio.file.StandardCopyOption.ATOMIC_MOVE,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  private static void signal(Child child, String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(child.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long start = System.nanoTime();
    while (!condition.call()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      LockSupport.parkNanos(5_000_000);
    }
  }

  private boolean logHas(String text) throws Exception {
    Path log = directory.resolve("error.log");
    return Files.exists(log) && Files.readString(log).contains(text);
  }

  /** The file is a FIFO, so that the server waits in the middle of its start. */
  @Test
  void signalsDuringTheStart_areHandledAfterIt() throws Exception {
    Path fifo = directory.resolve("fifo.yaml");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    try (Child child =
        Child.start(directory, Map.of(), "serve", "--config", fifo.toString(), "--port", "0")) {
      CompletableFuture.runAsync(() -> feed(fifo, child, "HUP", "USR1")).get(60, TimeUnit.SECONDS);
      assertThat(child.firstLine()).as(child.errors()).startsWith("postern: listening on ");
      CompletableFuture.runAsync(() -> feed(fifo, child)).get(60, TimeUnit.SECONDS);
      await(() -> child.errors().contains("the configuration was read again"));
      child.terminate();
      assertThat(child.exit()).isZero();
    }
  }

  /** Waits until the server reads the FIFO, sends the signals, and only then writes. */
  private static void feed(Path fifo, Child child, String... signals) {
    try (OutputStream out = Files.newOutputStream(fifo)) {
      for (String name : signals) {
        signal(child, name);
      }
      out.write("# no mounts\n".getBytes(StandardCharsets.UTF_8));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void server_losesNoRequest() throws Exception {
    Sources.script(
        directory.resolve("show.sh"),
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nversion %s' \"$VERSION\"\n");
    Sources.script(
        directory.resolve("slow.sh"),
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nbegun\\n'\nsleep 1.5\nprintf 'ended'\n");
    write("1");
    ExecutorService clients = Executors.newFixedThreadPool(5);
    AtomicBoolean day = new AtomicBoolean(true);
    try (Child child =
        Child.start(directory, Map.of(), "serve", "--config", "site.yaml", "--port", "0")) {
      int port = URI.create(child.address()).getPort();
      List<Future<Void>> load = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        load.add(clients.submit(() -> ask(port, day)));
      }
      await(() -> answered.get() > 10);

      write("2");
      signal(child, "HUP");
      await(() -> logHas("the configuration was read again"));
      await(() -> get(port, "/").endsWith("version 2"));

      Files.move(directory.resolve("access.log"), directory.resolve("access.log.1"));
      signal(child, "USR1");
      await(() -> Files.exists(directory.resolve("access.log")));
      await(() -> Files.size(directory.resolve("access.log")) > 0);

      Files.writeString(directory.resolve("site.yaml"), "mounts: {/: {cgi: nowhere}}\n");
      signal(child, "HUP");
      await(() -> logHas("the old configuration stays: "));
      assertThat(get(port, "/")).endsWith("version 2");
      assertThat(Files.readString(directory.resolve("error.log")))
          .contains("site.yaml:1: cgi: PROGRAM of --cgi must exist");

      write("3");
      signal(child, "HUP");
      await(() -> get(port, "/").endsWith("version 3"));
      day.set(false);
      for (Future<Void> each : load) {
        each.get(60, TimeUnit.SECONDS);
      }

      Wire slow = Wire.to(port);
      slow.send("GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      assertThat(slow.readHead()).startsWith("HTTP/1.1 200 ");
      child.terminate();
      assertThat(slow.readAll()).contains("begun\n").contains("ended").endsWith("0\r\n\r\n");
      slow.close();
      assertThat(child.exit()).isZero();
      assertThat(lines("access.log.1") + lines("access.log"))
          .as("a line for each request")
          .isGreaterThanOrEqualTo(answered.get());
    } finally {
      day.set(false);
      clients.shutdownNow();
    }
  }

  /** Each script works on for a minute after its answer, and its group waits 15 s for that. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void server_stopsInTime_whileScriptsWorkOn(boolean reloaded) throws Exception {
    Sources.script(
        Files.createDirectory(directory.resolve("cgi")).resolve("stay.pl"),
        """
        #!/usr/bin/perl
        print "Content-Type: text/plain\\n\\n$$ ", getppid(), " .";
        if ($ENV{QUERY_STRING} eq 'stay') { close STDOUT; sleep 60; }
        """);
    Files.writeString(
        directory.resolve("site.yaml"),
        """
        error-log: error.log
        worker: {one: "mode:fork", two: "mode:fork"}
        mounts:
          /one: {cgi-dir: cgi, delegate: {"/one/*": one}}
          /two: {cgi-dir: cgi, delegate: {"/two/*": two}}
        """);
    // The parent of a program that is not warm is then the JVM.
    Map<String, String> onlyWarm = Map.of("JAVA_TOOL_OPTIONS", "-Ddev.postern.startServer=false");
    List<ProcessHandle> scripts = new ArrayList<>();
    try (Child child =
        Child.start(directory, onlyWarm, "serve", "--config", "site.yaml", "--port", "0")) {
      int port = URI.create(child.address()).getPort();
      for (String mount : List.of("/one", "/two")) {
        String path = mount + "/stay.pl";
        await(() -> !get(port, path).endsWith(" " + child.pid() + " ."));
        String[] ids = get(port, path + "?stay").split("\r\n\r\n")[1].split(" ");
        scripts.add(ProcessHandle.of(Long.parseLong(ids[0])).orElseThrow());
      }
      long start = System.nanoTime();
      if (reloaded) {
        signal(child, "HUP");
        await(() -> logHas("the configuration was read again"));
      }
      child.terminate();

      assertThat(child.exit()).isZero();
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(14));
    } finally {
      scripts.forEach(ProcessHandle::destroyForcibly);
    }
  }

  /** Its constructor runs until a file is there. */
  private static final String SLOW =
      """
      import dev.postern.*;
      import java.nio.file.*;
      public final class Slow implements Responder {
        public Slow() throws Exception {
          Files.writeString(Path.of("begun"), "");
          while (!Files.exists(Path.of("go"))) {
            Thread.sleep(5);
          }
        }
        public Response respond(Environ environ) {
          return Response.of(200, Headers.of("Content-Type", "text/plain"), Body.of("slow"));
        }
      }
      """;

  @Test
  void signalBeforeTheServerListens_countsOnceItDoes() throws Exception {
    Sources.compile(directory, "Slow", SLOW);
    Files.writeString(
        directory.resolve("site.yaml"),
        "error-log: error.log\nclasspath: .\nmounts: {/: {app: Slow}}\n");
    try (Child child =
        Child.start(directory, Map.of(), "serve", "--config", "site.yaml", "--port", "0")) {
      await(() -> Files.exists(directory.resolve("begun")));
      signal(child, "HUP");
      Files.createFile(directory.resolve("go"));

      child.address();
      await(() -> logHas("the configuration was read again"));
      child.terminate();
      assertThat(child.exit()).isZero();
    }
  }

  @Test
  void signalBeforeAGatewayListens_stopsItOnceItDoes() throws Exception {
    Sources.compile(directory, "Slow", SLOW);
    String[] words = {"scgi", "--classpath", ".", "Slow", "--listen", "127.0.0.1:0"};
    try (Child child = Child.start(directory, Map.of(), words)) {
      await(() -> Files.exists(directory.resolve("begun")));
      child.terminate();
      Files.createFile(directory.resolve("go"));

      assertThat(child.exit()).isZero();
    }
  }

  private long lines(String log) throws Exception {
    return Files.readString(directory.resolve(log)).lines().count();
  }

  private static String get(int port, String path) throws Exception {
    return Wire.request(port, "GET " + path + " HTTP/1.0\nHost: localhost");
  }

  /** Each request has its whole answer, of one version or another. */
  private Void ask(int port, AtomicBoolean day) throws Exception {
    while (day.get()) {
      assertThat(get(port, "/")).startsWith("HTTP/1.1 200 ").containsPattern("version [123]$");
      answered.incrementAndGet();
    }
    return null;
  }
}

package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.fastcgi.front.FrontServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a killed JVM leaves of the servers that it has started. */
@Timeout(120)
class KilledJvmTest {
  private final List<Process> started = new ArrayList<>();
  @TempDir Path directory;

  @AfterEach
  void endAll() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void keptServer_endsWithItsJvm_andTheNextRemovesItsSocket() throws Exception {
    if (!Files.isExecutable(Path.of("/usr/bin/setpriv"))) {
      FrontServer.missing("setpriv");
    }
    Process first = start("first");
    List<Path> firsts = homes();
    assertThat(firsts).hasSize(1);
    long server = pid("first");
    start("second");
    // It does not end with the thread that has started it, and others leave it alone.
    assertThat(isRunning(server)).isTrue();
    assertThat(homes()).hasSize(2).containsAll(firsts);

    first.destroyForcibly().waitFor();
    long start = System.nanoTime();
    while (isRunning(server)) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
      LockSupport.parkNanos(1_000_000);
    }
    start("third");
    assertThat(homes()).hasSize(2).doesNotContainAnyElementsOf(firsts);
    assertThat(isRunning(pid("second"))).isTrue();
  }

  /** Starts a JVM and its server. */
  private Process start(String name) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + directory,
                "-cp",
                System.getProperty("java.class.path"),
                KeptMain.class.getName(),
                directory.resolve(name).toString())
            .redirectError(directory.resolve("errors").toFile())
            .start();
    started.add(process);
    byte[] ready = process.getInputStream().readNBytes(6);
    assertThat(new String(ready, StandardCharsets.US_ASCII))
        .as(Files.readString(directory.resolve("errors")))
        .isEqualTo("ready\n");
    return process;
  }

  /** The directories with the sockets of servers. */
  private List<Path> homes() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.getFileName().toString().contains("fcgi")).toList();
    }
  }

  private long pid(String name) throws IOException {
    long start = System.nanoTime();
    String pid = "";
    while (!pid.endsWith("\n")) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
      Path file = directory.resolve(name);
      pid = Files.exists(file) ? Files.readString(file) : "";
    }
    return Long.parseLong(pid.trim());
  }

  /** Orphans are reaped by whoever is process 1, or not at all. */
  private static boolean isRunning(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException e) {
      return false;
    }
  }
}

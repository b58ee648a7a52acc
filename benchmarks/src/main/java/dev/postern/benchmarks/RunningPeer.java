package dev.postern.benchmarks;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A running server on its own port. */
final class RunningPeer implements AutoCloseable {
  private static final long START_SECONDS = 30;

  /** The start of a JIT compiler thread's name. Linux cuts these names at 15 characters. */
  private static final Pattern COMPILER = Pattern.compile("C[12] Compiler");

  /** The units of {@link ProcessTimes} in a second, on every Linux. */
  private static final double TICKS = 100;

  private final Peer peer;
  private final int port;
  private final List<Process> processes = new ArrayList<>();

  private RunningPeer(Peer peer, int port) {
    this.peer = peer;
    this.port = port;
  }

  /** Starts the server, and waits until it accepts connections. */
  static RunningPeer start(Peer peer, Peer.Setting setting, Path directory)
      throws IOException, InterruptedException {
    Files.createDirectories(directory);
    RunningPeer running = new RunningPeer(peer, freePort());
    File log = directory.resolve("output").toFile();
    try {
      for (Peer.Command command : peer.commands(setting, directory, running.port)) {
        ProcessBuilder builder =
            new ProcessBuilder(command.words())
                .directory(directory.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                .redirectError(ProcessBuilder.Redirect.appendTo(log));
        builder.environment().putAll(command.environment());
        running.processes.add(builder.start());
      }
      running.awaitConnections();
      return running;
    } catch (IOException | RuntimeException | InterruptedException e) {
      running.close();
      throw new IOException(peer.name() + " must start, see " + log, e);
    }
  }

  Peer peer() {
    return peer;
  }

  int port() {
    return port;
  }

  /** Returns the id of the server's first process. */
  long pid() {
    return processes.get(0).pid();
  }

  String url(Case asked) {
    return "http://127.0.0.1:" + port + asked.path();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitConnections() throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
        return;
      } catch (IOException e) {
        if (System.nanoTime() > end || processes.stream().noneMatch(Process::isAlive)) {
          throw e;
        }
        Thread.sleep(50);
      }
    }
  }

  // ---- what it takes ----

  /**
   * Returns the server's memory in MB. A page that several processes share counts in part (Pss).
   */
  double memory() {
    return sum("smaps_rollup", "Pss:") / 1024.0;
  }

  int threads() {
    return (int) sum("status", "Threads:");
  }

  /**
   * Returns the time that the JIT compiler threads of the first process have taken so far. It is 0
   * for a server that is no JVM.
   */
  double compilerSeconds() throws IOException {
    long ticks = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc", Long.toString(pid()), "task"))) {
      for (Path thread : threads) {
        try {
          if (COMPILER.matcher(Files.readString(thread.resolve("comm"))).lookingAt()) {
            ProcessTimes times = ProcessTimes.parse(Files.readString(thread.resolve("stat")));
            ticks += times.user() + times.system();
          }
        } catch (IOException e) {
          // The thread has ended meanwhile.
        }
      }
    }
    return ticks / TICKS;
  }

  private long sum(String file, String field) {
    return handles()
        .mapToLong(
            handle -> {
              try (Stream<String> lines =
                  Files.lines(Path.of("/proc", Long.toString(handle.pid()), file))) {
                return lines
                    .filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
              } catch (IOException | RuntimeException e) {
                // The process has ended meanwhile.
                return 0;
              }
            })
        .sum();
  }

  private Stream<ProcessHandle> handles() {
    return processes.stream()
        .map(Process::toHandle)
        .flatMap(handle -> Stream.concat(Stream.of(handle), handle.descendants()));
  }

  @Override
  public void close() {
    List<ProcessHandle> all = handles().toList();
    processes.forEach(Process::destroy);
    boolean interrupted = false;
    for (Process process : processes) {
      try {
        process.waitFor(10, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    all.forEach(ProcessHandle::destroyForcibly);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

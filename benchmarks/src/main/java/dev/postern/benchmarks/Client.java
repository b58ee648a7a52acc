package dev.postern.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Sends requests to the servers: wrk sends many small ones, curl sends the large ones, and git
 * clones.
 */
final class Client {
  private static final int CONNECTIONS = 8;
  private static final int FIRST_BYTES = 5;

  /** A transfer that takes longer hangs. The slowest server needs two seconds. */
  private static final String TRANSFER_SECONDS = "20";

  private final Tools tools;
  private final Fixtures fixtures;

  Client(Tools tools, Fixtures fixtures) {
    this.tools = tools;
    this.fixtures = fixtures;
  }

  /** Measures one turn. */
  Sample measure(RunningPeer server, Case asked, double seconds)
      throws IOException, InterruptedException {
    String url = server.url(asked);
    Sample sample =
        switch (asked.kind()) {
          case REQUESTS -> requests(url, seconds);
          case DOWNLOAD -> transfers(seconds, Fixtures.OUT_BYTES, List.of(url));
          case ECHO -> transfers(seconds, Fixtures.ECHO_BYTES, upload(url));
          case CLONE -> Sample.of(cloneSeconds(url));
          case FIRST_BYTE -> Sample.of(firstByteMillis(server, asked));
        };
    return sample.with(server.memory(), server.threads());
  }

  /** Sends one request, and checks the answer. */
  void check(RunningPeer server, Case asked) throws IOException, InterruptedException {
    String url = server.url(asked);
    switch (asked.kind()) {
      case REQUESTS -> expect(curl(List.of(url)).equals("Hello\n"), server, asked);
      case DOWNLOAD -> transfers(0, Fixtures.OUT_BYTES, List.of(url));
      case ECHO -> {
        Path echoed = fixtures.root().resolve("echoed");
        Files.deleteIfExists(echoed);
        List<String> words = new ArrayList<>(upload(url));
        words.addAll(List.of("-o", echoed.toString()));
        curl(words);
        expect(Files.exists(echoed) && Files.mismatch(fixtures.body(), echoed) < 0, server, asked);
      }
      case CLONE -> cloneSeconds(url);
      case FIRST_BYTE -> expect(curl(List.of(url)).equals("first\nlast\n"), server, asked);
    }
  }

  private static void expect(boolean right, RunningPeer server, Case asked) throws IOException {
    if (!right) {
      throw new IOException(server.peer().name() + " must answer " + asked.path() + " rightly");
    }
  }

  private Sample requests(String url, double seconds) throws IOException, InterruptedException {
    String time = Math.max(1, Math.round(seconds)) + "s";
    return Sample.ofWrk(
        tools.run(
            fixtures.root(),
            List.of("wrk", "-t1", "-c" + CONNECTIONS, "-d" + time, "--latency", url)));
  }

  private List<String> upload(String url) {
    return List.of(
        "-H",
        "Expect:",
        "-H",
        "Content-Type: application/octet-stream",
        "--data-binary",
        "@" + fixtures.body(),
        url);
  }

  /** Repeats a transfer until the time is over, and returns MB a second. */
  private Sample transfers(double seconds, long bytes, List<String> words)
      throws IOException, InterruptedException {
    List<String> asked = new ArrayList<>(words);
    asked.addAll(List.of("-o", "/dev/null", "-w", "%{size_download} %{time_total}"));
    double time = 0;
    long received = 0;
    do {
      String[] told = curl(asked).trim().split(" ", 2);
      if (Long.parseLong(told[0]) != bytes) {
        throw new IOException("all of " + bytes + " bytes must come: " + told[0]);
      }
      received += bytes;
      time += Double.parseDouble(told[1]);
    } while (time < seconds);
    return Sample.of(received / 1e6 / time);
  }

  private String curl(List<String> words) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("curl", "-sS", "--fail", "--max-time", TRANSFER_SECONDS));
    command.addAll(words);
    return tools.run(fixtures.root(), command);
  }

  private double cloneSeconds(String url) throws IOException, InterruptedException {
    Path target = fixtures.root().resolve("clone");
    long start = System.nanoTime();
    tools.run(fixtures.root(), List.of("git", "clone", "-q", "--bare", url, target.toString()));
    double seconds = (System.nanoTime() - start) / 1e9;
    delete(target);
    return seconds;
  }

  static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Returns the milliseconds from the request to the body's first line, as the median of a few. */
  private static double firstByteMillis(RunningPeer server, Case asked) throws IOException {
    double[] millis = new double[FIRST_BYTES];
    for (int i = 0; i < millis.length; i++) {
      String request =
          String.format(
              Locale.ROOT,
              "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
              asked.path());
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        long start = System.nanoTime();
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder read = new StringBuilder();
        byte[] block = new byte[4096];
        while (read.indexOf("first\n") < 0) {
          int n = in.read(block);
          if (n < 0) {
            throw new IOException("body must come: " + read);
          }
          read.append(new String(block, 0, n, StandardCharsets.ISO_8859_1));
        }
        millis[i] = (System.nanoTime() - start) / 1e6;
      }
    }
    Arrays.sort(millis);
    return millis[FIRST_BYTES / 2];
  }
}

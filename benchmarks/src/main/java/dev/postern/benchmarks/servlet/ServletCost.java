package dev.postern.benchmarks.servlet;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The servlet binding beside a servlet by hand, in turns, in one container: {@code
 * benchmarks/servlet [--container jetty|tomcat] [--pairs N] [--seconds S] [--connections N]}. The
 * client is in the same process, so that its own cost is a part of both figures.
 */
public final class ServletCost {
  private String container = "jetty";
  private int pairs = 15;
  private double seconds = 5;
  private int connections = 2;

  private ServletCost(String... arguments) {
    for (int i = 0; i < arguments.length; i += 2) {
      String value = i + 1 < arguments.length ? arguments[i + 1] : "";
      switch (arguments[i]) {
        case "--container" -> container = value;
        case "--pairs" -> pairs = Integer.parseInt(value);
        case "--seconds" -> seconds = Double.parseDouble(value);
        case "--connections" -> connections = Integer.parseInt(value);
        default -> throw new IllegalArgumentException("no such option: " + arguments[i]);
      }
    }
  }

  /** The command. */
  public static void main(String... arguments) throws Exception {
    // Held, as the logging library forgets loggers that nobody holds.
    Logger root = Logger.getLogger("");
    root.setLevel(Level.WARNING);
    new ServletCost(arguments).run();
    System.exit(0);
  }

  private void run() throws Exception {
    Path directory = Files.createTempDirectory("postern-servlet-cost");
    Path file = Site.write(directory);
    Site.Allocations allocations = new Site.Allocations();
    int port = Containers.start(container, directory, allocations);
    try {
      System.out.printf(
          Locale.ROOT,
          "%s, Java %s, %d processors, %d pairs of %.1f s, %d connections%n",
          container,
          Runtime.version(),
          Runtime.getRuntime().availableProcessors(),
          pairs,
          seconds,
          connections);
      compare(port, "/by-hand/hello", "/postern/hello", "hello", allocations);
      compare(port, "/large.bin", "/postern/large.bin", "file", allocations);
    } finally {
      Files.delete(file);
    }
  }

  /** In turns, and each first as often as the other. */
  private void compare(
      int port, String theirs, String ours, String name, Site.Allocations allocations)
      throws Exception {
    rate(port, theirs, seconds);
    rate(port, ours, seconds);
    allocations.take();
    List<Double> ratios = new ArrayList<>();
    double[] rates = new double[2];
    double[] bytes = new double[2];
    for (int pair = 0; pair < pairs; pair++) {
      double[] both = new double[2];
      for (int turn = 0; turn < 2; turn++) {
        int which = (pair + turn) % 2;
        both[which] = rate(port, which == 0 ? theirs : ours, seconds);
        bytes[which] += allocations.take() / pairs;
        rates[which] += both[which] / pairs;
      }
      ratios.add(both[1] / both[0]);
    }
    double[] sorted = ratios.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    // Of the order statistics around the median, those of the 95 % interval.
    int outside = (int) Math.max(0, Math.floor(pairs / 2.0 - 0.98 * Math.sqrt(pairs)));
    System.out.printf(
        Locale.ROOT,
        "%-5s %10.1f/s by hand, %10.1f/s Postern: median ratio %.3f (95 %%: %.3f to %.3f);"
            + " allocated %.0f and %.0f bytes a request: %+.0f%n",
        name,
        rates[0],
        rates[1],
        sorted[sorted.length / 2],
        sorted[outside],
        sorted[sorted.length - 1 - outside],
        bytes[0],
        bytes[1],
        bytes[1] - bytes[0]);
  }

  /** Responses a second. */
  private double rate(int port, String path, double time) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(connections);
    try {
      long start = System.nanoTime();
      long end = start + (long) (time * 1e9);
      List<Future<Long>> counts = new ArrayList<>();
      for (int i = 0; i < connections; i++) {
        counts.add(clients.submit(() -> ask(port, path, end)));
      }
      long all = 0;
      for (Future<Long> count : counts) {
        all += count.get();
      }
      return all / ((System.nanoTime() - start) / 1e9);
    } finally {
      clients.shutdownNow();
    }
  }

  private static long ask(int port, String path, long end) throws IOException {
    byte[] request =
        ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] block = new byte[64 * 1024];
    long count = 0;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream(), block.length);
      do {
        socket.getOutputStream().write(request);
        long left = length(in, block);
        while (left > 0) {
          int n = in.read(block, 0, (int) Math.min(block.length, left));
          if (n < 0) {
            throw new EOFException(path);
          }
          left -= n;
        }
        count++;
      } while (System.nanoTime() - end < 0);
    }
    return count;
  }

  /** Reads a head; its Content-Length. */
  private static long length(InputStream in, byte[] block) throws IOException {
    int n = 0;
    for (int state = 0; state < 4; n++) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("head must end");
      }
      block[n] = (byte) b;
      state = b == (state % 2 == 0 ? '\r' : '\n') ? state + 1 : b == '\r' ? 1 : 0;
    }
    String head = new String(Arrays.copyOf(block, n), StandardCharsets.US_ASCII);
    int at = head.toLowerCase(Locale.ROOT).indexOf("content-length:");
    if (!head.startsWith("HTTP/1.1 200") || at < 0) {
      throw new IOException("response must be whole and have a length: " + head);
    }
    return Long.parseLong(head.substring(at + 15, head.indexOf('\r', at)).trim());
  }
}

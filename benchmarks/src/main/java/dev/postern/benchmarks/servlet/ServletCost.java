package dev.postern.benchmarks.servlet;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Measures the servlet binding beside a hand-written servlet, in turns, in one container: {@code
 * benchmarks/servlet [--container jetty|tomcat] [--only hello|file] [--pairs N] [--seconds S]
 * [--connections N] [--write-buffer BYTES]}. The option {@code --write-buffer} sets Tomcat's {@code
 * socket.appWriteBufSize}. The client runs in the same process, so its own cost is a part of both
 * figures.
 */
public final class ServletCost {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private String container = "jetty";
  private String only = "";
  private int pairs = 15;
  private double seconds = 5;
  private int connections = 2;
  private int writeBuffer;

  private ServletCost(String... arguments) {
    for (int i = 0; i < arguments.length; i += 2) {
      String value = i + 1 < arguments.length ? arguments[i + 1] : "";
      switch (arguments[i]) {
        case "--container" -> container = value;
        case "--only" -> only = value;
        case "--pairs" -> pairs = Integer.parseInt(value);
        case "--seconds" -> seconds = Double.parseDouble(value);
        case "--connections" -> connections = Integer.parseInt(value);
        case "--write-buffer" -> writeBuffer = Integer.parseInt(value);
        default -> throw new IllegalArgumentException("no such option: " + arguments[i]);
      }
    }
  }

  /** Runs the command. */
  public static void main(String... arguments) throws Exception {
    // The logging library drops a logger that nobody holds, and its level, so hold this one.
    Logger root = Logger.getLogger("");
    root.setLevel(Level.WARNING);
    new ServletCost(arguments).run();
    System.exit(0);
  }

  private void run() throws Exception {
    Path directory = Files.createTempDirectory("postern-servlet-cost");
    Path file = Site.write(directory);
    int port = Containers.start(container, directory, writeBuffer);
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
      if (!only.equals("file")) {
        compare(port, "/by-hand/hello", "/postern/hello", "hello");
      }
      if (!only.equals("hello")) {
        compare(port, "/large.bin", "/postern/large.bin", "file");
      }
    } finally {
      Files.delete(file);
    }
  }

  /** Measures both in turns. Each is the first of a pair as often as the other. */
  private void compare(int port, String theirs, String ours, String name) throws Exception {
    turn(port, theirs);
    turn(port, ours);
    List<Double> ratios = new ArrayList<>();
    List<Double> costs = new ArrayList<>();
    double[] rates = new double[2];
    double[] bytes = new double[2];
    for (int pair = 0; pair < pairs; pair++) {
      Turn[] both = new Turn[2];
      for (int turn = 0; turn < 2; turn++) {
        int which = (pair + turn) % 2;
        both[which] = turn(port, which == 0 ? theirs : ours);
        bytes[which] += both[which].bytes() / pairs;
        rates[which] += both[which].rate() / pairs;
      }
      ratios.add(both[1].rate() / both[0].rate());
      costs.add(both[1].processor() / both[0].processor());
    }
    double[] sorted = ratios.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    double[] sortedCosts = costs.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    // So many of the sorted values lie below the 95 % interval of the median, and as many above.
    int outside = (int) Math.max(0, Math.floor(pairs / 2.0 - 0.98 * Math.sqrt(pairs)));
    System.out.printf(
        Locale.ROOT,
        "%-5s %10.1f/s by hand, %10.1f/s Postern: median ratio %.3f (95 %%: %.3f to %.3f);"
            + " processor time %.3f (%.3f to %.3f); allocated %.0f and %.0f bytes a request:"
            + " %+.0f%n",
        name,
        rates[0],
        rates[1],
        sorted[sorted.length / 2],
        sorted[outside],
        sorted[sorted.length - 1 - outside],
        sortedCosts[sortedCosts.length / 2],
        sortedCosts[outside],
        sortedCosts[sortedCosts.length - 1 - outside],
        bytes[0],
        bytes[1],
        bytes[1] - bytes[0]);
  }

  /**
   * The figures of one turn.
   *
   * @param rate responses a second
   * @param processor time of the whole process for a response; other load on the machine changes
   *     the rate, but not this
   * @param bytes allocated by the threads of the server for a response
   */
  private record Turn(double rate, double processor, double bytes) {}

  private Turn turn(int port, String path) throws Exception {
    Map<Long, Long> before = allocated();
    long processor = SYSTEM.getProcessCpuTime();
    long start = System.nanoTime();
    long count = ask(port, path);
    double time = (System.nanoTime() - start) / 1e9;
    processor = SYSTEM.getProcessCpuTime() - processor;
    long bytes = 0;
    for (Map.Entry<Long, Long> thread : allocated().entrySet()) {
      bytes += thread.getValue() - before.getOrDefault(thread.getKey(), 0L);
    }
    return new Turn(count / time, (double) processor / count, (double) bytes / count);
  }

  /**
   * Returns the bytes that each thread has allocated, except this one. The clients' threads end
   * with their turn, so they are never among them.
   */
  private static Map<Long, Long> allocated() {
    long[] ids = THREADS.getAllThreadIds();
    long[] bytes = THREADS.getThreadAllocatedBytes(ids);
    long self = Thread.currentThread().getId();
    Map<Long, Long> allocated = new HashMap<>();
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] != self && bytes[i] >= 0) {
        allocated.put(ids[i], bytes[i]);
      }
    }
    return allocated;
  }

  /** Sends requests for one turn, and returns the number of responses. */
  private long ask(int port, String path) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(connections);
    try {
      long end = System.nanoTime() + (long) (seconds * 1e9);
      List<Future<Long>> counts = new ArrayList<>();
      for (int i = 0; i < connections; i++) {
        counts.add(clients.submit(() -> ask(port, path, end)));
      }
      long all = 0;
      for (Future<Long> count : counts) {
        all += count.get();
      }
      return all;
    } finally {
      clients.shutdownNow();
      clients.awaitTermination(10, TimeUnit.SECONDS);
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

  /** Reads a response's head, and returns its Content-Length. */
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

package dev.postern.fastcgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What this JVM holds, counted before and after a test. */
public record OpenFiles(long sockets, long spools, int threads) {
  /** How many bad peers a test has; the long form is {@code -Dpostern.records=100000}. */
  public static final int BAD_PEERS = Integer.getInteger("postern.records", 2000);

  static {
    try {
      // The JDK keeps a socket of its own from the first one on.
      SocketChannel.open().close();
    } catch (IOException e) {
      throw new IllegalStateException("a socket must be opened", e);
    }
  }

  /** Its sockets, its spools, which have no name any more, and its threads. */
  public static OpenFiles now() throws IOException {
    List<String> all;
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      all = files.map(OpenFiles::target).toList();
    }
    return new OpenFiles(
        all.stream().filter(target -> target.startsWith("socket:")).count(),
        all.stream().filter(target -> target.contains("postern-spool")).count(),
        Thread.activeCount());
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      // Closed meanwhile.
      return "";
    }
  }

  /**
   * Waits until no more sockets and spools are open than here. Threads may be kept for the next
   * request, as many as there were requests at once.
   */
  public void awaitAgain(String what, int keptThreads) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    OpenFiles now = now();
    while (!now.isWithin(this, keptThreads) && System.nanoTime() < end) {
      Thread.sleep(10);
      now = now();
    }
    assertThat(now.isWithin(this, keptThreads)).as(what + ": " + now + " after " + this).isTrue();
    if (System.getProperty("postern.records") != null) {
      System.out.println(what + ": " + this + " before " + BAD_PEERS + " bad peers, then " + now);
    }
  }

  private boolean isWithin(OpenFiles before, int keptThreads) {
    return sockets <= before.sockets
        && spools <= before.spools
        && threads <= before.threads + keptThreads;
  }
}

package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.ResponseSink;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Living connections are never taken for reset ones while many others come and go around them.
 *
 * <p>{@code -Dpostern.churn.connections=6000 -Dpostern.churn.seconds=60} is the long run; it prints
 * what it saw. It needs 12,000 descriptors.
 */
@EnabledOnOs(OS.LINUX)
class ClientWatchChurnTest {
  private static final int CONNECTIONS = Integer.getInteger("postern.churn.connections", 300);
  private static final int SECONDS = Integer.getInteger("postern.churn.seconds", 2);
  private static final int RESET = 20;

  private final List<SocketChannel> opened = new ArrayList<>();
  private final Counting table = new Counting(ConnectionTable.ofKernel());
  private final ClientWatch watch = new ClientWatch(table);
  private final AtomicLong brief = new AtomicLong();
  private volatile boolean ending;

  @AfterEach
  void closeAll() throws IOException {
    ending = true;
    watch.close();
    for (SocketChannel channel : opened) {
      channel.close();
    }
  }

  /** The kernel's table, with what looks cost and miss. */
  private static final class Counting implements ClientWatch.Table {
    private final ClientWatch.Table table;
    volatile long looks;
    volatile long missing;
    volatile long nanos;

    Counting(ClientWatch.Table table) {
      this.table = table;
    }

    @Override
    public boolean isReadable() {
      return table.isReadable();
    }

    @Override
    public BitSet present(Connection[] wanted) throws IOException {
      long start = System.nanoTime();
      BitSet present = table.present(wanted);
      nanos += System.nanoTime() - start;
      looks++;
      missing += wanted.length - present.cardinality();
      return present;
    }
  }

  private static final class NoSink implements ResponseSink {
    @Override
    public void head(int status, Headers headers) {}

    @Override
    public void write(byte[] bytes, int offset, int length) {}

    @Override
    public void flush() {}

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {}
  }

  @Test
  @Timeout(600)
  void livingConnections_areNeverTakenForReset() throws Exception {
    List<Environ> requests = new ArrayList<>();
    List<SocketChannel> clients = new ArrayList<>();
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (ServerSocketChannel server = listen(loopback)) {
      Thread churn = churn(((InetSocketAddress) server.getLocalAddress()).getAddress());
      for (int i = 0; i < CONNECTIONS; i++) {
        SocketChannel client = SocketChannel.open(server.getLocalAddress());
        SocketChannel accepted = server.accept();
        opened.add(client);
        opened.add(accepted);
        clients.add(client);
        requests.add(watched(accepted));
      }
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
      while (System.nanoTime() < end) {
        TimeUnit.MILLISECONDS.sleep(50);
        assertThat(requests).noneMatch(Environ::isCancelled);
      }
      assertThat(brief).hasPositiveValue();
      if (SECONDS > 2) {
        System.out.printf(
            "%d connections, %d short ones in %d s: %d looks of %.1f ms, %d misses%n",
            CONNECTIONS,
            brief.get(),
            SECONDS,
            table.looks,
            table.nanos / 1e6 / table.looks,
            table.missing);
      }
      assertResetIsSeen(requests, clients);
      ending = true;
      churn.join();
    }
  }

  /** The control. */
  private static void assertResetIsSeen(List<Environ> requests, List<SocketChannel> clients)
      throws Exception {
    for (int i = 0; i < RESET; i++) {
      clients.get(i).setOption(StandardSocketOptions.SO_LINGER, 0);
      clients.get(i).close();
    }
    long start = System.nanoTime();
    while (!requests.subList(0, RESET).stream().allMatch(Environ::isCancelled)) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(50));
      TimeUnit.MILLISECONDS.sleep(10);
    }
    assertThat(requests.subList(RESET, requests.size())).noneMatch(Environ::isCancelled);
  }

  private static ServerSocketChannel listen(InetAddress address) throws IOException {
    return ServerSocketChannel.open().bind(new InetSocketAddress(address, 0), 1024);
  }

  /**
   * Other connections, as many as can be: each is closed by a reset, so that no port is used up.
   */
  private Thread churn(InetAddress address) throws IOException {
    ServerSocketChannel server = listen(address);
    Thread thread =
        new Thread(
            () -> {
              try (server) {
                while (!ending) {
                  try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
                      SocketChannel accepted = server.accept()) {
                    accepted.setOption(StandardSocketOptions.SO_LINGER, 0);
                    client.setOption(StandardSocketOptions.SO_LINGER, 0);
                    brief.incrementAndGet();
                  }
                }
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            },
            "churn");
    thread.start();
    return thread;
  }

  private Environ watched(SocketChannel accepted) throws IOException {
    InetSocketAddress local = (InetSocketAddress) accepted.getLocalAddress();
    InetSocketAddress remote = (InetSocketAddress) accepted.getRemoteAddress();
    FakeRequest request =
        new FakeRequest("", "", "/", "/")
            .with("getLocalAddr", local.getAddress().getHostAddress())
            .with("getLocalPort", local.getPort())
            .with("getRemoteAddr", remote.getAddress().getHostAddress())
            .with("getRemotePort", remote.getPort());
    Environ environ =
        Environ.builder(Map.of("REQUEST_METHOD", "GET", "SERVER_PROTOCOL", "HTTP/1.1")).build();
    assertThat(watch.begin(Exchange.of(environ, new NoSink()), request.request())).isNotNull();
    return environ;
  }
}

package dev.postern.fastcgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ServerTest {
  /** Held, so that its level stays. */
  private static final Logger LOG = Logger.getLogger("dev.postern.test");

  @BeforeEach
  void silenceLog() {
    LOG.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreLog() {
    LOG.setLevel(null);
  }

  /** Sends nothing, and waits for its peer as long as it may. */
  private static class Quiet extends Connection {
    Quiet(SocketChannel channel, Server server) {
      super(channel, server);
    }

    @Override
    protected void serve() throws IOException {
      channel.read(ByteBuffer.allocate(1));
    }

    @Override
    protected void tick(long now) {}

    @Override
    protected void drain() {}

    @Override
    protected void cancel(Throwable cause) {}

    @Override
    protected long idleSince() {
      return Long.MAX_VALUE;
    }
  }

  /** Its first tick fails. */
  private static final class Failing extends Quiet {
    private boolean failed;

    Failing(SocketChannel channel, Server server) {
      super(channel, server);
    }

    @Override
    protected void tick(long now) {
      if (failed) {
        return;
      }
      failed = true;
      expect(TimeUnit.MILLISECONDS.toNanos(1));
      throw new OutOfMemoryError("unable to create native thread");
    }
  }

  @Test
  void look_thatFails_doesNotEndTheTimeOuts() throws Exception {
    assertCloses(Failing::new);
  }

  /** Has a millisecond left. */
  private static final class Silent extends Quiet {
    private final boolean owed;

    Silent(SocketChannel channel, Server server, boolean owed) {
      super(channel, server);
      this.owed = owed;
    }

    @Override
    protected void serve() throws IOException {
      if (owed) {
        expect(TimeUnit.MILLISECONDS.toNanos(1));
      } else {
        closeIn(TimeUnit.MILLISECONDS.toNanos(1));
      }
      super.serve();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void end_isLoggedIfThePeerOwedSomething(boolean owed) throws Exception {
    List<String> lines = new CopyOnWriteArrayList<>();
    LOG.setLevel(Level.ALL);
    LOG.setFilter(
        line -> {
          lines.add(line.getMessage());
          return false;
        });
    try {
      assertCloses((channel, server) -> new Silent(channel, server, owed));
    } finally {
      LOG.setFilter(null);
    }
    assertThat(lines).hasSize(owed ? 1 : 0);
  }

  /** A connection is closed although its peer sends nothing. Returns when it has ended. */
  private static void assertCloses(Server.Protocol protocol) throws IOException {
    Duration time = Duration.ofSeconds(30);
    Server server =
        new Server(
            "test",
            ListenSocket.open(
                ListenAddress.of("127.0.0.1:0"), PosixFilePermissions.fromString("rw-------")),
            Peers.ofEnvironment(),
            new ServerLimits(10, 10, time, time, time, time),
            protocol);
    server.start();
    String address = server.address();
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
      client.setSoTimeout(30_000);
      assertThat(client.getInputStream().read()).isNegative();
    } finally {
      server.stop();
    }
  }

  /** Takes all that it is given, and notes how much that was. */
  private static final class Taking implements GatheringByteChannel {
    private final List<Integer> sizes = new ArrayList<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public int write(ByteBuffer buffer) {
      return (int) write(new ByteBuffer[] {buffer});
    }

    @Override
    public long write(ByteBuffer[] buffers) {
      return write(buffers, 0, buffers.length);
    }

    @Override
    public long write(ByteBuffer[] buffers, int offset, int length) {
      int before = bytes.size();
      for (int i = offset; i < offset + length; i++) {
        byte[] all = new byte[buffers[i].remaining()];
        buffers[i].get(all);
        bytes.writeBytes(all);
      }
      sizes.add(bytes.size() - before);
      return bytes.size() - before;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  void write_isInPiecesThatASlowPeerCanTakeInTime() throws Exception {
    byte[] all = new byte[100_000];
    new Random(1).nextBytes(all);
    ByteBuffer[] buffers = {
      ByteBuffer.wrap(all, 0, 8), ByteBuffer.wrap(all, 8, 99_987), ByteBuffer.wrap(all, 99_995, 5)
    };
    Taking channel = new Taking();
    for (int done = 0; done < all.length; ) {
      done += (int) Connection.write(channel, buffers, Connection.MOST_AT_ONCE);
    }
    assertThat(channel.sizes).hasSize(7).allMatch(size -> size <= 16 * 1024);
    assertThat(channel.bytes.toByteArray()).isEqualTo(all);

    Taking whole = new Taking();
    Connection.write(whole, new ByteBuffer[] {ByteBuffer.wrap(all)}, Integer.MAX_VALUE);
    assertThat(whole.sizes).containsExactly(all.length);
  }
}

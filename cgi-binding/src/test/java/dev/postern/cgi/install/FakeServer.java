package dev.postern.cgi.install;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers each request of a warm executable's stub with the same bytes, and hangs up: at once, or
 * when the stub has.
 */
final class FakeServer implements AutoCloseable {
  /** How an answer is sent. */
  enum Manner {
    AT_ONCE,
    BYTE_BY_BYTE,
    /** At once, and the connection stays open. */
    WAITING
  }

  private final Path socket;
  private final byte[] answer;
  private final Manner manner;
  private final ServerSocketChannel server;
  private final AtomicInteger requests = new AtomicInteger();

  /**
   * Listens on a socket of that name, in place of one that is there.
   *
   * @param answer bytes as chars
   */
  FakeServer(Path socket, String answer, Manner manner) throws IOException {
    this.socket = socket;
    this.answer = answer.getBytes(StandardCharsets.ISO_8859_1);
    this.manner = manner;
    Files.deleteIfExists(socket);
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    new Thread(this::serve, "fake-server").start();
  }

  int requests() {
    return requests.get();
  }

  private void serve() {
    while (true) {
      try (SocketChannel channel = server.accept()) {
        requests.incrementAndGet();
        answer(channel);
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException | InterruptedException e) {
        // The stub has hung up first.
      }
    }
  }

  private void answer(SocketChannel channel) throws IOException, InterruptedException {
    ByteBuffer size = ByteBuffer.allocate(4);
    fill(channel, size);
    fill(channel, ByteBuffer.allocate(size.flip().getInt()));
    int step = manner == Manner.BYTE_BY_BYTE ? 1 : answer.length;
    for (int i = 0; i < answer.length; i += step) {
      ByteBuffer part = ByteBuffer.wrap(answer, i, step);
      while (part.hasRemaining()) {
        channel.write(part);
      }
      if (step == 1) {
        // Otherwise the stub reads several at once.
        Thread.sleep(2);
      }
    }
    if (manner == Manner.WAITING) {
      fill(channel, ByteBuffer.allocate(1));
    }
  }

  private static void fill(SocketChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
      // More is needed.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    Files.deleteIfExists(socket);
  }
}

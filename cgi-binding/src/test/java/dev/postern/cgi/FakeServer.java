package dev.postern.cgi;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** Answers each request of a warm executable's stub with the same bytes, and hangs up. */
final class FakeServer implements AutoCloseable {
  private final Path socket;
  private final byte[] answer;
  private final int step;
  private final ServerSocketChannel server;
  private final AtomicInteger requests = new AtomicInteger();

  /**
   * Listens on a socket of that name, in place of one that is there.
   *
   * @param step how many bytes are sent at once
   */
  FakeServer(Path socket, byte[] answer, int step) throws IOException {
    this.socket = socket;
    this.answer = answer;
    this.step = step;
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
      } catch (IOException e) {
        // The stub has hung up first.
      }
    }
  }

  private void answer(SocketChannel channel) throws IOException {
    ByteBuffer size = ByteBuffer.allocate(4);
    fill(channel, size);
    fill(channel, ByteBuffer.allocate(size.flip().getInt()));
    for (int i = 0; i < answer.length; i += step) {
      ByteBuffer part = ByteBuffer.wrap(answer, i, Math.min(step, answer.length - i));
      while (part.hasRemaining()) {
        channel.write(part);
      }
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

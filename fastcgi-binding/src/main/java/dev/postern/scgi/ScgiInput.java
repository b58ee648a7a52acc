package dev.postern.scgi;

import dev.postern.gateway.BlockInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes that the web server sends, with a buffer. One thread reads at a time. The connection's
 * thread reads the variables itself; the thread that reads the body may be interrupted.
 */
final class ScgiInput extends InputStream {
  private final ScgiConnection connection;
  private final SocketChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(4096).flip();

  /** The body, as far as the buffer has not got it together with the variables. */
  private final BlockInput blocks;

  /** Whether the variables are read, so that the body is next. */
  private boolean began;

  /** Whether the time-out of bodies holds. Guarded by {@code this}, together with that time-out. */
  private boolean body;

  /** How many bytes of the body have come. A thread that reads ahead counts them too. */
  private final AtomicLong received = new AtomicLong();

  ScgiInput(ScgiConnection connection, SocketChannel channel) {
    this.connection = connection;
    this.channel = channel;
    this.blocks = new BlockInput(bytes -> receive(ByteBuffer.wrap(bytes)), connection::run);
  }

  /** From now on the time-out of bodies holds for each read. */
  synchronized void beginBody() {
    body = true;
    began = true;
    received.set(buffer.remaining());
  }

  /**
   * From now on no read sets or removes a time-out. A thread that reads ahead may still wait for
   * bytes.
   */
  synchronized void endBody() {
    body = false;
  }

  private synchronized boolean beginRead() {
    if (body) {
      connection.expectBody();
    }
    return body;
  }

  private synchronized void endRead() {
    if (body) {
      connection.expectNoBody();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (!buffer.hasRemaining()) {
      if (began) {
        return blocks.read(bytes, offset, length);
      }
      if (!fill()) {
        return -1;
      }
    }
    int n = Math.min(length, buffer.remaining());
    buffer.get(bytes, offset, n);
    return n;
  }

  @Override
  public int available() {
    return buffer.remaining() + blocks.available();
  }

  /** Whether all of the body has come, so that nothing is left in the channel. */
  boolean hasReceived(long length) {
    return received.get() >= length;
  }

  /** Reads the rest of the body for nobody, up to a limit. */
  void drain(long most) throws IOException {
    long left = most;
    // A thread that reads ahead may still use the other buffer.
    ByteBuffer unread = ByteBuffer.allocate(4096);
    for (int n = channel.read(unread); n >= 0 && left > 0; n = channel.read(unread)) {
      left -= n;
      unread.clear();
    }
  }

  private boolean fill() throws IOException {
    buffer.clear();
    try {
      return receive(buffer) >= 0;
    } finally {
      buffer.flip();
    }
  }

  private int receive(ByteBuffer target) throws IOException {
    if (!beginRead()) {
      int n = channel.read(target);
      connection.arrived();
      return n;
    }
    int n = channel.read(target);
    endRead();
    received.addAndGet(Math.max(0, n));
    return n;
  }
}

package dev.postern.fastcgi.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a server, with time-outs for TCP and for Unix sockets. The channel does not
 * block, and all waits use a selector. One thread reads; the same or another thread writes.
 */
final class ServerConnection implements Closeable {
  /**
   * How often a connect is tried again while the queue of a Unix socket is full. Nothing tells when
   * the queue has room again.
   */
  private static final long QUEUE_LOOK_MILLIS = 5;

  private final Upstream upstream;
  private final SocketChannel channel;
  private final Selector readable;
  private final SelectionKey key;
  private boolean used;

  /** What {@link #writeFully} waits with; null while it does not wait. */
  private volatile @Nullable Selector writable;

  private ServerConnection(Upstream upstream, SocketChannel channel) throws IOException {
    this.upstream = upstream;
    this.channel = channel;
    this.readable = Selector.open();
    try {
      this.key = channel.register(readable, 0);
    } catch (Throwable e) {
      readable.close();
      throw e;
    }
  }

  /** Connects within that time. An interrupt ends the wait, and the thread stays interrupted. */
  static ServerConnection open(Upstream upstream, long timeoutNanos) throws IOException {
    long start = System.nanoTime();
    while (true) {
      try {
        return connect(upstream, Math.max(0, timeoutNanos - (System.nanoTime() - start)));
      } catch (ConnectException | BindException e) {
        // Nobody listens (ECONNREFUSED), or this user may not connect (EACCES). A full queue
        // (EAGAIN) has no class of its own.
        throw e;
      } catch (SocketException e) {
        boolean full = upstream.address().isUnix() && Files.exists(upstream.address().path());
        if (!full || System.nanoTime() - start >= timeoutNanos) {
          throw e;
        }
      }
      try {
        Thread.sleep(QUEUE_LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while connecting to a server");
      }
    }
  }

  private static ServerConnection connect(Upstream upstream, long nanos) throws IOException {
    boolean unix = upstream.address().isUnix();
    SocketChannel channel =
        unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
    try {
      if (!unix) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      }
      channel.configureBlocking(false);
      if (!channel.connect(upstream.address().resolve())) {
        awaitConnected(channel, nanos);
      }
      return new ServerConnection(upstream, channel);
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  private static void awaitConnected(SocketChannel channel, long nanos) throws IOException {
    try (Selector selector = Selector.open()) {
      channel.register(selector, SelectionKey.OP_CONNECT);
      selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while connecting to a server");
      }
      if (!channel.finishConnect()) {
        throw new SocketTimeoutException("server must accept a connection in time");
      }
    }
  }

  Upstream upstream() {
    return upstream;
  }

  /** Whether the connection has served a request already. */
  boolean isUsed() {
    return used;
  }

  /** Notes that the connection goes back to be used again. */
  void markUsed() {
    used = true;
  }

  /** Whether the server has closed a kept connection, or has sent bytes without a request. */
  boolean isStale() {
    try {
      return channel.read(ByteBuffer.allocate(1)) != 0;
    } catch (IOException e) {
      return true;
    }
  }

  /** Reads the bytes that have come. Returns 0 if there are none yet, -1 at the end. */
  int read(ByteBuffer bytes) throws IOException {
    return channel.read(bytes);
  }

  /** Writes as much as there is room for. */
  int write(ByteBuffer bytes) throws IOException {
    return channel.write(bytes);
  }

  /** Waits for bytes to read, for {@link #wake}, and with {@code write} also for room to write. */
  void await(boolean write, long nanos) throws IOException {
    key.interestOps(SelectionKey.OP_READ | (write ? SelectionKey.OP_WRITE : 0));
    if (nanos < TimeUnit.MILLISECONDS.toNanos(1)) {
      readable.selectNow();
    } else {
      readable.select(TimeUnit.NANOSECONDS.toMillis(nanos));
    }
    readable.selectedKeys().clear();
  }

  /**
   * Writes all bytes. Waits for room with a selector of its own, because another thread may read.
   */
  void writeFully(ByteBuffer bytes) throws IOException {
    channel.write(bytes);
    if (!bytes.hasRemaining()) {
      return;
    }
    try (Selector selector = Selector.open()) {
      channel.register(selector, SelectionKey.OP_WRITE);
      writable = selector;
      while (bytes.hasRemaining()) {
        // If close() came before it could see the selector, the channel is closed already.
        if (channel.isOpen()) {
          selector.select();
        }
        selector.selectedKeys().clear();
        if (!channel.isOpen() || Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("connection must be open to write to it");
        }
        channel.write(bytes);
      }
    } finally {
      writable = null;
    }
  }

  /** Makes the current or the next {@link #await} return. Any thread. */
  void wake() {
    readable.wakeup();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The channel is gone either way.
    }
    // The close of a Unix socket does not end a select that waits for room.
    Selector waiting = writable;
    if (waiting != null) {
      waiting.wakeup();
    }
    try {
      readable.close();
    } catch (IOException e) {
      // The selector is gone either way.
    }
  }
}

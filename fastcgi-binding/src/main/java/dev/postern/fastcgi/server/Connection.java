package dev.postern.fastcgi.server;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * One connection of a server. {@link #serve} runs on a thread of its own. The server's threads call
 * the other methods.
 */
public abstract class Connection {
  /** How long a peer may take to notice the end of a response, and to send the rest of its own. */
  protected static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** After so many bytes of bodies that applications did not read, a connection is closed. */
  protected static final long MOST_UNREAD = 64L * 1024 * 1024;

  /**
   * How long a connection that has sent nothing may go on while the server stops. If it came just
   * before the stop, its request is on the way.
   */
  protected static final long FIRST_WHILE_STOPPING_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long NONE = 0;
  private static final long BEFORE_RESET_NANOS = 100_000_000;

  /**
   * The most bytes of a write on a platform thread. Such a write returns only when the peer has
   * taken all of its bytes, and a slow peer must have time for each piece. On a virtual thread a
   * write returns when it has written some bytes.
   */
  static final int MOST_AT_ONCE = 16 * 1024;

  protected final SocketChannel channel;
  private final Server server;

  /** When the peer must have sent something, by the clock of {@link System#nanoTime}. */
  private volatile long readDeadline = NONE;

  /** When the peer must have taken something, by the same clock. */
  private volatile long writeDeadline = NONE;

  /** Whether the peer owes what {@link #readDeadline} is for. */
  private volatile boolean owed;

  private volatile boolean timedOut;

  /** Whether a response was begun whose end was not written yet. */
  private volatile boolean half;

  /** Writes all of some buffers to the peer. */
  @FunctionalInterface
  public interface Target {
    void write(ByteBuffer... buffers) throws IOException;
  }

  protected Connection(SocketChannel channel, Server server) {
    this.channel = channel;
    this.server = server;
  }

  /** The response to a request while all places are taken, in CGI's form. */
  protected static byte[] overloaded() {
    return ("Status: 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 1\r\n"
            + "Content-Length: 0\r\n\r\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Serves until there is nothing more to do. The server closes the channel afterwards. */
  protected abstract void serve() throws IOException;

  /** The server calls this several times a second. */
  protected abstract void tick(long now);

  /** Ends the connection as soon as no request runs. */
  protected abstract void drain();

  /** Cancels a request that runs. */
  protected abstract void cancel(Throwable cause);

  /**
   * When the connection began to have no request; {@link Long#MAX_VALUE} while it has one, or if it
   * is drained already.
   */
  protected abstract long idleSince();

  /** The server of this connection. */
  protected Server server() {
    return server;
  }

  /**
   * From now on the peer must send something within that time. Otherwise the server closes the
   * connection.
   */
  protected final void expect(long nanos) {
    owed = true;
    readDeadline = in(nanos);
  }

  /**
   * The server closes the connection after that time, and logs nothing, because the peer owes
   * nothing. {@link #expect} and {@link #expectNothing} take this back.
   */
  protected final void closeIn(long nanos) {
    owed = false;
    readDeadline = in(nanos);
  }

  /** The peer has sent what was expected. */
  protected final void expectNothing() {
    readDeadline = NONE;
  }

  private static long in(long nanos) {
    long at = System.nanoTime() + nanos;
    return at == NONE ? 1 : at;
  }

  /** Whether the server closed the connection because the peer did nothing in time. */
  protected final boolean timedOut() {
    return timedOut;
  }

  /**
   * Writes all of the buffers. The peer must take some bytes from time to time, or the server
   * closes the connection. With the interrupt flag set, a channel would close before it writes, and
   * the response would be lost with the line of a log. So the flag is taken, and set again at the
   * end. An interrupt that comes during the write closes the channel.
   */
  protected final void write(ByteBuffer... buffers) throws IOException {
    long all = 0;
    for (ByteBuffer buffer : buffers) {
      all += buffer.remaining();
    }
    long nanos = server.limits().write().toNanos();
    int most = RequestThreads.areVirtual() ? Integer.MAX_VALUE : MOST_AT_ONCE;
    half = true;
    boolean interrupted = Thread.interrupted();
    try {
      while (all > 0) {
        writeDeadline = in(nanos);
        all -= write(channel, buffers, most);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    writeDeadline = NONE;
  }

  /** All that was written is whole, so that the connection may end in order. */
  protected final void whole() {
    half = false;
  }

  /** Writes some bytes of the buffers, at most so many. */
  static long write(GatheringByteChannel channel, ByteBuffer[] buffers, int most)
      throws IOException {
    int left = most;
    int count = 0;
    while (count < buffers.length && buffers[count].remaining() <= left) {
      left -= buffers[count].remaining();
      count++;
    }
    if (count == buffers.length) {
      return count == 1 ? channel.write(buffers[0]) : channel.write(buffers);
    }
    ByteBuffer last = buffers[count];
    int limit = last.limit();
    last.limit(last.position() + left);
    try {
      return channel.write(buffers, 0, count + 1);
    } finally {
      last.limit(limit);
    }
  }

  final void look(long now) {
    if (isPast(readDeadline, now) || isPast(writeDeadline, now)) {
      timedOut = owed || isPast(writeDeadline, now);
      breakOff();
      return;
    }
    tick(now);
  }

  /**
   * Makes the close of the channel a reset. lighttpd, and nginx with {@code fastcgi_buffering off},
   * take a normal end for the end of a whole response. A Unix socket has no reset. A reset takes
   * away what the peer has not read yet, so this method first gives the peer a moment to read.
   */
  protected final void cut() throws IOException {
    if (resetAtClose()) {
      LockSupport.parkNanos(BEFORE_RESET_NANOS);
    }
  }

  /** Returns whether the close of the channel will be a reset. */
  private boolean resetAtClose() throws IOException {
    if (!channel.supportedOptions().contains(StandardSocketOptions.SO_LINGER)) {
      return false;
    }
    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    return true;
  }

  /**
   * Closes the channel while it is in use. Half a response ends in a reset, as in {@link #cut}, but
   * at once, because the peer has had its time to read.
   */
  final void breakOff() {
    try {
      if (half) {
        resetAtClose();
      }
    } catch (IOException e) {
      // The channel is closed already.
    }
    close();
  }

  private static boolean isPast(long deadline, long now) {
    return deadline != NONE && now - deadline > 0;
  }

  /** Closes the channel. A thread that is reading or writing gets an exception. */
  protected final void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The channel had to be closed, and it is.
    }
  }
}

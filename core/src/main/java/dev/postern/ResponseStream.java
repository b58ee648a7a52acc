package dev.postern;

import dev.postern.internal.DirectOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The stream that a body is written to. It holds up to 8 KiB back, so that a response can still be
 * replaced and a short one gets its Content-Length. It commits the response at the first flush,
 * when it is full, or at the end. It never passes on more bytes than the Content-Length. As a
 * channel it passes blocks outside the heap on without a copy. Confined to the request's thread.
 */
final class ResponseStream extends OutputStream implements DirectOutput {
  static final int HELD = 8 * 1024;
  static final long UNKNOWN = -1;
  private static final int SHORT = 512;

  private final Exchange exchange;
  private final ResponseSink sink;
  private byte[] held = {};
  private int count;

  /** Bytes that the body has written, held or sent. */
  private long taken;

  private long sent;
  private long length = UNKNOWN;
  private boolean committed;
  private boolean ended;
  private @Nullable IOException excess;
  private @Nullable Throwable sinkFailure;
  private @Nullable Throwable unsendable;

  ResponseStream(Exchange exchange, ResponseSink sink) {
    this.exchange = exchange;
    this.sink = sink;
  }

  /**
   * Drops what is held, for a response of {@code newLength} bytes or {@link #UNKNOWN}. Called only
   * before the commit.
   */
  void replace(long newLength) {
    count = 0;
    taken = 0;
    length = newLength;
    excess = null;
    unsendable = null;
  }

  boolean isCommitted() {
    return committed;
  }

  /** Whether the response has a Content-Length, whatever its body will turn out to be. */
  boolean hasLength() {
    return length != UNKNOWN;
  }

  /** How many bytes of the body the sink took. */
  long sent() {
    return sent;
  }

  /** Set when the body was longer than its Content-Length and was cut there. */
  @Nullable IOException excess() {
    return excess;
  }

  /** The IOException of the sink, which means that the peer is gone. */
  @Nullable Throwable sinkFailure() {
    return sinkFailure;
  }

  /**
   * Another exception of the sink, which means that the response that was started last cannot be
   * sent.
   */
  @Nullable Throwable unsendable() {
    return unsendable;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int size) throws IOException {
    Objects.checkFromIndexSize(offset, size, bytes.length);
    checkOpen();
    if (exchange.discards()) {
      return;
    }
    int n = room(size);
    take(bytes, offset, n);
    checkTaken(n, size);
  }

  /** Writes all of the block. A large block goes to the sink as it is; a small one is copied. */
  @Override
  public int write(ByteBuffer block) throws IOException {
    int size = block.remaining();
    int n = room(size);
    if (n < HELD) {
      byte[] bytes = new byte[size];
      block.get(bytes);
      write(bytes, 0, size);
      return size;
    }
    checkOpen();
    if (!exchange.discards()) {
      taken += n;
      commit(length);
      drain();
      pass(block.slice(block.position(), n));
      checkTaken(n, size);
    }
    block.position(block.limit());
    return size;
  }

  @Override
  public boolean isDirect() {
    return sink.isDirect();
  }

  /** How many of {@code size} bytes still fit into the Content-Length. */
  private int room(int size) {
    return length == UNKNOWN ? size : (int) Math.min(size, length - taken);
  }

  private void checkTaken(int n, int size) throws IOException {
    if (n < size) {
      ExcessException thrown = new ExcessException(length);
      if (excess == null) {
        excess = thrown;
      }
      // Each call throws a new exception. If write() and then a writer's close() threw the same
      // one, it would suppress itself, which Java refuses.
      throw thrown;
    }
  }

  @Override
  public boolean isOpen() {
    return !ended;
  }

  @Override
  public void flush() throws IOException {
    checkOpen();
    commit(length);
    drain();
    try {
      sink.flush();
    } catch (IOException e) {
      throw gone(e);
    } catch (RuntimeException | Error e) {
      throw refused(e);
    }
  }

  /**
   * Does nothing. A writer may close its target when it is done, but the gateway ends the response.
   */
  @Override
  public void close() {}

  /** Sends hints. Called before anything else goes out. */
  void earlyHints(Headers hints) throws IOException {
    try {
      sink.earlyHints(hints);
    } catch (IOException e) {
      throw gone(e);
    }
  }

  /**
   * Sends everything that is held, because the body is written. If nothing went out before, the
   * response gets a Content-Length, unless trailers follow.
   */
  void finishBody(Headers trailers) throws IOException {
    if (excess == null && !exchange.discards() && length != UNKNOWN && taken < length) {
      throw new IOException(
          "body must have its Content-Length: " + taken + " of " + length + " bytes came");
    }
    exchange.checkCancelled();
    boolean framed = exchange.discards() || !trailers.isEmpty();
    commit(framed ? length : taken);
    drain();
    if (!trailers.isEmpty()) {
      send(trailers);
    }
  }

  private void send(Headers trailers) throws IOException {
    try {
      sink.trailers(trailers);
    } catch (IOException e) {
      throw gone(e);
    } catch (RuntimeException | Error e) {
      throw refused(e);
    }
  }

  /** Tells the sink that the response is whole. */
  void finish() throws IOException {
    try {
      sink.finish();
    } catch (IOException e) {
      throw gone(e);
    } catch (RuntimeException | Error e) {
      throw refused(e);
    }
  }

  /**
   * Makes every later use throw. An application may have kept the stream, which no longer belongs
   * to its response.
   */
  void end() {
    ended = true;
  }

  private void checkOpen() throws IOException {
    if (ended) {
      throw new IOException("response must not be written after its body was written");
    }
    exchange.checkCancelled();
    if (unsendable != null) {
      throw new IOException("response must be one that can be sent", unsendable);
    }
  }

  private void take(byte[] bytes, int offset, int size) throws IOException {
    taken += size;
    if (size >= HELD) {
      commit(length);
      drain();
      pass(bytes, offset, size);
      return;
    }
    int fits = Math.min(size, HELD - count);
    if (held.length < count + fits) {
      held = Arrays.copyOf(held, roomFor(fits));
    }
    System.arraycopy(bytes, offset, held, count, fits);
    count += fits;
    if (count == HELD) {
      commit(length);
      drain();
      System.arraycopy(bytes, offset + fits, held, 0, size - fits);
      count = size - fits;
    }
  }

  /**
   * The size of the buffer for the next bytes. Most bodies are one short block. If the length is
   * known and equals {@code size}, this block is the whole body.
   */
  private int roomFor(int size) {
    if (length == size) {
      return size;
    }
    return held.length == 0 && size <= SHORT ? SHORT : HELD;
  }

  private void commit(long bodyLength) throws IOException {
    if (committed) {
      return;
    }
    try {
      exchange.commit(bodyLength);
      committed = true;
    } catch (IOException e) {
      committed = true;
      throw gone(e);
    } catch (RuntimeException | Error e) {
      throw refused(e);
    }
  }

  private void drain() throws IOException {
    int n = count;
    count = 0;
    if (n > 0) {
      pass(held, 0, n);
    }
  }

  private void pass(byte[] bytes, int offset, int size) throws IOException {
    try {
      sink.write(bytes, offset, size);
    } catch (IOException e) {
      throw gone(e);
    } catch (RuntimeException | Error e) {
      throw refused(e);
    }
    sent += size;
  }

  private void pass(ByteBuffer block) throws IOException {
    int size = block.remaining();
    try {
      sink.write(block);
    } catch (IOException e) {
      throw gone(e);
    } catch (RuntimeException | Error e) {
      throw refused(e);
    }
    sent += size;
  }

  /** Cancels the exchange, so that whoever produces the body stops at once. */
  private IOException gone(IOException e) {
    if (sinkFailure == null) {
      sinkFailure = e;
      exchange.sinkFailed(e);
    }
    return e;
  }

  /**
   * Notes that the response cannot be sent. Another response can, if nothing of this one went out.
   */
  private IOException refused(Throwable e) {
    unsendable = e;
    if (committed && isReset(e)) {
      committed = false;
      sent = 0;
      exchange.uncommit();
    }
    return new IOException("response must be one that can be sent", e);
  }

  @SuppressWarnings("ReferenceEquality") // Java refuses an exception that suppresses itself.
  private boolean isReset(Throwable e) {
    try {
      return sink.reset();
    } catch (RuntimeException | Error another) {
      if (another != e) {
        e.addSuppressed(another);
      }
      return false;
    }
  }

  /** More than the Content-Length was written. */
  static final class ExcessException extends IOException {
    private static final long serialVersionUID = 1;

    ExcessException(long length) {
      super("body must not exceed its Content-Length: " + length);
    }
  }
}

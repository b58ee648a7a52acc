package dev.postern;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The stream that a body is written to. Holds up to 8 KiB back, so that a response can still be
 * replaced and a short one gets its Content-Length; commits at the first flush, when it is full, or
 * at the end; keeps to the Content-Length. As a channel it takes blocks that lie outside the heap
 * without a copy. Confined to the request's thread.
 */
final class ResponseStream extends OutputStream implements WritableByteChannel {
  static final int HELD = 8 * 1024;
  static final long UNKNOWN = -1;
  private static final int SHORT = 512;

  private final Exchange exchange;
  private final ResponseSink sink;
  private byte[] held = {};
  private int count;

  /** Taken from the body: held or sent. */
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
   * Drops what is held, for a response of {@code newLength} bytes or {@link #UNKNOWN}. Only before
   * the commit.
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

  /** Set when the body was longer than its Content-Length: it was cut there. */
  @Nullable IOException excess() {
    return excess;
  }

  /** The IOException of the sink: the peer is gone. */
  @Nullable Throwable sinkFailure() {
    return sinkFailure;
  }

  /** What else the sink threw: the response that was started last cannot be sent. */
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

  /** All of the block; one outside the heap is handed on as it is, unless it is a small one. */
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

  /** Whether blocks outside the heap reach the peer without a copy. */
  boolean isDirect() {
    return sink.isDirect();
  }

  /** How many of so many bytes the Content-Length leaves room for. */
  private int room(int size) {
    return length == UNKNOWN ? size : (int) Math.min(size, length - taken);
  }

  private void checkTaken(int n, int size) throws IOException {
    if (n < size) {
      ExcessException thrown = new ExcessException(length);
      if (excess == null) {
        excess = thrown;
      }
      // A new one each time: one that is thrown by write() and again by a writer's close() would
      // suppress itself, which Java refuses.
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
   * Nothing: the gateway ends the response, and a writer that closes its target has only said that
   * it is done.
   */
  @Override
  public void close() {}

  /** Before anything else goes out. */
  void earlyHints(Headers hints) throws IOException {
    try {
      sink.earlyHints(hints);
    } catch (IOException e) {
      throw gone(e);
    }
  }

  /**
   * The body is written: everything goes out. If nothing went out before, it has a Content-Length,
   * unless trailers follow it.
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

  /** The response is whole, and the sink is told so. */
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
   * From here on every use throws: the application has kept a stream that is not its own any more.
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

  /** Most bodies are one short block, and all of it where the length is known. */
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

  /** The response cannot be sent; another one can, as long as nothing of this one went out. */
  private IOException refused(Throwable e) {
    unsendable = e;
    if (committed && isReset(e)) {
      committed = false;
      sent = 0;
      exchange.uncommit();
    }
    return new IOException("response must be one that can be sent", e);
  }

  @SuppressWarnings("ReferenceEquality") // Nothing may suppress itself.
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

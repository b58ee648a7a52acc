package dev.postern;

import dev.postern.internal.TimeOuts;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A request's body. A body of known length ends at that length, whatever comes after it (RFC 3875
 * 4.2). If fewer bytes come, the reader gets an exception, so that half a body never looks whole. A
 * body of unknown length ends where its stream ends. {@code close()} does not close the connection.
 *
 * <p>If the connection breaks or stalls, the client is at fault. The exception then carries a
 * status that says so.
 */
final class RequestInput extends InputStream {
  private final InputStream in;
  private final long length;
  private long left;

  /** The exception that the reader got because of the client, or null. */
  private @Nullable IOException failure;

  private volatile boolean ended;

  /** The body of {@code length} bytes, or of an unknown number when that is negative. */
  RequestInput(InputStream in, long length) {
    this.in = in;
    this.length = length;
    this.left = length < 0 ? Long.MAX_VALUE : length;
  }

  @Override
  public int read() throws IOException {
    checkOpen();
    if (left == 0) {
      return -1;
    }
    int b;
    try {
      b = in.read();
    } catch (IOException e) {
      throw broken(e);
    }
    if (b < 0) {
      return end();
    }
    left--;
    return b;
  }

  @Override
  public int read(byte[] bytes, int offset, int size) throws IOException {
    if (size == 0) {
      return 0;
    }
    checkOpen();
    if (left == 0) {
      return -1;
    }
    int n;
    try {
      n = in.read(bytes, offset, (int) Math.min(size, left));
    } catch (IOException e) {
      throw broken(e);
    }
    if (n < 0) {
      return end();
    }
    left -= n;
    return n;
  }

  @Override
  public int available() throws IOException {
    checkOpen();
    return (int) Math.min(in.available(), left);
  }

  /**
   * Ends the body, because the request is over. The next bytes of the stream belong to another
   * request.
   */
  void endRequest() {
    ended = true;
  }

  private void checkOpen() throws IOException {
    if (ended) {
      throw new IOException("request body must be read before its exchange ends");
    }
  }

  /**
   * The exception that the reader got because of the client; null while nothing is wrong with the
   * body.
   */
  @Nullable IOException failure() {
    return failure;
  }

  private int end() throws ShortBodyException {
    if (length >= 0) {
      ShortBodyException thrown = new ShortBodyException(length, length - left);
      failure = thrown;
      throw thrown;
    }
    return -1;
  }

  /**
   * Makes the exception for the reader. A {@link GatewayException} stays as it is, because it may
   * say more. An interrupt stays as it is, because it is nobody's fault.
   */
  private IOException broken(IOException e) {
    boolean late = TimeOuts.isTimeOut(e);
    if (e instanceof InterruptedIOException && !late) {
      return e;
    }
    IOException thrown = e;
    if (!(e instanceof GatewayException)) {
      thrown =
          late
              ? new GatewayException(408, "request body must come in time", Headers.of(), null, e)
              : new GatewayException(
                  400, "request body must come whole: " + e, Headers.of(), null, e);
    }
    failure = thrown;
    return thrown;
  }
}

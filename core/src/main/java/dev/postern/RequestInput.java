package dev.postern;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A request's body. One of known length ends there, whatever comes after it (RFC 3875 4.2), and is
 * an error where it comes short, so that half a body never looks whole; one of unknown length ends
 * where its stream does. {@code close()} leaves the connection alone.
 *
 * <p>A connection that breaks or stalls is its client's fault: what is thrown then carries a status
 * that says so.
 */
final class RequestInput extends InputStream {
  private final InputStream in;
  private final long length;
  private long left;

  /** What the client did to the body, or null. */
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

  /** The request is over: what comes next is another one's. */
  void endRequest() {
    ended = true;
  }

  private void checkOpen() throws IOException {
    if (ended) {
      throw new IOException("request body must be read before its exchange ends");
    }
  }

  /** What the client did to the body, as it was thrown; null while nothing is wrong with it. */
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

  /** A gateway may have said more about it; an interrupt is nobody's fault. */
  private IOException broken(IOException e) {
    if (e instanceof InterruptedIOException && !(e instanceof SocketTimeoutException)) {
      return e;
    }
    IOException thrown = e;
    if (e instanceof SocketTimeoutException) {
      thrown = new GatewayException(408, "request body must come in time", Headers.of(), null, e);
    } else if (!(e instanceof GatewayException)) {
      thrown =
          new GatewayException(400, "request body must come whole: " + e, Headers.of(), null, e);
    }
    failure = thrown;
    return thrown;
  }
}

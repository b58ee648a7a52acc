package dev.postern;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * A request's body. One of known length ends there, whatever comes after it (RFC 3875 4.2), and is
 * an error where it comes short, so that half a body never looks whole; one of unknown length ends
 * where its stream does. {@code close()} leaves the connection alone.
 */
final class RequestInput extends InputStream {
  private final InputStream in;
  private final long length;
  private long left;

  /** The body of {@code length} bytes, or of an unknown number when that is negative. */
  RequestInput(InputStream in, long length) {
    this.in = in;
    this.length = length;
    this.left = length < 0 ? Long.MAX_VALUE : length;
  }

  @Override
  public int read() throws IOException {
    if (left == 0) {
      return -1;
    }
    int b = in.read();
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
    if (left == 0) {
      return -1;
    }
    int n = in.read(bytes, offset, (int) Math.min(size, left));
    if (n < 0) {
      return end();
    }
    left -= n;
    return n;
  }

  @Override
  public int available() throws IOException {
    return (int) Math.min(in.available(), left);
  }

  private int end() throws EOFException {
    if (length >= 0) {
      throw new EOFException(
          "request body must have " + length + " bytes: " + (length - left) + " came");
    }
    return -1;
  }
}

package dev.postern;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** {@link Body#of(InputStream)}. For one use. */
final class StreamBody implements Body {
  private static final int BLOCK = 16 * 1024;

  private final InputStream stream;

  /** In bytes, or -1 when the length is unknown. */
  private final long length;

  private long left;
  private long taken;
  private boolean used;

  StreamBody(InputStream stream, long length) {
    this.stream = stream;
    this.length = length;
    this.left = length < 0 ? Long.MAX_VALUE : length;
  }

  @Override
  public long length() {
    return length;
  }

  /** The next bytes, or -1 at the end. */
  private int read(byte[] buffer) throws IOException {
    if (left == 0) {
      return -1;
    }
    int n = stream.read(buffer, 0, (int) Math.min(buffer.length, left));
    if (n < 0 && length >= 0) {
      throw new EOFException(
          "stream of a body must have " + length + " bytes: " + (length - left) + " came");
    }
    left -= Math.max(n, 0);
    taken += Math.max(n, 0);
    return n;
  }

  /**
   * Whether the next read may wait, so that the bytes so far are flushed now. A read from memory or
   * from a regular file never waits, so a short body of such a stream is kept together.
   */
  private boolean mayWait() throws IOException {
    if (left == 0 || stream.available() > 0) {
      return false;
    }
    if (taken >= ResponseStream.HELD) {
      return true;
    }
    Class<?> type = stream.getClass();
    if (type == FileInputStream.class) {
      // The size is 0 for a pipe or a device.
      return ((FileInputStream) stream).getChannel().size() == 0;
    }
    return type != ByteArrayInputStream.class;
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    use();
    byte[] buffer = new byte[BLOCK];
    return new BlockIterator() {
      @Override
      @Nullable ByteBuffer read() throws IOException {
        int n = StreamBody.this.read(buffer);
        return n < 0 ? null : ByteBuffer.wrap(Arrays.copyOf(buffer, n));
      }
    };
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    use();
    byte[] buffer = new byte[BLOCK];
    for (int n = read(buffer); n >= 0; n = read(buffer)) {
      out.write(buffer, 0, n);
      if (mayWait()) {
        out.flush();
      }
    }
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }

  private void use() {
    if (used) {
      throw new IllegalStateException("body of a stream must be used once");
    }
    used = true;
  }
}

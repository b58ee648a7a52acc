package dev.postern.web.internal;

import dev.postern.HttpException;
import java.io.IOException;
import java.io.InputStream;

/**
 * A request's body with a limit. A read beyond the limit throws an {@link HttpException} with
 * status 413.
 */
public final class LimitedInput extends InputStream {
  private final InputStream in;
  private final long limit;
  private long read;

  /** The first {@code limit} bytes of a stream. */
  public LimitedInput(InputStream in, long limit) {
    this.in = in;
    this.limit = limit;
  }

  @Override
  public int read() throws IOException {
    int b = in.read();
    if (b >= 0) {
      count(1);
    }
    return b;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int n = in.read(bytes, offset, length);
    if (n > 0) {
      count(n);
    }
    return n;
  }

  @Override
  public int available() throws IOException {
    return in.available();
  }

  private void count(int n) {
    read += n;
    if (read > limit) {
      throw new HttpException(413, "request body must not be longer than " + limit);
    }
  }
}

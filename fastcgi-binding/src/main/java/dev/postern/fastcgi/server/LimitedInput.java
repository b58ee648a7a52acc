package dev.postern.fastcgi.server;

import java.io.IOException;
import java.io.InputStream;

/** A body of unknown length that may have so many bytes and no more. Not thread-safe. */
final class LimitedInput extends InputStream {
  private final InputStream in;
  private final long limit;
  private long taken;

  LimitedInput(InputStream in, long limit) {
    this.in = in;
    this.limit = limit;
  }

  @Override
  public int read() throws IOException {
    int b = in.read();
    taken(b < 0 ? 0 : 1);
    return b;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int n = in.read(bytes, offset, length);
    taken(Math.max(0, n));
    return n;
  }

  private void taken(int n) throws IOException {
    taken += n;
    if (taken > limit) {
      throw Settings.tooLarge(taken);
    }
  }

  @Override
  public int available() throws IOException {
    return in.available();
  }
}

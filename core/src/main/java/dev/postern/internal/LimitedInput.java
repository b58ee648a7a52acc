package dev.postern.internal;

import java.io.IOException;
import java.io.InputStream;

/** A body of unknown length that may have so many bytes and no more. Not thread-safe. */
public final class LimitedInput extends InputStream {
  /** Says that a body is too long. */
  @FunctionalInterface
  public interface Refusal {
    /** Always throws. The reader of the body gets the exception. */
    void refuse() throws IOException;
  }

  private final InputStream in;
  private final long limit;
  private final Refusal refusal;
  private long taken;

  /**
   * The first {@code limit} bytes of a stream.
   *
   * @param refusal is called for each read that goes beyond them
   */
  public LimitedInput(InputStream in, long limit, Refusal refusal) {
    this.in = in;
    this.limit = limit;
    this.refusal = refusal;
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
      refusal.refuse();
    }
  }

  @Override
  public int available() throws IOException {
    return in.available();
  }
}

package dev.postern.testing;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Passes bytes from one thread to another, without a bound, up to an end or a failure. Thread-safe.
 */
final class MemoryPipe extends InputStream {
  private final Deque<byte[]> blocks = new ArrayDeque<>();
  private boolean ended;
  private @Nullable IOException failure;

  /** Adds bytes. Throws when the other side has left. */
  synchronized void put(byte[] bytes, int offset, int length) throws IOException {
    throwFailure();
    if (length > 0) {
      blocks.add(Arrays.copyOfRange(bytes, offset, offset + length));
      notifyAll();
    }
  }

  /** Ends the pipe. What is there can still be read. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Makes both sides get this exception from now on, even if there are bytes. */
  synchronized void fail(IOException why) {
    failure = why;
    notifyAll();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public synchronized int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (length == 0) {
      return 0;
    }
    while (blocks.isEmpty() && !ended && failure == null) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while waiting for the other side", e);
      }
    }
    throwFailure();
    byte[] block = blocks.poll();
    if (block == null) {
      return -1;
    }
    int n = Math.min(length, block.length);
    System.arraycopy(block, 0, bytes, offset, n);
    if (n < block.length) {
      blocks.addFirst(Arrays.copyOfRange(block, n, block.length));
    }
    return n;
  }

  @Override
  public synchronized int available() {
    return blocks.isEmpty() ? 0 : blocks.getFirst().length;
  }

  private void throwFailure() throws IOException {
    if (failure != null) {
      throw new IOException(failure.getMessage(), failure);
    }
  }
}

package dev.postern.inprocess;

import dev.postern.process.BodyException;
import dev.postern.process.InputGate;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A program's standard input, which is the request's body. The program's own threads read it while
 * the request lasts. Thread-safe.
 */
final class RunInput extends InputStream {
  private static final int BLOCK = 8 * 1024;

  private final InputStream body;
  private final InputGate gate = new InputGate();
  private final Runnable failed;
  private final byte[] block = new byte[BLOCK];
  private int position;
  private int end;
  private volatile @Nullable BodyException failure;

  /** An input that reads {@code body}, and runs {@code failed} when the body cannot be read. */
  RunInput(InputStream body, Runnable failed) {
    this.body = body;
    this.failed = failed;
  }

  /** What reading the body threw, or null. */
  @Nullable BodyException failure() {
    return failure;
  }

  /** Whether a thread of the program waits for the client now. */
  boolean isWaiting() {
    return gate.isReading();
  }

  /** Returns when nothing reads the request's body any more. */
  void stop() {
    gate.close();
  }

  @Override
  public synchronized int read() throws IOException {
    return fill() ? block[position++] & 0xFF : -1;
  }

  @Override
  public synchronized int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (length == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int some = Math.min(length, end - position);
    System.arraycopy(block, position, bytes, offset, some);
    position += some;
    return some;
  }

  @Override
  public synchronized int available() throws IOException {
    return position < end || gate.isClosed() ? end - position : body.available();
  }

  private boolean fill() throws IOException {
    if (position < end) {
      return true;
    }
    int read;
    try {
      read = gate.read(body, block);
    } catch (BodyException e) {
      failure = e;
      failed.run();
      throw new IOException("request body must be readable", e);
    }
    if (read < 0 && gate.wasCut()) {
      throw new IOException("request has ended before its body");
    }
    position = 0;
    end = Math.max(0, read);
    return read > 0;
  }

  /** Does nothing. The program must not close the request's body. */
  @Override
  public void close() {
    // Nothing.
  }
}

package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The body of a client that sends little or nothing, and whose server gives up when the test says
 * so.
 */
public final class SilentBody extends InputStream {
  private static final long SECONDS = 60;

  private final CountDownLatch read = new CountDownLatch(1);
  private final CountDownLatch givenUp = new CountDownLatch(1);
  private int left;

  /** Of a client that sends nothing. */
  public SilentBody() {
    this(0);
  }

  /** Of a client that sends so many bytes, and then nothing. */
  public SilentBody(int bytes) {
    left = bytes;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (left > 0) {
      int n = Math.min(left, length);
      left -= n;
      return n;
    }
    return super.read(bytes, offset, length);
  }

  @Override
  public int read() throws IOException {
    read.countDown();
    try {
      givenUp.await();
    } catch (InterruptedException e) {
      throw new InterruptedIOException("interrupted while the client was silent");
    }
    throw new SocketTimeoutException("client is silent");
  }

  /** Waits for somebody to read it; false when nobody did. */
  public boolean awaitRead() throws InterruptedException {
    return read.await(SECONDS, TimeUnit.SECONDS);
  }

  /** Lets every read end. */
  public void giveUp() {
    givenUp.countDown();
  }
}

package dev.postern.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads a channel for a thread that may be interrupted. An interrupt closes a channel that the
 * interrupted thread reads from, and the response is lost then. So another thread reads the next
 * block while the reader waits for it. An interrupt ends only this wait: the block is there for the
 * next read. One thread reads at a time.
 */
public final class BlockInput extends InputStream {
  private static final int SIZE = 64 * 1024;

  /** No monitor: a virtual thread of JDK 21 would keep its carrier while it waits. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition arrived = lock.newCondition();
  private final Source source;
  private final Executor threads;
  private byte[] block = {};
  private int start;
  private int end;
  private boolean reading;
  private boolean ended;
  private @Nullable IOException failure;

  /** Where the blocks come from. */
  @FunctionalInterface
  public interface Source {
    /** Waits for bytes, and returns how many have come; -1 at the end. */
    int read(byte[] bytes) throws IOException;
  }

  /**
   * A stream that begins to read when it is asked for bytes.
   *
   * @param threads runs the read of each block on another thread than the reader's
   */
  public BlockInput(Source source, Executor threads) {
    this.source = source;
    this.threads = threads;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  /**
   * Reads some bytes.
   *
   * @throws InterruptedIOException when the thread is interrupted; it stays interrupted
   */
  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    lock.lock();
    try {
      while (start == end) {
        if (failure != null) {
          throw failure;
        }
        if (ended) {
          return -1;
        }
        begin();
        arrived.await();
      }
      int n = Math.min(length, end - start);
      System.arraycopy(block, start, bytes, offset, n);
      start += n;
      return n;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the body was waited for");
    } finally {
      lock.unlock();
    }
  }

  /** Has the next block read, unless a thread reads it already. Called with the lock held. */
  private void begin() {
    if (!reading && !Thread.currentThread().isInterrupted()) {
      if (block.length == 0) {
        block = new byte[SIZE];
      }
      reading = true;
      try {
        threads.execute(this::readBlock);
      } catch (RuntimeException | Error e) {
        reading = false;
        throw e;
      }
    }
  }

  /** Only this method touches the block while {@code reading} is set. */
  private void readBlock() {
    int n = 0;
    IOException failed = null;
    try {
      n = source.read(block);
    } catch (IOException e) {
      failed = e;
    } catch (RuntimeException | Error e) {
      failed = new IOException("request body must be read", e);
    }
    lock.lock();
    try {
      start = 0;
      end = Math.max(0, n);
      ended = n < 0;
      failure = failed;
      reading = false;
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int available() {
    lock.lock();
    try {
      return end - start;
    } finally {
      lock.unlock();
    }
  }
}

package dev.postern.inprocess;

import dev.postern.process.RunningProgram.Read;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A program's standard output on its way to the request's thread. It holds 64 KiB; when it is full,
 * the program waits. The reader is woken by a flush, by 8 KiB, by the end, and 5 ms after the first
 * byte. Thread-safe, for one reader.
 */
final class OutputPipe extends OutputStream {
  private static final int CAPACITY = 64 * 1024;
  private static final int SMALL = 2 * 1024;
  private static final int WORTH_WAKING = 8 * 1024;
  private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /**
   * How often the reader checks by itself before it wants to be woken. Most programs have ended by
   * then.
   */
  private static final long LOOKS = 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition readable = lock.newCondition();
  private final Condition writable = lock.newCondition();
  private byte[] buffer = new byte[SMALL];
  private byte[] taken = {};
  private int takenLength;
  private int count;
  private long first;
  private boolean flushed;
  private boolean ended;
  private boolean closed;
  private boolean woken;

  /** Whether the reader wants to be woken by the first byte. */
  private boolean asleep;

  // ---- the program's side ----

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  /** Drops bytes that come after the end. */
  @Override
  public void write(byte[] bytes, int offset, int length) {
    lock.lock();
    try {
      for (int done = 0; done < length && !closed && !ended; ) {
        int room = room(length - done);
        if (room == 0) {
          readable.signal();
          writable.awaitUninterruptibly();
          continue;
        }
        int some = Math.min(room, length - done);
        System.arraycopy(bytes, offset + done, buffer, count, some);
        begin(some);
        done += some;
      }
    } finally {
      lock.unlock();
    }
  }

  private void begin(int more) {
    boolean wasSmall = count < WORTH_WAKING;
    if (count == 0) {
      first = System.nanoTime();
    }
    boolean wake = count == 0 && asleep;
    count += more;
    if (wake || wasSmall && count >= WORTH_WAKING) {
      readable.signal();
    }
  }

  private int room(int wanted) {
    if (buffer.length - count < wanted && buffer.length < CAPACITY) {
      int size =
          Math.min(
              CAPACITY, Math.max(buffer.length * 2, Integer.highestOneBit(count + wanted) * 2));
      buffer = Arrays.copyOf(buffer, size);
    }
    return buffer.length - count;
  }

  @Override
  public void flush() {
    lock.lock();
    try {
      if (count > 0 && !flushed) {
        flushed = true;
        readable.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the output. */
  @Override
  public void close() {
    lock.lock();
    try {
      ended = true;
      readable.signalAll();
      writable.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // ---- the request's side ----

  Read read(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      takenLength = 0;
      long start = System.nanoTime();
      long now = start;
      for (int looks = 0; ; looks++) {
        if (isReady(now)) {
          return take();
        }
        if (count == 0 && (ended || closed)) {
          return Read.END;
        }
        if (woken) {
          return Read.WOKEN;
        }
        long left = nanos - (now - start);
        if (left <= 0) {
          return Read.TIMEOUT;
        }
        asleep = looks >= LOOKS;
        if (count > 0 || !asleep) {
          left = Math.min(left, count > 0 ? GATHER_NANOS - (now - first) : GATHER_NANOS);
        }
        readable.awaitNanos(left);
        asleep = false;
        now = System.nanoTime();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isReady(long now) {
    return count > 0
        && (flushed || count >= WORTH_WAKING || ended || closed || now - first >= GATHER_NANOS);
  }

  /** Exchanges the two buffers. */
  private Read take() {
    byte[] free = taken.length == 0 ? new byte[SMALL] : taken;
    taken = buffer;
    takenLength = count;
    buffer = free;
    count = 0;
    flushed = false;
    writable.signalAll();
    return Read.BLOCK;
  }

  byte[] bytes() {
    return taken;
  }

  int length() {
    return takenLength;
  }

  boolean hasMore() {
    lock.lock();
    try {
      return count > 0;
    } finally {
      lock.unlock();
    }
  }

  boolean isEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  void wake() {
    lock.lock();
    try {
      woken = true;
      readable.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void unwake() {
    lock.lock();
    try {
      woken = false;
    } finally {
      lock.unlock();
    }
  }

  /** From now on all bytes are dropped. A thread that waits to write goes on. */
  void abandon() {
    lock.lock();
    try {
      closed = true;
      readable.signalAll();
      writable.signalAll();
    } finally {
      lock.unlock();
    }
  }
}

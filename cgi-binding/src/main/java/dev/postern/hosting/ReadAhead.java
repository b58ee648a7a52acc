package dev.postern.hosting;

import dev.postern.process.Pumps;
import dev.postern.system.Spool;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds output of a program for a slow client, so that the program can end and others can have its
 * place. The request's thread says when it leaves the program to pass a block on. When it stays
 * away for long, another thread reads the program's output into a {@link Spool}, until there is no
 * room, the client has caught up, or the output has ended. The request's thread then takes the
 * output from here. Only one of the two threads has the program at a time. Thread-safe.
 */
final class ReadAhead {
  /** A client that takes nothing for so long is slow. */
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private static final int IN_MEMORY = 64 * 1024;
  private static final int BLOCK = 64 * 1024;

  /**
   * Output may take half of what all spools may hold. The other half is left to requests' bodies.
   */
  private static final int ALL_SHARE = 2;

  private static final int RUN_SHARE = 8;

  private final long budget;
  private final long share;
  private final BooleanSupplier keepBlock;
  private final Runnable reader;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean away;
  private long awaySince;
  private boolean reading;
  private boolean impossible;
  private boolean stopped;

  /** Whether all output has been read. The program may still be watched. */
  private boolean whole;

  /** Whether the request's thread has passed everything on, and waits here. */
  private boolean awaited;

  private @Nullable Spool spool;
  private @Nullable InputStream spooled;

  /** What the spool had no room for. */
  private byte @Nullable [] last;

  private @Nullable Throwable failure;

  /**
   * For one run.
   *
   * @param maxSpool how many bytes all spools of this JVM may hold
   * @param keepBlock lets a block that is being passed on stay as it is; false if it cannot be
   * @param reader reads, and calls {@link #add} and {@link #end}
   */
  ReadAhead(long maxSpool, BooleanSupplier keepBlock, Runnable reader) {
    this.budget = maxSpool / ALL_SHARE;
    this.share = maxSpool / RUN_SHARE;
    this.keepBlock = keepBlock;
    this.reader = reader;
  }

  // ---- the request's thread ----

  /** Leaves the program, to pass on what it has written. */
  void leave() {
    lock.lock();
    try {
      away = true;
      awaySince = System.nanoTime();
    } finally {
      lock.unlock();
    }
  }

  /** Comes back: false when the program is being read by another thread. */
  boolean comeBack() {
    lock.lock();
    try {
      away = false;
      return !reading;
    } finally {
      lock.unlock();
    }
  }

  /** Whether there is output here, or may be. */
  boolean isInUse() {
    lock.lock();
    try {
      return reading || spool != null || last != null || failure != null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next output that was read ahead; waits for it. Null when there is no more. The caller then
   * has the program again, unless {@link #isWhole}.
   *
   * @throws Exception what ended the reading before the output was whole, after all that was read
   *     before
   */
  @Nullable ByteBuffer next() throws Exception {
    lock.lock();
    try {
      while (true) {
        byte[] bytes = take();
        if (bytes != null) {
          return ByteBuffer.wrap(bytes);
        }
        // What the program does after a whole answer takes nothing back from the client.
        if (whole) {
          return null;
        }
        if (failure instanceof Error error) {
          throw error;
        }
        if (failure != null) {
          throw (Exception) failure;
        }
        if (!reading) {
          return null;
        }
        awaited = true;
        changed.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the program's output was read");
    } finally {
      awaited = false;
      lock.unlock();
    }
  }

  private byte @Nullable [] take() throws IOException {
    if (spooled != null) {
      byte[] bytes = spooled.readNBytes(BLOCK);
      if (bytes.length > 0) {
        return bytes;
      }
    }
    if (reading) {
      return null;
    }
    drop();
    byte[] bytes = last;
    last = null;
    return bytes;
  }

  private void drop() throws IOException {
    if (spool != null) {
      spool.close();
    }
    spool = null;
    spooled = null;
  }

  /** Whether all output that is to be passed on has been read. */
  boolean isWhole() {
    lock.lock();
    try {
      return whole;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Lets nobody read ahead any more, and drops what was not taken. The caller then has the program.
   *
   * @param wake lets the reader return
   */
  void stop(Runnable wake) throws IOException {
    lock.lock();
    try {
      stopped = true;
      away = false;
      if (reading) {
        wake.run();
      }
      while (reading) {
        changed.awaitUninterruptibly();
      }
      drop();
    } finally {
      lock.unlock();
    }
  }

  // ---- whoever looks after slow clients ----

  /** Begins to read when the request's thread has been away for long. */
  void look(long now) {
    lock.lock();
    try {
      if (!away || reading || stopped || impossible || now - awaySince < SLOW_NANOS) {
        return;
      }
      if (spool != null || last != null || !keepBlock.getAsBoolean()) {
        impossible = spool == null && last == null;
        return;
      }
      reading = true;
      try {
        Pumps.run(reader);
      } catch (RuntimeException | Error e) {
        // For example, there is no thread. The program then waits for its client.
        reading = false;
      }
    } finally {
      lock.unlock();
    }
  }

  // ---- the reader ----

  boolean isStopped() {
    lock.lock();
    try {
      return stopped;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes output. False when the reader must stop: there is no room, or the client is not slow any
   * more.
   */
  boolean add(byte[] bytes) {
    lock.lock();
    try {
      if (spool == null) {
        spool = new Spool(Spool.directory(), IN_MEMORY, budget);
        spooled = spool.open();
      }
      boolean more = !awaited && !stopped;
      try {
        if (spool.length() + bytes.length > share) {
          throw new IOException("output read ahead must not be more than " + share + " bytes");
        }
        spool.write(bytes, bytes.length);
      } catch (IOException e) {
        last = bytes;
        more = false;
      }
      changed.signalAll();
      return more;
    } finally {
      lock.unlock();
    }
  }

  /** No more output is to come. The reader may go on to watch the program. */
  void complete() {
    lock.lock();
    try {
      whole = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The reader lets go of the program. */
  void end(@Nullable Throwable newFailure) {
    lock.lock();
    try {
      reading = false;
      failure = newFailure;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}

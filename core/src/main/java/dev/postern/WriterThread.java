package dev.postern;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Turns a writer into an iterator. The writer has a thread of its own, which starts when the first
 * block is asked for. The two sides take turns. So only one of them runs at any time, and at most
 * one block exists.
 *
 * <p>The interrupt flag goes with the turn. The writer finds the flag of the thread that pulls, as
 * if it ran on that thread. The pulling thread then finds the flag as the writer has left it.
 */
final class WriterThread implements Iterator<ByteBuffer> {
  /** How long {@link #close} waits for a writer that ignores both its stream and an interrupt. */
  private static final long CLOSE_MILLIS = 1000;

  private enum Turn {
    PULLER,
    WRITER
  }

  private final Body.Writer writer;
  private Turn turn = Turn.PULLER;
  private @Nullable Thread thread;
  private @Nullable ByteBuffer block;
  private @Nullable Throwable failure;

  /** The interrupt flag on its way from one side to the other. */
  private boolean interrupted;

  /** The writer has returned or thrown. */
  private volatile boolean ended;

  private volatile boolean closed;

  WriterThread(Body.Writer writer) {
    this.writer = writer;
  }

  /**
   * Whether the current thread is the writer's side of a pulled body. A request's thread waits for
   * it meanwhile.
   */
  static boolean isCurrent() {
    return Thread.currentThread() instanceof BodyThread;
  }

  @Override
  public synchronized boolean hasNext() {
    if (block == null && !ended && !closed) {
      interrupted = Thread.interrupted();
      turn = Turn.WRITER;
      if (thread == null) {
        Thread started = new BodyThread(this::run);
        started.setDaemon(true);
        started.start();
        thread = started;
      }
      notifyAll();
      awaitPullersTurn();
    }
    if (block == null && failure != null) {
      throw Blocks.unchecked(failure);
    }
    if (block == null && !ended) {
      throw Blocks.unchecked(new IOException("body must not be read after it was closed"));
    }
    return block != null;
  }

  @Override
  public synchronized ByteBuffer next() {
    if (!hasNext() || block == null) {
      throw new NoSuchElementException();
    }
    ByteBuffer taken = block;
    block = null;
    return taken;
  }

  /**
   * Ends the writer. Its stream throws from now on. If the writer waits for something else, it is
   * interrupted.
   */
  @SuppressWarnings("ReferenceEquality") // A thread equals only itself.
  void close() {
    Thread running;
    synchronized (this) {
      closed = true;
      running = thread;
      notifyAll();
    }
    if (running == null || running == Thread.currentThread()) {
      return;
    }
    running.interrupt();
    boolean flag = Thread.interrupted();
    try {
      running.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      flag = true;
    }
    if (flag) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    Throwable thrown = null;
    takeInterrupt();
    try {
      HandingStream out = new HandingStream();
      writer.writeTo(out);
      out.flush();
    } catch (Throwable e) {
      thrown = e;
    }
    synchronized (this) {
      failure = thrown;
      ended = true;
      interrupted = Thread.interrupted() || thrown instanceof InterruptedException;
      turn = Turn.PULLER;
      notifyAll();
    }
  }

  /** Gives a block to the puller and returns when it asks for the next one. */
  private synchronized void hand(byte[] bytes) throws IOException {
    checkOpen();
    block = ByteBuffer.wrap(bytes);
    interrupted = Thread.interrupted();
    turn = Turn.PULLER;
    notifyAll();
    boolean meanwhile = false;
    try {
      while (turn != Turn.WRITER) {
        checkOpen();
        try {
          wait();
        } catch (InterruptedException e) {
          meanwhile = true;
        }
      }
      takeInterrupt();
    } finally {
      if (meanwhile) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Sets this thread's interrupt flag if the flag of the other side was set. */
  private synchronized void takeInterrupt() {
    if (interrupted) {
      interrupted = false;
      Thread.currentThread().interrupt();
    }
  }

  private void checkOpen() throws IOException {
    if (ended) {
      throw new IOException("response must not be written after its body was written");
    }
    if (closed) {
      throw new IOException("body must not be written after it was closed");
    }
  }

  private void awaitPullersTurn() {
    boolean given = interrupted;
    boolean late = false;
    while (turn != Turn.PULLER && !closed) {
      try {
        wait();
      } catch (InterruptedException e) {
        if (turn == Turn.WRITER && thread != null) {
          thread.interrupt();
          given = true;
        } else {
          late = true;
        }
      }
    }
    takeInterrupt();
    // If another thread closes the body meanwhile, the writer gives no flag back.
    if (late || given && turn == Turn.WRITER) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class BodyThread extends Thread {
    BodyThread(Runnable writer) {
      super(writer, "postern-body-writer");
    }
  }

  /** Collects small writes into blocks of 8 KiB; a flush hands over what there is. */
  private final class HandingStream extends OutputStream {
    private final byte[] held = new byte[ResponseStream.HELD];
    private int count;

    @Override
    public void write(int b) throws IOException {
      checkOpen();
      if (count == held.length) {
        flush();
      }
      held[count++] = (byte) b;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, bytes.length);
      checkOpen();
      if (length >= held.length) {
        flush();
        hand(Arrays.copyOfRange(bytes, offset, offset + length));
        return;
      }
      if (length > held.length - count) {
        flush();
      }
      System.arraycopy(bytes, offset, held, count, length);
      count += length;
    }

    @Override
    public void flush() throws IOException {
      checkOpen();
      if (count > 0) {
        byte[] bytes = Arrays.copyOf(held, count);
        count = 0;
        hand(bytes);
      }
    }

    /** Does nothing. A writer may close its target when it is done. */
    @Override
    public void close() {}
  }
}

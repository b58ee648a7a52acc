package dev.postern.process;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a {@link Process} where a request runs in a process that is not our own child.
 * Thread-safe.
 */
abstract class PipedProcess extends Process {
  /**
   * How long a process may take to read its request. Usually it reads at once; after this time it
   * counts as hung.
   */
  static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(3);

  /**
   * How long the pipe of a killed process may still hold a request, because others hold the pipe.
   */
  static final long KILLED_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** An empty pipe takes so much at once, even if the system is short of memory for pipes. */
  private static final int ALWAYS_FITS = 4096;

  private static final long FIRST_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
  private static final long LAST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /**
   * How often to check whether the process lives. This reads a file, so it is done more rarely than
   * the check of the pipe.
   */
  private static final long LIVES_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  final ForkedChild child;
  private final ProcessHandle handle;
  private volatile @Nullable Pipes pipes;

  /** Whether the process's parent was told to forget it. */
  private final AtomicBoolean told = new AtomicBoolean();

  /**
   * Takes a process. Does not open its pipes.
   *
   * @param pipes those that are open already, or null
   * @throws IOException when the process is gone
   */
  PipedProcess(ForkedChild child, @Nullable Pipes pipes) throws IOException {
    this.child = child;
    this.handle =
        ProcessHandle.of(child.pid())
            .orElseThrow(() -> new IOException("process of a request must be alive"));
    this.pipes = pipes;
  }

  /** A child that ends with its request, or a worker that goes on. */
  static PipedProcess of(ForkedChild child) throws IOException {
    return child.turn() == null ? new ForkedProcess(child, null) : new WorkerTurn(child);
  }

  /**
   * Opens the process's pipes, for a caller that reads and writes them on threads. Called once,
   * before {@link #begin}; {@link #close} closes what was opened.
   *
   * @param body whether the process gets a body
   * @throws IOException when the process is gone, or the system does not let us open its files
   */
  final void open(boolean body) throws IOException {
    pipes =
        Pipes.open(
            child.file(child.output()),
            child.file(child.errors()),
            body ? child.file(child.input()) : null);
  }

  /**
   * Hands the process its request. Returns when the process has taken all of it, and thereby begun.
   * A process that does not take the request in time is killed.
   *
   * @throws IOException when the process has not got all of the request, so that it has not run and
   *     will not. The exception has a cause that is no {@link IOException} when the process was
   *     killed and may have begun before
   */
  final void begin(byte[] request) throws IOException {
    // This is no channel. An interrupt would close a channel, and nobody would know whether all of
    // the request was written.
    try (FileOutputStream control = new FileOutputStream(child.file(child.control()).toFile());
        FileInputStream unread = new FileInputStream(control.getFD())) {
      hand(request, control, unread);
    }
  }

  /**
   * Writes the request, and waits until the process has taken all of it. Writes no more than fits,
   * because nobody could give up a write that blocks.
   */
  private void hand(byte[] request, FileOutputStream control, FileInputStream unread)
      throws IOException {
    long begun = System.nanoTime();
    long lived = 0;
    long look = FIRST_LOOK_NANOS;
    boolean killed = false;
    int sent = 0;
    // The process has begun when the pipe is empty. We hold the pipe too, so it stays when the
    // process ends.
    while (sent < request.length || unread.available() > 0) {
      if (sent < request.length && unread.available() == 0) {
        int piece = Math.min(ALWAYS_FITS, request.length - sent);
        control.write(request, sent, piece);
        sent += piece;
        look = FIRST_LOOK_NANOS;
        continue;
      }
      long waited = System.nanoTime() - begun;
      if (waited - lived >= LIVES_NANOS) {
        lived = waited;
        // The pipe is checked again, because the process may have begun and ended in between.
        if (!isAlive() && unread.available() > 0) {
          throw notTaken(false);
        }
      }
      if (!killed && waited > PATIENCE_NANOS) {
        handle.destroyForcibly();
        killed = true;
      }
      if (waited > PATIENCE_NANOS + KILLED_NANOS) {
        throw notTaken(true);
      }
      pause(look);
      look = Math.min(look * 2, LAST_LOOK_NANOS);
    }
    if (killed) {
      throw notTaken(true);
    }
  }

  /**
   * The failure of a process that did not take its request. If it was killed, it may have begun
   * before; the cause says so.
   */
  static IOException notTaken(boolean killed) {
    return killed
        ? new IOException(
            "process of a request must take it in time", new IllegalStateException("killed"))
        : new IOException("process of a request must take it");
  }

  /** The failure of a look at a process that may have all of its request. */
  static IOException mayHaveBegun(IOException cause) {
    return new IOException("program may have begun", new IllegalStateException(cause));
  }

  /** Sleeps. An interrupt does not end the start; it is kept for what comes after. */
  private static void pause(long nanos) {
    boolean interrupted = Thread.interrupted();
    LockSupport.parkNanos(nanos);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public final OutputStream getOutputStream() {
    return opened().input();
  }

  @Override
  public final InputStream getInputStream() {
    return opened().output();
  }

  @Override
  public final InputStream getErrorStream() {
    return opened().errors();
  }

  private Pipes opened() {
    Pipes open = pipes;
    if (open == null) {
      throw new IllegalStateException("pipes must be open");
    }
    return open;
  }

  @Override
  public final int waitFor() throws InterruptedException {
    while (!waitFor(1, TimeUnit.SECONDS)) {
      // Not yet.
    }
    return exitValue();
  }

  @Override
  public final long pid() {
    return child.pid();
  }

  @Override
  public final ProcessHandle toHandle() {
    return handle;
  }

  @Override
  public final void destroy() {
    handle.destroy();
  }

  /** See {@link Pipes#stopReading}. */
  final void stopReading() {
    opened().stopReading();
  }

  /** Closes the process's pipes that are open. */
  final void close() {
    Pipes open = pipes;
    if (open != null) {
      open.close();
    }
  }

  /** Releases everything. Afterwards nobody may ask or signal the process. */
  void forget() {
    close();
    reap();
  }

  /** Tells the parent, once, that nobody asks any more how the process ended. */
  final void reap() {
    if (told.compareAndSet(false, true)) {
      child.forget().accept(child.pid());
    }
  }
}

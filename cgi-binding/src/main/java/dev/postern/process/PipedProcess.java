package dev.postern.process;

import java.io.Closeable;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What runs one request in a process that is not our own child, in the place of one that is. Its
 * pipes are opened by /proc. Thread-safe, but for {@link #open}.
 */
abstract class PipedProcess extends Process {
  /** A process that waits for its request takes it at once; one that does not hangs. */
  static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(3);

  private static final long FIRST_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
  private static final long LAST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** Whether the process lives is looked up in a file: more rarely than what is in its pipe. */
  private static final long LIVES_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  final ForkedChild child;
  private final ProcessHandle handle;
  private final @Nullable FileInputStream status;
  private @Nullable FileChannel output;
  private @Nullable FileChannel errors;
  private @Nullable FileChannel input;

  /**
   * One that has not begun, and whose pipes are not opened here.
   *
   * @throws IOException when it is gone, or the system does not let us
   */
  PipedProcess(ForkedChild child) throws IOException {
    this.child = child;
    this.handle =
        ProcessHandle.of(child.pid())
            .orElseThrow(() -> new IOException("process of a request must be alive"));
    // No channel, which an interrupt would close.
    this.status =
        child.status() < 0 ? null : new FileInputStream(child.file(child.status()).toFile());
  }

  /** A child that ends with its request, or a worker that does not. */
  static PipedProcess of(ForkedChild child) throws IOException {
    return child.turn() == null ? new ForkedProcess(child) : new WorkerTurn(child);
  }

  /**
   * Opens its pipes, for who reads and writes them by threads. Called once, before {@link #begin};
   * {@link #close} closes what was opened.
   *
   * @param body whether it gets one
   * @throws IOException when it is gone, or the system does not let us
   */
  final void open(boolean body) throws IOException {
    output = FileChannel.open(child.file(child.output()), StandardOpenOption.READ);
    errors = FileChannel.open(child.file(child.errors()), StandardOpenOption.READ);
    if (body) {
      input = FileChannel.open(child.file(child.input()), StandardOpenOption.WRITE);
    }
  }

  /**
   * Hands it its request, and returns when it has taken all of it, and thereby begun. One that does
   * not take it in time is killed.
   *
   * @throws IOException when it has not got all of it, so that it has not run and will not; with a
   *     cause that is no {@link IOException} when it was killed and may have begun before
   */
  final void begin(byte[] request) throws IOException {
    // No channel: an interrupt would close that, and leave open whether all was written.
    try (FileOutputStream control = new FileOutputStream(child.file(child.control()).toFile());
        FileInputStream unread = new FileInputStream(control.getFD())) {
      control.write(request);
      if (status != null) {
        awaitProgram(status, unread);
        status.close();
        return;
      }
      long begun = System.nanoTime();
      long lived = begun;
      long look = FIRST_LOOK_NANOS;
      boolean killed = false;
      // A process begins when nothing is left in the pipe, which we hold, so that it outlives it.
      while (unread.available() > 0) {
        long now = System.nanoTime();
        if (now - lived >= LIVES_NANOS) {
          lived = now;
          // The pipe is looked at again: it may have begun, and ended, in between.
          if (!isAlive() && unread.available() > 0) {
            throw notTaken(false);
          }
        }
        if (!killed && now - begun > PATIENCE_NANOS) {
          handle.destroyForcibly();
          killed = true;
        }
        pause(look);
        look = Math.min(look * 2, LAST_LOOK_NANOS);
      }
      if (killed) {
        throw notTaken(true);
      }
    }
  }

  /** One that was killed, and had taken all by then, may have begun: its cause tells that. */
  static IOException notTaken(boolean killed) {
    return killed
        ? new IOException(
            "process of a request must take it in time", new IllegalStateException("killed"))
        : new IOException("process of a request must take it");
  }

  /** Until the program runs, and its child has let go of the pipe with all else. */
  private static void awaitProgram(FileInputStream status, FileInputStream unread)
      throws IOException {
    // Longer than any reason of the system's.
    byte[] why = new byte[256];
    int n;
    try {
      n = status.read(why);
    } catch (IOException e) {
      throw new IOException("program may have begun", new IllegalStateException(e));
    }
    if (n > 0) {
      throw new IOException(
          "program must be one that can be run: "
              + new String(why, 0, n, StandardCharsets.ISO_8859_1));
    }
    if (unread.available() > 0) {
      throw notTaken(false);
    }
  }

  /** An interrupt is for what comes after the start. */
  private static void pause(long nanos) {
    boolean interrupted = Thread.interrupted();
    LockSupport.parkNanos(nanos);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public final OutputStream getOutputStream() {
    return input == null ? OutputStream.nullOutputStream() : Channels.newOutputStream(input);
  }

  @Override
  public final InputStream getInputStream() {
    return Channels.newInputStream(opened(output));
  }

  @Override
  public final InputStream getErrorStream() {
    return Channels.newInputStream(opened(errors));
  }

  private static FileChannel opened(@Nullable FileChannel pipe) {
    if (pipe == null) {
      throw new IllegalStateException("pipes must be open");
    }
    return pipe;
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

  /** Closes the output, which wakes who reads it; what writes on gets EPIPE. */
  final void stopReading() {
    closeQuietly(output);
  }

  /** Closes its pipes. */
  final void close() {
    closeQuietly(input);
    closeQuietly(output);
    closeQuietly(errors);
    closeQuietly(status);
  }

  /** Lets go of all. Nothing is asked or signalled afterwards. */
  abstract void forget();

  private static void closeQuietly(@Nullable Closeable file) {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      // Nothing is left to close then.
    }
  }
}

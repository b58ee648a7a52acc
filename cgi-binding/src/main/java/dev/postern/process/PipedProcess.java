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
 * What runs one request in a process that is not our own child, in the place of one that is, for
 * {@link PortableProcess}. Its pipes are opened by /proc. Thread-safe.
 */
abstract class PipedProcess extends Process {
  /** A process that waits for its request takes it at once; one that does not hangs. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(3);

  private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  final ForkedChild child;
  private final ProcessHandle handle;
  private final FileChannel output;
  private final FileChannel errors;
  private final @Nullable FileChannel input;
  private final @Nullable FileInputStream status;
  private final InputStream outputStream;
  private final InputStream errorStream;
  private final OutputStream inputStream;

  /**
   * Opens the pipes of one that has not begun.
   *
   * @param body whether it gets one
   * @throws IOException when it is gone, or the system does not let us
   */
  PipedProcess(ForkedChild child, boolean body) throws IOException {
    this.child = child;
    this.handle =
        ProcessHandle.of(child.pid())
            .orElseThrow(() -> new IOException("process of a request must be alive"));
    FileChannel out = null;
    FileChannel err = null;
    FileChannel in = null;
    try {
      out = FileChannel.open(child.file(child.output()), StandardOpenOption.READ);
      err = FileChannel.open(child.file(child.errors()), StandardOpenOption.READ);
      in = body ? FileChannel.open(child.file(child.input()), StandardOpenOption.WRITE) : null;
      // No channel, which an interrupt would close.
      this.status =
          child.status() < 0 ? null : new FileInputStream(child.file(child.status()).toFile());
    } catch (IOException | RuntimeException | Error e) {
      closeQuietly(out);
      closeQuietly(err);
      closeQuietly(in);
      throw e;
    }
    this.input = in;
    this.output = out;
    this.errors = err;
    this.outputStream = Channels.newInputStream(out);
    this.errorStream = Channels.newInputStream(err);
    this.inputStream =
        input == null ? OutputStream.nullOutputStream() : Channels.newOutputStream(input);
  }

  /** Opens the pipes of a child that ends with its request, or of a worker that does not. */
  static PipedProcess open(ForkedChild child, boolean body) throws IOException {
    return child.turn() == null ? new ForkedProcess(child, body) : new WorkerTurn(child, body);
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
      boolean killed = false;
      // A process begins when nothing is left in the pipe, which we hold, so that it outlives it.
      while (unread.available() > 0) {
        if (!isAlive()) {
          // Looked at again: it may have begun, and ended, in between.
          if (unread.available() == 0) {
            break;
          }
          throw new IOException("process of a request must take it");
        }
        if (!killed && System.nanoTime() - begun > PATIENCE_NANOS) {
          handle.destroyForcibly();
          killed = true;
        }
        pause();
      }
      if (killed) {
        throw new IOException(
            "process of a request must take it in time", new IllegalStateException("killed"));
      }
    }
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
      throw new IOException("process of a request must take it");
    }
  }

  /** An interrupt is for what comes after the start. */
  private static void pause() {
    boolean interrupted = Thread.interrupted();
    LockSupport.parkNanos(LOOK_NANOS);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public final OutputStream getOutputStream() {
    return inputStream;
  }

  @Override
  public final InputStream getInputStream() {
    return outputStream;
  }

  @Override
  public final InputStream getErrorStream() {
    return errorStream;
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

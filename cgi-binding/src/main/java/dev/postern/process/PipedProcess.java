package dev.postern.process;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * What runs one request in a process that is not our own child, in the place of one that is, for
 * {@link PortableProcess}. Its pipes are opened by /proc. Thread-safe.
 */
abstract class PipedProcess extends Process {
  final ForkedChild child;
  private final ProcessHandle handle;
  private final FileChannel output;
  private final FileChannel errors;
  private final @Nullable FileChannel input;
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
    try {
      out = FileChannel.open(child.file(child.output()), StandardOpenOption.READ);
      err = FileChannel.open(child.file(child.errors()), StandardOpenOption.READ);
      this.input =
          body ? FileChannel.open(child.file(child.input()), StandardOpenOption.WRITE) : null;
    } catch (IOException | RuntimeException | Error e) {
      closeQuietly(out);
      closeQuietly(err);
      throw e;
    }
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
   * Hands it its request, which it then runs.
   *
   * @throws IOException when it has not got all of it, so that it does not run
   */
  final void begin(byte[] request) throws IOException {
    // No channel: an interrupt would close that, and leave open whether all was written.
    try (FileOutputStream control = new FileOutputStream(child.file(child.control()).toFile())) {
      control.write(request);
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
  }

  /** Lets go of all. Nothing is asked or signalled afterwards. */
  abstract void forget();

  private static void closeQuietly(@Nullable FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      // Nothing is left to close then.
    }
  }
}

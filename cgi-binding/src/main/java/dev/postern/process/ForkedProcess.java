package dev.postern.process;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A child of a fork server in the place of a process of our own, for {@link PortableProcess}. Its
 * parent keeps it as a zombie, and thus its number and status, until {@link #forget}. Thread-safe.
 */
final class ForkedProcess extends Process {
  private static final int RUNNING = -1;
  private static final int SIGNALLED = 128;

  /** A child ends right after its output, as a rule, so that the first looks come soon. */
  private static final long FIRST_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  private static final long LAST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final ForkedChild child;
  private final Path stat;
  private final long start;
  private final ProcessHandle handle;
  private final FileChannel output;
  private final FileChannel errors;
  private final @Nullable FileChannel input;
  private final InputStream outputStream;
  private final InputStream errorStream;
  private final OutputStream inputStream;
  private int code = RUNNING;
  private boolean forgotten;

  private ForkedProcess(
      ForkedChild child,
      ProcessTable.Entry entry,
      ProcessHandle handle,
      FileChannel output,
      FileChannel errors,
      @Nullable FileChannel input) {
    this.child = child;
    this.stat = Path.of("/proc", Long.toString(child.pid()), "stat");
    this.start = entry.start();
    this.handle = handle;
    this.output = output;
    this.errors = errors;
    this.input = input;
    this.outputStream = Channels.newInputStream(output);
    this.errorStream = Channels.newInputStream(errors);
    this.inputStream =
        input == null ? OutputStream.nullOutputStream() : Channels.newOutputStream(input);
  }

  /**
   * Opens the pipes of a child, which has not begun.
   *
   * @param body whether it gets one
   * @throws IOException when it is gone, or the system does not let us
   */
  static ForkedProcess open(ForkedChild child, boolean body) throws IOException {
    ProcessTable.Entry entry = ProcessTable.of(child.pid());
    ProcessHandle handle = ProcessHandle.of(child.pid()).orElse(null);
    if (entry == null || handle == null || entry.isDead()) {
      throw new IOException("child of a fork server must be alive");
    }
    FileChannel output = null;
    FileChannel errors = null;
    try {
      output = FileChannel.open(child.file(child.output()), StandardOpenOption.READ);
      errors = FileChannel.open(child.file(child.errors()), StandardOpenOption.READ);
      FileChannel input =
          body ? FileChannel.open(child.file(child.input()), StandardOpenOption.WRITE) : null;
      return new ForkedProcess(child, entry, handle, output, errors, input);
    } catch (IOException | RuntimeException | Error e) {
      closeQuietly(output);
      closeQuietly(errors);
      throw e;
    }
  }

  /**
   * Hands the child its request, which it then runs.
   *
   * @throws IOException when it has not got all of it, so that it does not run
   */
  void begin(byte[] request) throws IOException {
    // No channel: an interrupt would close that, and leave open whether all was written.
    try (FileOutputStream control = new FileOutputStream(child.file(child.control()).toFile())) {
      control.write(request);
    }
  }

  @Override
  public OutputStream getOutputStream() {
    return inputStream;
  }

  @Override
  public InputStream getInputStream() {
    return outputStream;
  }

  @Override
  public InputStream getErrorStream() {
    return errorStream;
  }

  @Override
  public long pid() {
    return child.pid();
  }

  @Override
  public ProcessHandle toHandle() {
    return handle;
  }

  @Override
  public void destroy() {
    handle.destroy();
  }

  @Override
  public synchronized boolean isAlive() {
    if (code == RUNNING && !forgotten) {
      look();
    }
    return code == RUNNING;
  }

  @Override
  public synchronized int exitValue() {
    if (isAlive()) {
      throw new IllegalThreadStateException("program must have ended");
    }
    return code;
  }

  /**
   * {@code pid (comm) state … exit_code} of proc(5). Whose number is another's now was reaped by
   * somebody else: its parent, the server, was killed.
   */
  private void look() {
    try {
      String text = Files.readString(stat, StandardCharsets.ISO_8859_1);
      String[] fields = text.substring(text.lastIndexOf(')') + 2).trim().split(" ");
      if (Long.parseLong(fields[19]) != start) {
        code = Exit.UNKNOWN.code();
      } else if (fields[0].equals("Z") || fields[0].equals("X")) {
        code = code(Integer.parseInt(fields[fields.length - 1]));
      }
    } catch (IOException | RuntimeException e) {
      // Gone; or there is no descriptor to look with just now.
      if (!Files.exists(stat)) {
        code = Exit.UNKNOWN.code();
      }
    }
  }

  private static int code(int status) {
    int signal = status & 0x7F;
    return signal == 0 ? status >> 8 & 0xFF : SIGNALLED + signal;
  }

  @Override
  public int waitFor() throws InterruptedException {
    while (!waitFor(1, TimeUnit.SECONDS)) {
      // Not yet.
    }
    return exitValue();
  }

  @Override
  public boolean waitFor(long timeout, TimeUnit unit) throws InterruptedException {
    long begun = System.nanoTime();
    long limit = unit.toNanos(timeout);
    long look = FIRST_LOOK_NANOS;
    while (isAlive()) {
      long left = limit - (System.nanoTime() - begun);
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.sleep(Math.min(left, look));
      look = Math.min(look * 2, LAST_LOOK_NANOS);
    }
    return true;
  }

  /** Closes the output, which wakes who reads it; a child that writes on gets EPIPE. */
  void stopReading() {
    closeQuietly(output);
  }

  /** Lets go of all. Nothing is asked or signalled afterwards. */
  void forget() {
    close();
    synchronized (this) {
      if (forgotten) {
        return;
      }
      isAlive();
      forgotten = true;
    }
    child.forget().accept(child.pid());
  }

  /** Closes its pipes. */
  void close() {
    closeQuietly(input);
    closeQuietly(output);
    closeQuietly(errors);
  }

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

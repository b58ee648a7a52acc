package dev.postern.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A child of a fork server, or a program of a start server. Its parent keeps the ended child as a
 * zombie, so that /proc still shows its status: a program until somebody has seen the end, a child
 * until {@link #forget}. Thread-safe.
 */
final class ForkedProcess extends PipedProcess {
  private static final int RUNNING = -1;
  private static final int SIGNALLED = 128;

  /** Usually a child ends right after its output, so the first checks come soon. */
  private static final long FIRST_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  private static final long SOON_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  /** From when on the looks become rarer, because the program works on after its output. */
  private static final long LONG_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Path stat;
  private final long start;
  private final boolean program;
  private int code = RUNNING;
  private boolean forgotten;

  /**
   * Takes a child.
   *
   * @param pipes the pipes of a program that has begun, and may have ended; null for a child that
   *     waits for its request
   * @throws IOException when the child is gone
   */
  ForkedProcess(ForkedChild child, @Nullable Pipes pipes) throws IOException {
    super(child, pipes);
    this.stat = Path.of("/proc", Long.toString(child.pid()), "stat");
    ProcessTable.Entry entry = ProcessTable.of(child.pid());
    if (entry == null || pipes == null && entry.isDead()) {
      throw new IOException("child of a server must be alive");
    }
    this.start = entry.start();
    this.program = pipes != null;
  }

  /** When the child began, as its entry in the process table says. */
  long start() {
    return start;
  }

  @Override
  public synchronized boolean isAlive() {
    if (code == RUNNING && !forgotten) {
      look();
      if (program && code != RUNNING) {
        reap();
      }
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
   * Reads the status from the child's line {@code pid (comm) state … exit_code} of proc(5). If the
   * number belongs to another process now, somebody else has reaped the child, because the server
   * was killed. The status is unknown then.
   */
  private void look() {
    try {
      String text = Files.readString(stat, StandardCharsets.ISO_8859_1);
      String[] fields = text.substring(text.lastIndexOf(')') + 2).trim().split(" ", -1);
      if (Long.parseLong(fields[19]) != start) {
        code = Exit.UNKNOWN.code();
      } else if (ProcessTable.isDead(fields[0].charAt(0), Integer.parseInt(fields[17]))) {
        int status = Integer.parseInt(fields[fields.length - 1]);
        code = status == 0 && ProcessTable.isHidden(child.pid()) ? hiddenCode() : code(status);
      }
    } catch (IOException | RuntimeException e) {
      // The child is gone, or this JVM has no free descriptor to read the file with.
      if (!Files.exists(stat)) {
        code = Exit.UNKNOWN.code();
      }
    }
  }

  /**
   * The system shows the status of a child that has changed its user, for example, as 0. Only its
   * server knows it.
   */
  private int hiddenCode() {
    Integer status = child.reap() == null ? null : child.reap().apply(child.pid());
    return status == null ? Exit.UNKNOWN.code() : code(status);
  }

  /** The code of {@link Exit} for a status of {@code wait}. */
  static int code(int status) {
    int signal = status & 0x7F;
    return signal == 0 ? status >> 8 & 0xFF : SIGNALLED + signal;
  }

  @Override
  public boolean waitFor(long timeout, TimeUnit unit) throws InterruptedException {
    long begun = System.nanoTime();
    long limit = unit.toNanos(timeout);
    long look = FIRST_LOOK_NANOS;
    while (isAlive()) {
      long waited = System.nanoTime() - begun;
      if (waited >= limit) {
        return false;
      }
      TimeUnit.NANOSECONDS.sleep(Math.min(limit - waited, look));
      long longest = waited < LONG_NANOS ? SOON_LOOK_NANOS : HostedProcess.LOOK_NANOS;
      look = Math.min(look * 2, longest);
    }
    return true;
  }

  @Override
  void forget() {
    synchronized (this) {
      isAlive();
      forgotten = true;
    }
    super.forget();
  }
}

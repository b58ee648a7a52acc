package dev.postern.inprocess;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.postern.process.Pumps;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The processes that a program has started. They end with its request. */
final class Children {
  /** How long a run waits for the output of a child that outlives its program. */
  private static final long GRACE_MILLIS = 1_000;

  private static final int BLOCK = 8 * 1024;

  /** The environment variable that says to which run a process belongs. */
  static final String MARK = "POSTERN_PROGRAM_RUN";

  private static final String SERVER = UUID.randomUUID().toString();

  private Children() {}

  /** Waits a moment until the inherited streams of all children have ended. */
  static void await(Run run) {
    for (Process child : run.children) {
      if (child instanceof Inheriting inheriting) {
        for (CountDownLatch pump : inheriting.pumps) {
          boolean unused =
              Uninterruptibles.awaitUninterruptibly(pump, GRACE_MILLIS, TimeUnit.MILLISECONDS);
        }
      }
    }
  }

  /**
   * Ends the children and all that they have started, even processes that have lost their parent.
   */
  static void end(Run run) {
    if (run.children.isEmpty()) {
      return;
    }
    for (Process child : run.children) {
      if (child.isAlive()) {
        child.toHandle().descendants().forEach(ProcessHandle::destroyForcibly);
        child.toHandle().destroyForcibly();
      }
    }
    String mark = MARK + "=" + mark(run) + "\0";
    ProcessHandle.allProcesses()
        .filter(other -> environment(other.pid()).contains(mark))
        .forEach(ProcessHandle::destroyForcibly);
  }

  /** The value of {@link #MARK} for the children of a run. */
  static String mark(Run run) {
    return SERVER + "-" + run.number;
  }

  /** The environment of a process; empty for a process of another user, and without a /proc. */
  private static String environment(long pid) {
    try {
      return Files.readString(
          Path.of("/proc", Long.toString(pid), "environ"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Copies until the end, on a thread of this server. The returned latch opens at the end. If a
   * read fails, the target stays open, so that a child does not take a part for the whole.
   */
  static CountDownLatch pump(InputStream from, OutputStream to, boolean close) {
    CountDownLatch done = new CountDownLatch(1);
    Pumps.run(
        () -> {
          try {
            copy(from, to);
            if (close) {
              to.close();
            }
          } catch (IOException e) {
            // One of the two streams has ended.
          } finally {
            done.countDown();
          }
        });
    return done;
  }

  private static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] block = new byte[BLOCK];
    for (int read = from.read(block); read >= 0; read = from.read(block)) {
      to.write(block, 0, read);
      to.flush();
    }
  }

  /** A child that writes to the program's own streams. */
  static final class Inheriting extends Process {
    private final Process process;
    private final List<CountDownLatch> pumps;
    private final boolean out;
    private final boolean err;

    Inheriting(Process process, List<CountDownLatch> pumps, boolean out, boolean err) {
      this.process = process;
      this.pumps = pumps;
      this.out = out;
      this.err = err;
    }

    void awaitPumps() throws InterruptedException {
      for (CountDownLatch pump : pumps) {
        boolean unused = pump.await(GRACE_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    @Override
    public OutputStream getOutputStream() {
      return process.getOutputStream();
    }

    @Override
    public InputStream getInputStream() {
      return out ? InputStream.nullInputStream() : process.getInputStream();
    }

    @Override
    public InputStream getErrorStream() {
      return err ? InputStream.nullInputStream() : process.getErrorStream();
    }

    @Override
    public int waitFor() throws InterruptedException {
      int status = process.waitFor();
      awaitPumps();
      return status;
    }

    @Override
    public boolean waitFor(long time, TimeUnit unit) throws InterruptedException {
      boolean ended = process.waitFor(time, unit);
      if (ended) {
        awaitPumps();
      }
      return ended;
    }

    @Override
    public int exitValue() {
      return process.exitValue();
    }

    @Override
    public void destroy() {
      process.destroy();
    }

    @Override
    public Process destroyForcibly() {
      process.destroyForcibly();
      return this;
    }

    @Override
    public boolean supportsNormalTermination() {
      return process.supportsNormalTermination();
    }

    @Override
    public @Nullable ProcessHandle toHandle() {
      return process.toHandle();
    }
  }
}

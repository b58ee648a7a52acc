package dev.postern.inprocess;

import dev.postern.process.Pumps;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The processes that a program has started, which end with its request. */
final class Children {
  /** How long the output of a child that outlives its program is waited for. */
  private static final long GRACE_MILLIS = 1_000;

  private static final int BLOCK = 8 * 1024;

  private Children() {}

  /** Lets what children have inherited come to its end, for a moment. */
  static void await(Run run) {
    for (Process child : run.children) {
      if (child instanceof Inheriting inheriting) {
        try {
          inheriting.awaitPumps();
        } catch (InterruptedException e) {
          return;
        }
      }
    }
  }

  /** Ends them, and what they have started. */
  static void end(Run run) {
    for (Process child : run.children) {
      if (child.isAlive()) {
        child.toHandle().descendants().forEach(ProcessHandle::destroyForcibly);
        child.toHandle().destroyForcibly();
      }
    }
  }

  /**
   * Copies until the end on a thread of this side; the latch tells when. What is read with an error
   * has no end: the target then stays open, so that a child takes no part for the whole.
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
            // One of them has ended.
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
    public int exitValue() {
      return process.exitValue();
    }

    @Override
    public void destroy() {
      process.destroy();
    }

    @Override
    public @Nullable ProcessHandle toHandle() {
      return process.toHandle();
    }
  }
}

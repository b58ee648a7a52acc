package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CountDownLatch;

/**
 * Writes a request's body that is not in memory to a program. Has a thread of its own, because
 * reading such a body may wait for the client.
 */
final class NativeInput implements Runnable {
  private final NativeProcess process;
  private final InputStream body;
  private final int fd;
  private final Workspace work;
  private final InputGate gate = new InputGate();
  private final CountDownLatch done = new CountDownLatch(1);
  private boolean started;
  private volatile boolean stopped;
  private boolean closed;

  /** Takes over the pipe, which must not block, and closes it. */
  NativeInput(NativeProcess process, InputStream body, int fd) throws IOException {
    this.process = process;
    this.body = body;
    this.fd = fd;
    this.work = Workspace.take();
  }

  void start() {
    started = true;
    try {
      Pumps.run(this);
    } catch (Throwable e) {
      done.countDown();
      throw e;
    }
  }

  /**
   * A program that does not read its input is no failure. A body that cannot be read is a failure.
   * The program must not take half a body for the whole body, so its input stays open until the
   * program is ended.
   */
  @Override
  public void run() {
    try {
      byte[] bytes = work.heap(Workspace.BLOCK);
      int n = gate.read(body, bytes);
      while (n >= 0 && write(bytes, n)) {
        n = gate.read(body, bytes);
      }
      if (n < 0 && !(stopped && gate.wasCut())) {
        closed = true;
        Libc.close(fd);
      }
    } catch (BodyException e) {
      process.failInput(e);
    } catch (IOException e) {
      process.failInput(new PipeException(e));
    } catch (RuntimeException | Error e) {
      // For example, memory has run out.
      process.failInput(new PipeException(new IOException("request body must be passed on", e)));
    } finally {
      done.countDown();
    }
  }

  /** False when the program takes no more, or nobody waits for its output any more. */
  private boolean write(byte[] bytes, int length) throws IOException {
    int from = 0;
    while (from < length) {
      int n = work.write(fd, bytes, from, length - from);
      if (n < 0) {
        return false;
      }
      from += n;
      if (from < length && (stopped || !process.awaitInput(work, fd, this))) {
        return false;
      }
    }
    return true;
  }

  /** Whether a read of the body waits for the client now. */
  boolean isReading() {
    return gate.isReading();
  }

  boolean isStopped() {
    return stopped;
  }

  /** Stops reading. Returns when nobody reads the body any more. The pipe stays open. */
  void stop() {
    stopped = true;
    gate.close();
    awaitDone();
  }

  /**
   * Stops reading and closes the pipe, after the program has ended. Returns when nobody reads the
   * body any more.
   */
  void close() {
    gate.close();
    process.wakeReader();
    awaitDone();
    if (!closed) {
      Libc.close(fd);
    }
    work.giveBack();
  }

  private void awaitDone() {
    boolean interrupted = false;
    while (started) {
      try {
        done.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

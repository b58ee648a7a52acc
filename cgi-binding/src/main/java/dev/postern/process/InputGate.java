package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;

/**
 * Lets the input pump read the request's body only while the request lasts, because a container
 * uses the stream again for the next request. Thread-safe.
 */
public final class InputGate {
  private boolean closed;
  private boolean reading;
  private boolean cut;

  /** Reads some bytes; -1 at the body's end, and once the gate is closed. */
  public int read(InputStream body, byte[] bytes) throws BodyException {
    synchronized (this) {
      if (closed) {
        cut = true;
        return -1;
      }
      reading = true;
    }
    try {
      return body.read(bytes);
    } catch (IOException e) {
      throw new BodyException(e);
    } catch (RuntimeException e) {
      throw new BodyException(new IOException("request body must be readable", e));
    } finally {
      synchronized (this) {
        reading = false;
        notifyAll();
      }
    }
  }

  /** Whether a read waits for the client now. */
  public synchronized boolean isReading() {
    return reading;
  }

  /** Whether a read came after the gate was closed. The body may then have more bytes. */
  public synchronized boolean wasCut() {
    return cut;
  }

  /** Whether {@link #close} was called. */
  public synchronized boolean isClosed() {
    return closed;
  }

  /**
   * Closes the gate. Returns when no thread reads the body any more. If a read waits for a silent
   * client, this call waits too, until the container's own time-out ends the read.
   */
  public synchronized void close() {
    closed = true;
    boolean interrupted = false;
    while (reading) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.postern.fastcgi.client;

import dev.postern.process.BodyException;
import dev.postern.process.InputGate;
import dev.postern.process.Pumps;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes a request's body to a server on a thread of its own, so that the server can answer
 * meanwhile. Thread-safe.
 */
final class BodyPump {
  /** The size of a part of a body, which must fit into a FastCGI record. */
  private static final int PART = 32 * 1024;

  private static final long LAST_MILLIS = 100;

  private final CountDownLatch finished = new CountDownLatch(1);
  private final InputGate gate = new InputGate();
  private final InputStream body;
  private final Dialect dialect;
  private volatile boolean writing;
  private volatile boolean done;
  private volatile @Nullable BodyException failure;

  BodyPump(InputStream body, Dialect dialect) {
    this.body = body;
    this.dialect = dialect;
  }

  /** Begins to write. Wakes the connection's reader when the body cannot be read. */
  void start(ServerConnection connection) {
    Pumps.run(() -> run(connection));
  }

  private void run(ServerConnection connection) {
    try {
      pump(connection);
    } catch (BodyException e) {
      failure = e;
      connection.wake();
    } catch (IOException e) {
      // The server wants no more of the body. Its answer is still read.
    } finally {
      finished.countDown();
    }
  }

  private void pump(ServerConnection connection) throws IOException {
    int header = dialect.partHeader();
    byte[] bytes = new byte[PART];
    ByteBuffer part = ByteBuffer.allocate(header + PART);
    while (true) {
      int n = gate.read(body, bytes);
      if (n < 0) {
        break;
      }
      writing = true;
      part.clear();
      dialect.writePartHeader(part, n);
      part.put(bytes, 0, n).flip();
      connection.writeFully(part);
      writing = false;
    }
    if (gate.isClosed()) {
      // The body is not complete. Its end is not sent, because a server that took a part for the
      // whole body could do harm.
      return;
    }
    part.clear();
    dialect.writePartHeader(part, 0);
    connection.writeFully(part.flip());
    done = true;
  }

  /** What reading the body threw, or null. */
  @Nullable BodyException failure() {
    return failure;
  }

  /**
   * Whether all of the body was written. A server may have answered before the last record counts
   * as written, so this waits a moment for a body that has ended.
   */
  boolean isDone() {
    try {
      return finished.await(gate.isReading() ? 0 : LAST_MILLIS, TimeUnit.MILLISECONDS) && done;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return done;
    }
  }

  /**
   * Whether the server was given all that the client has sent, and more must come from the client.
   */
  boolean awaitsClient() {
    return gate.isReading() && !writing;
  }

  /** Returns when nothing reads the body any more. */
  void stop() {
    gate.close();
  }
}

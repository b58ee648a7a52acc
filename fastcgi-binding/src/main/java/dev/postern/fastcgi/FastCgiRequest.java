package dev.postern.fastcgi;

import dev.postern.Exchange;
import dev.postern.gateway.BodyAhead;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/**
 * One request of a connection, and its STDIN as a stream. The connection's lock guards its state.
 */
final class FastCgiRequest extends InputStream {
  private final FastCgiConnection connection;
  private final int id;
  private final boolean keepConnection;
  final Ring stdin = new Ring();
  private final long began = System.nanoTime();
  private @Nullable StderrWriter stderr;

  /** The body that the application reads; null if it has none of a known length. */
  @Nullable BodyAhead body;

  /** How much of STDIN had been read when the last look found it full; -1 if it was not full. */
  private long readWhenFull = -1;

  /** Whether STDIN has ended, with its empty record. */
  boolean stdinEnded;

  /** Whether END_REQUEST has to wait for the end of STDIN. */
  boolean endsAfterStdin;

  /** Whether the application may read no more. */
  boolean ended;

  /** Whether all of the response was sent, and only END_REQUEST waits for the end of STDIN. */
  boolean answered;

  /** Whether the web server has asked to end the request early. */
  boolean aborted;

  /** Whether the exchange is cancelled, so that reads fail. */
  boolean unreadable;

  volatile @Nullable Exchange exchange;

  FastCgiRequest(FastCgiConnection connection, int id, boolean keepConnection) {
    this.connection = connection;
    this.id = id;
    this.keepConnection = keepConnection;
  }

  int id() {
    return id;
  }

  boolean keepsConnection() {
    return keepConnection;
  }

  long began() {
    return began;
  }

  /** A writer that sends the errors of the request as STDERR records. */
  PrintWriter errors(RecordOutput out) {
    StderrWriter writer = new StderrWriter(out, id);
    stderr = writer;
    return new PrintWriter(writer);
  }

  void flushErrors() throws IOException {
    if (stderr != null) {
      stderr.close();
    }
  }

  /** Sends the end of the response. */
  void finish() throws IOException {
    connection.finish(this);
  }

  /** Whether STDIN is full, and nothing of it was read since the last look. */
  boolean isStuck() {
    long last = readWhenFull;
    readWhenFull = stdin.isFull() ? stdin.taken() : -1;
    return last >= 0 && last == readWhenFull;
  }

  void cancel(Throwable cause) {
    Exchange running = exchange;
    if (running != null) {
      running.cancel(cause);
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    return length == 0 ? 0 : connection.readStdin(this, bytes, offset, length);
  }

  @Override
  public int available() {
    return connection.availableStdin(this);
  }
}

package dev.postern.launcher.http;

import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpParser;

/**
 * Parses the requests of one connection, and limits the time and the memory of each head. Used by
 * the thread that reads from the connection.
 */
final class HeadParser extends HttpParser {
  /** {@code HTTP-version} up to its last digit (RFC 9112 2.3), after the space before it. */
  private static final byte[] VERSION = {' ', 'H', 'T', 'T', 'P', '/', '1', '.'};

  private final ServerLimits limits;
  private final Semaphore longHeads;

  /** When the first byte of this head came, or 0 between two requests. */
  private long begun;

  /** How many bytes of {@link #VERSION} the end of the request line matches so far. */
  private int matched;

  /**
   * Whether this connection has one of the places for long heads. It keeps the place until it ends.
   */
  private boolean longHead;

  private boolean ended;

  HeadParser(
      RequestHandler handler, HttpCompliance compliance, ServerLimits limits, Semaphore longHeads) {
    super(handler, ServerLimits.HEAD, compliance);
    this.limits = limits;
    this.longHeads = longHeads;
  }

  @Override
  public boolean parseNext(ByteBuffer buffer) {
    if (!inHeaderState()) {
      return super.parseNext(buffer);
    }
    if (begun == 0 && buffer.hasRemaining()) {
      begun = System.nanoTime();
    }
    if (isLate()) {
      return refuse(buffer, 408, "head must come in time");
    }
    if (isRequestLine()) {
      lowerVersion(buffer);
    }
    boolean handle = super.parseNext(buffer);
    if (isStart() || !inHeaderState()) {
      begun = 0;
    } else if (getHeaderLength() > ServerLimits.LONG_HEAD && !mayBeLong()) {
      return refuse(buffer, 503, "there are too many long heads");
    }
    return handle;
  }

  private boolean isLate() {
    return begun != 0 && System.nanoTime() - begun > limits.head().toNanos();
  }

  private boolean isRequestLine() {
    return getState().compareTo(State.HEADER) < 0;
  }

  /**
   * Answers a minor version above ours like ours (RFC 9110 2.5). Jetty does not know HTTP/1.2, so
   * this replaces the last digit by 1.
   */
  private void lowerVersion(ByteBuffer buffer) {
    for (int i = buffer.position(); i < buffer.limit(); i++) {
      byte b = buffer.get(i);
      if (b == '\n' && begunLine(buffer, i)) {
        matched = 0;
        return;
      }
      if (matched == VERSION.length) {
        if (b >= '2' && b <= '9') {
          buffer.put(i, (byte) '1');
        }
        matched = 0;
      } else if (b == VERSION[matched]) {
        matched++;
      } else {
        matched = b == VERSION[0] ? 1 : 0;
      }
    }
  }

  /** Returns whether this is the end of the request line, and not of an empty line before it. */
  private boolean begunLine(ByteBuffer buffer, int end) {
    if (!isStart()) {
      return true;
    }
    for (int i = buffer.position(); i < end; i++) {
      if (buffer.get(i) != '\r' && buffer.get(i) != '\n') {
        return true;
      }
    }
    return false;
  }

  /**
   * Takes a place for a long head if one is free. Jetty keeps the memory of the head until the
   * connection ends, so the place is given back only then.
   */
  private boolean mayBeLong() {
    if (!longHead && !ended) {
      longHead = longHeads.tryAcquire();
    }
    return longHead;
  }

  private boolean refuse(ByteBuffer buffer, int status, String reason) {
    buffer.position(buffer.limit());
    badMessage(new HttpException.RuntimeException(status, reason));
    return false;
  }

  /** Gives the place back. Called when the connection has ended. */
  void release() {
    ended = true;
    if (longHead) {
      longHead = false;
      longHeads.release();
    }
  }
}

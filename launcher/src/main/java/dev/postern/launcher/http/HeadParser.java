package dev.postern.launcher.http;

import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpParser;

/**
 * Parses the requests of one connection, and holds each head to the time and the memory that it may
 * take. Used by the thread that reads from the connection.
 */
final class HeadParser extends HttpParser {
  /** {@code HTTP-version} up to its last digit (RFC 9112 2.3), after the space before it. */
  private static final byte[] VERSION = {' ', 'H', 'T', 'T', 'P', '/', '1', '.'};

  private final ServerLimits limits;
  private final Semaphore longHeads;

  /** When the first byte of this head came, or 0 between two requests. */
  private long begun;

  /** How much of {@link #VERSION} the last bytes of the request line are. */
  private int matched;

  /** This connection has one of the places for long heads, until it ends. */
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
   * A minor version above ours is answered as ours (RFC 9110 2.5). Jetty knows no HTTP/1.2, so its
   * digit is made a 1.
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

  /** Whether this is the end of the request line and not an empty line before it. */
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

  /** A place is given back when the connection ends: so long Jetty keeps what the head took. */
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

  /** The connection has ended. */
  void release() {
    ended = true;
    if (longHead) {
      longHead = false;
      longHeads.release();
    }
  }
}

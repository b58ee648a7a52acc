package dev.postern.hosting;

import com.google.common.io.CountingInputStream;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.internal.TimeOuts;
import dev.postern.system.Spool;
import dev.postern.wire.Refusal;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A request's body on its way to a program. A short body is read whole before the program starts,
 * so that a slow client holds no process. A longer body of known length is streamed. A body of
 * unknown length is spooled, to memory and then to a file that only we can read, so that
 * CONTENT_LENGTH is always right (RFC 3875 4.2).
 */
final class RequestBody implements Closeable {
  private static final int IN_MEMORY = 64 * 1024;

  private final long length;

  /**
   * How many bytes were handed over of a body that is not streamed. Such a body is handed over
   * whole.
   */
  private long taken;

  private final byte @Nullable [] bytes;
  private final @Nullable CountingInputStream stream;
  private final @Nullable Spool spool;

  private RequestBody(
      long length, byte @Nullable [] bytes, @Nullable InputStream stream, @Nullable Spool spool) {
    this.length = length;
    this.bytes = bytes;
    this.stream = stream == null ? null : new CountingInputStream(stream);
    this.spool = spool;
  }

  /**
   * Reads as much as has to be read before the program starts.
   *
   * @throws GatewayException with status 400, 408 or 413
   */
  static RequestBody of(Environ environ, long maxBody, long maxSpool) throws IOException {
    long length = environ.contentLength();
    if (length == 0) {
      return new RequestBody(0, null, null, null);
    }
    try {
      if (length > IN_MEMORY) {
        return new RequestBody(length, null, environ.input(), null);
      }
      if (length > 0) {
        byte[] bytes = environ.input().readNBytes((int) length);
        if (bytes.length < length) {
          throw new EOFException(
              "request body must have " + length + " bytes: " + bytes.length + " came");
        }
        return new RequestBody(length, bytes, null, null);
      }
      return spooled(environ.input(), maxBody, maxSpool);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /**
   * The failure of a body that cannot be read. The client was too slow, or was gone before all of
   * the body came, or the body was refused for another reason. The client is told, if it still
   * listens.
   */
  static GatewayException unreadable(IOException e) {
    boolean late = TimeOuts.isTimeOut(e);
    if (e instanceof GatewayException refused) {
      if (refused.diagnosis() != null || refused.status() != 400 && refused.status() != 408) {
        return refused;
      }
      late = refused.status() == 408;
    }
    return late
        ? Refusal.of(408, "body-timeout", "client must send its body in time", Headers.of(), e)
        : Refusal.of(
            400, "body-unreadable", "request body must be readable to its end", Headers.of(), e);
  }

  /** CONTENT_LENGTH, or -1 when there is no body. */
  long length() {
    return length;
  }

  /** How many bytes were read of {@link #stream}; known when nobody reads it any more. */
  long taken() {
    return stream == null ? taken : stream.getCount();
  }

  /** What the program reads, from the body's start where that is possible; or null for nothing. */
  @Nullable InputStream stream() {
    taken = Math.max(0, length);
    if (bytes != null) {
      return new ByteArrayInputStream(bytes);
    }
    return spool == null ? stream : spool.open();
  }

  /** Whether the client may still be sending the body when the program runs. */
  boolean isStreamed() {
    return stream != null;
  }

  /** Removes the spool. */
  @Override
  public void close() throws IOException {
    if (spool != null) {
      spool.close();
    }
  }

  private static RequestBody spooled(InputStream input, long maxBody, long maxSpool)
      throws IOException {
    int first = input.read();
    if (first < 0) {
      return new RequestBody(-1, null, null, null);
    }
    byte[] block = new byte[8 * 1024];
    block[0] = (byte) first;
    Spool spool = new Spool(Spool.directory(), IN_MEMORY, maxSpool);
    try {
      long length = 0;
      for (int n = 1; n >= 0; n = input.read(block)) {
        length += n;
        if (length > maxBody) {
          throw RequestRules.tooLarge(maxBody);
        }
        write(spool, block, n);
      }
      return new RequestBody(length, null, null, spool);
    } catch (Throwable e) {
      spool.close();
      throw e;
    }
  }

  private static void write(Spool spool, byte[] block, int n) throws GatewayException {
    try {
      spool.write(block, n);
    } catch (IOException e) {
      throw Refusal.of(
          503,
          "spool-full",
          "spool must take the request body",
          Headers.of("Retry-After", "10"),
          e);
    }
  }
}

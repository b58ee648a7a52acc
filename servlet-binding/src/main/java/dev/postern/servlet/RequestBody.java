package dev.postern.servlet;

import dev.postern.GatewayException;
import dev.postern.Headers;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A request's body, asked of the container at the first read and not before: some containers send
 * {@code 100 Continue} as soon as they are asked. A client that stalls or breaks off is told from
 * an application that fails, by a status of its own.
 */
final class RequestBody extends InputStream {
  /** As much as Tomcat swallows by default. */
  private static final int DRAINED = 2 << 20;

  private final HttpServletRequest request;
  private @Nullable ServletInputStream in;

  RequestBody(HttpServletRequest request) {
    this.request = request;
  }

  @Override
  public int read() throws IOException {
    try {
      return in().read();
    } catch (IOException e) {
      throw broken(e);
    }
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    try {
      return length == 0 ? 0 : in().read(bytes, offset, length);
    } catch (IOException e) {
      throw broken(e);
    }
  }

  @Override
  public int available() throws IOException {
    return in == null ? 0 : in.available();
  }

  /**
   * Reads what the application has left of the body, up to 2 MiB, so that the connection can be
   * used again: a container that drops it instead, as Jetty does, has not told the client, whose
   * next request fails. A client that still waits for {@code 100 Continue} has sent nothing, and is
   * not asked to.
   */
  void drain() {
    if (request.getDispatcherType() != DispatcherType.REQUEST
        || request.getContentLengthLong() == 0
        || in == null && awaitsContinue()) {
      return;
    }
    try {
      ServletInputStream rest = in();
      if (rest.isFinished() || rest.read() < 0) {
        return;
      }
      byte[] block = new byte[16 * 1024];
      for (int n = 0, left = DRAINED; n >= 0 && left > 0 && !rest.isFinished(); left -= n) {
        n = rest.read(block, 0, Math.min(block.length, left));
      }
    } catch (IOException | IllegalStateException e) {
      // The client is gone, or a filter has the body: either way there is nothing to save.
    }
  }

  private boolean awaitsContinue() {
    return request.getHeader("Expect") != null;
  }

  /** Nothing: the rest of the body, and the connection, are the container's. */
  @Override
  public void close() {}

  private ServletInputStream in() throws IOException {
    if (in == null) {
      in = request.getInputStream();
    }
    return in;
  }

  private static IOException broken(IOException e) {
    return isLate(e) || isLate(e.getCause())
        ? new GatewayException(408, "request body must come in time", Headers.of(), null, e)
        : new GatewayException(400, "request body must come whole: " + e, Headers.of(), null, e);
  }

  /** Jetty and Tomcat have their own exceptions around what tells it. */
  private static boolean isLate(@Nullable Throwable e) {
    return e instanceof SocketTimeoutException || e instanceof TimeoutException;
  }
}

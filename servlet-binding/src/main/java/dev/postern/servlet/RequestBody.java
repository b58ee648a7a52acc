package dev.postern.servlet;

import dev.postern.GatewayException;
import dev.postern.Headers;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletRequest;
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
  private final ServletRequest request;
  private @Nullable ServletInputStream in;

  RequestBody(ServletRequest request) {
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
    boolean late = e instanceof SocketTimeoutException || e.getCause() instanceof TimeoutException;
    return late
        ? new GatewayException(408, "request body must come in time", Headers.of(), null, e)
        : new GatewayException(400, "request body must come whole: " + e, Headers.of(), null, e);
  }
}

package dev.postern;

import java.io.Closeable;
import java.io.IOException;

/** {@link Body#onClose}: a body and something else that is closed with it. */
final class ClosingBody extends PassedBody {
  private final Closeable resource;
  private boolean closed;

  ClosingBody(Body body, Closeable resource) {
    super(body);
    this.resource = resource;
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (resource) {
      body.close();
    }
  }
}

package dev.postern;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;

/** {@link Body#onClose}: a body and something else that is closed with it. */
final class ClosingBody implements Body {
  private final Body body;
  private final Closeable resource;
  private boolean closed;

  ClosingBody(Body body, Closeable resource) {
    this.body = body;
    this.resource = resource;
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    return body.iterator();
  }

  @Override
  public void writeTo(OutputStream out) throws Exception {
    body.writeTo(out);
  }

  @Override
  public long length() {
    return body.length();
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

  @Override
  public String toString() {
    return body.toString();
  }
}

package dev.postern.web.internal;

import dev.postern.Body;
import dev.postern.Headers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;

/** Passes all calls on to another body. A subclass overrides what it changes. */
public abstract class PassedBody implements Body {
  /** The body to which the calls go. */
  protected final Body body;

  /** Passes the calls on to {@code body}. */
  protected PassedBody(Body body) {
    this.body = body;
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
  public Headers trailers() {
    return body.trailers();
  }

  @Override
  public void close() throws IOException {
    body.close();
  }
}

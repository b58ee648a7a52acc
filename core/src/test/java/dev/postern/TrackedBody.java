package dev.postern;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** A body that counts its uses and remembers on which threads it was closed. */
public final class TrackedBody implements Body {
  private final Body body;
  private final List<Thread> closedOn = new ArrayList<>();
  private int uses;
  private Throwable closeFailure;
  private Runnable onClose = () -> {};

  public TrackedBody(Body body) {
    this.body = body;
  }

  public TrackedBody(String text) {
    this(Body.of(text));
  }

  /** Lets every close fail, after it was counted. */
  public TrackedBody failOnClose(Throwable error) {
    closeFailure = error;
    return this;
  }

  /** Runs {@code action} inside every close. */
  public TrackedBody atClose(Runnable action) {
    onClose = action;
    return this;
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    uses++;
    return body.iterator();
  }

  @Override
  public void writeTo(OutputStream out) throws Exception {
    uses++;
    body.writeTo(out);
  }

  @Override
  public long length() {
    return body.length();
  }

  @Override
  public void close() throws IOException {
    closedOn.add(Thread.currentThread());
    onClose.run();
    body.close();
    if (closeFailure != null) {
      throw Sneaky.<RuntimeException>rethrow(closeFailure);
    }
  }

  /** How often the iterator was asked for or {@code writeTo} was called. */
  public int uses() {
    return uses;
  }

  public int closes() {
    return closedOn.size();
  }

  /** The thread of each close. */
  public List<Thread> closedOn() {
    return List.copyOf(closedOn);
  }
}

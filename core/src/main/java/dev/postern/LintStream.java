package dev.postern;

import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** The stream that a body under Lint writes to. */
final class LintStream extends OutputStream {
  private final OutputStream out;
  private final LintBody body;
  private final LintCall call;

  /**
   * The stream that a Lint around the next middleware gave that middleware, and what had gone
   * through it when this one was made: whether the middleware hands on while it takes.
   */
  private final @Nullable LintStream outer;

  private final long outerBytes;

  private long bytes;
  private long flushes;

  /** Bytes were written since the last flush. */
  private boolean dirty;

  private volatile boolean ended;

  LintStream(OutputStream out, LintBody body, LintCall call) {
    this.out = out;
    this.body = body;
    this.call = call;
    this.outer = call.outerStream();
    this.outerBytes = outer == null ? 0 : outer.bytes;
  }

  @Override
  public void write(int b) throws IOException {
    before(1);
    out.write(b);
  }

  @Override
  public void write(byte[] array, int offset, int length) throws IOException {
    before(length);
    out.write(array, offset, length);
  }

  private void before(int length) {
    checkOpen("write");
    if (ended) {
      return;
    }
    body.count(length, bytes == 0 && flushes == 0);
    bytes += length;
    dirty |= length > 0;
  }

  @Override
  public void flush() throws IOException {
    checkOpen("flush");
    long before = outer == null ? 0 : outer.flushes;
    out.flush();
    flushes++;
    if (outer != null && dirty && outer.flushes == before && outer.bytes > outerBytes) {
      call.report()
          .broken(
              LintRule.M1,
              "middleware must pass flush() on when it passes bytes on",
              null,
              call.place());
    }
    dirty = false;
  }

  /** Passed on: what becomes of it is the caller's affair. */
  @Override
  public void close() throws IOException {
    if (!ended) {
      out.close();
    }
  }

  void end() {
    ended = true;
  }

  /** Whether a write after the end throws is up to the caller's stream, as it is without Lint. */
  private void checkOpen(String method) {
    call.checkWritersThread();
    if (ended) {
      call.report()
          .broken(
              LintRule.A14,
              "application must not use the stream after writeTo returned",
              method,
              call.place());
    }
  }
}

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
   * The stream that another Lint gave to the middleware around this one, and the number of bytes
   * that had gone through it when this stream was made. They show whether the middleware passes
   * bytes on while it takes them.
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

  /** Passes the call on. The caller's stream decides what to do. */
  @Override
  public void close() throws IOException {
    if (!ended) {
      out.close();
    }
  }

  void end() {
    ended = true;
  }

  /**
   * Reports a use after the end. The caller's stream decides whether the use throws, as it does
   * without Lint.
   */
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

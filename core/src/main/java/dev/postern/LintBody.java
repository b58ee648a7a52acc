package dev.postern;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** A body under Lint: watches how its caller takes it, and which blocks and bytes it gives. */
final class LintBody implements Body {
  private final Body body;
  private final LintCall call;
  private final LintReport report;

  private @Nullable String taken;
  private boolean writing;
  private volatile boolean closed;
  private @Nullable LintStream stream;
  private long bytes;

  LintBody(Body body, LintCall call) {
    this.body = body;
    this.call = call;
    this.report = call.report();
  }

  boolean isClosed() {
    return closed;
  }

  /** The stream in use, or null. */
  @Nullable LintStream stream() {
    return stream;
  }

  /** The response was replaced, so the bytes that came until now do not count. */
  void restart() {
    bytes = 0;
  }

  @Override
  public long length() {
    return body.length();
  }

  @Override
  public Headers trailers() {
    checkUse("trailers");
    return body.trailers();
  }

  // ---- pushed ----

  @Override
  public void writeTo(OutputStream out) throws Exception {
    take("writeTo");
    report.throwIfBroken(null);
    LintStream checked = new LintStream(out, this, call);
    stream = checked;
    writing = true;
    try {
      body.writeTo(checked);
    } catch (NullBlockException e) {
      brokenBlock();
      if (bytes == 0) {
        report.throwIfBroken(e);
      }
      throw e;
    } finally {
      writing = false;
      checked.end();
      stream = null;
    }
    call.checkWhole(bytes, body.length());
  }

  /**
   * Counts bytes that are about to go out. Throws for a broken rule if {@code untouched}, that is,
   * if nothing has been handed on yet.
   */
  void count(long more, boolean untouched) {
    boolean first = bytes == 0 && more > 0;
    bytes += more;
    if (first) {
      call.checkTyped();
      if (untouched) {
        report.throwIfBroken(null);
      }
    }
    call.checkNoExcess(bytes);
  }

  // ---- pulled ----

  @Override
  public Iterator<ByteBuffer> iterator() {
    take("iterator");
    return new Blocks(body.iterator());
  }

  private final class Blocks implements Iterator<ByteBuffer> {
    private final Iterator<ByteBuffer> blocks;
    private boolean ended;

    Blocks(Iterator<ByteBuffer> blocks) {
      this.blocks = blocks;
    }

    @Override
    public boolean hasNext() {
      checkUse("hasNext");
      boolean more = blocks.hasNext();
      if (!more && !ended && !closed) {
        ended = true;
        call.checkWhole(bytes, body.length());
      }
      return more;
    }

    @Override
    public @Nullable ByteBuffer next() {
      checkUse("next");
      ByteBuffer block = blocks.next();
      if (block == null) {
        brokenBlock();
      } else {
        count(block.remaining(), false);
      }
      return block;
    }
  }

  private void brokenBlock() {
    report.broken(LintRule.A13, "iterator of a body must give blocks", "null", call.place());
  }

  // ---- the caller ----

  private void take(String method) {
    checkUse(method);
    if (taken != null) {
      report.broken(
          LintRule.G2, "caller must take a body at most once", taken + ", " + method, call.place());
    }
    taken = method;
  }

  private void checkUse(String method) {
    call.checkCallersThread(method);
    if (closed) {
      report.broken(
          LintRule.G4, "caller must not use a body after closing it", method, call.place());
    }
  }

  @Override
  public void close() throws IOException {
    call.checkCallersThread("close");
    if (closed) {
      report.broken(LintRule.G3, "caller must close the body exactly once", "again", call.place());
    } else if (writing) {
      report.broken(
          LintRule.G4, "caller must not close a body while it is written", null, call.place());
    }
    closed = true;
    body.close();
  }

  @Override
  public String toString() {
    return body.toString();
  }
}

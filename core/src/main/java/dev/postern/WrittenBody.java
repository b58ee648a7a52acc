package dev.postern;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** {@link Body#writing}: pushed as it is, pulled through a thread. For one use. */
final class WrittenBody implements Body {
  private final Writer writer;
  private boolean used;
  private @Nullable WriterThread thread;

  WrittenBody(Writer writer) {
    this.writer = writer;
  }

  @Override
  public void writeTo(OutputStream out) throws Exception {
    use();
    writer.writeTo(out);
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    use();
    thread = new WriterThread(writer);
    return thread;
  }

  @Override
  public void close() {
    used = true;
    if (thread != null) {
      thread.close();
    }
  }

  private void use() {
    if (used) {
      throw new IllegalStateException("body that is written must be used once");
    }
    used = true;
  }
}

package dev.postern;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** {@link Body#of(InputStream)}. For one use. */
final class StreamBody implements Body {
  private static final int BLOCK = 16 * 1024;

  private final InputStream stream;
  private boolean used;

  StreamBody(InputStream stream) {
    this.stream = stream;
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    use();
    byte[] buffer = new byte[BLOCK];
    return new Iterator<>() {
      private @Nullable ByteBuffer block;
      private boolean ended;

      @Override
      public boolean hasNext() {
        if (block == null && !ended) {
          try {
            int n = stream.read(buffer);
            ended = n < 0;
            block = ended ? null : ByteBuffer.wrap(Arrays.copyOf(buffer, n));
          } catch (IOException e) {
            throw Sneaky.<RuntimeException>rethrow(e);
          }
        }
        return block != null;
      }

      @Override
      public ByteBuffer next() {
        if (!hasNext() || block == null) {
          throw new NoSuchElementException();
        }
        ByteBuffer taken = block;
        block = null;
        return taken;
      }
    };
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    use();
    byte[] buffer = new byte[BLOCK];
    for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
      out.write(buffer, 0, n);
      if (stream.available() == 0) {
        out.flush();
      }
    }
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }

  private void use() {
    if (used) {
      throw new IllegalStateException("body of a stream must be used once");
    }
    used = true;
  }
}

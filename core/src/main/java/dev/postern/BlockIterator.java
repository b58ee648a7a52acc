package dev.postern;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** The blocks of a body that is read one block after the other. Not thread-safe. */
abstract class BlockIterator implements Iterator<ByteBuffer> {
  private @Nullable ByteBuffer block;
  private boolean ended;

  /** Reads the next block; null at the end. Not called again after the end. */
  abstract @Nullable ByteBuffer read() throws IOException;

  @Override
  public final boolean hasNext() {
    if (block == null && !ended) {
      try {
        block = read();
      } catch (IOException e) {
        throw Blocks.unchecked(e);
      }
      ended = block == null;
    }
    return block != null;
  }

  @Override
  public final ByteBuffer next() {
    if (!hasNext() || block == null) {
      throw new NoSuchElementException();
    }
    ByteBuffer taken = block;
    block = null;
    return taken;
  }
}

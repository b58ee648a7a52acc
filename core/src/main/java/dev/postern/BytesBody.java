package dev.postern;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** {@link Body#of(byte[]...)}: bytes in memory. Immutable. */
final class BytesBody implements Body {
  static final Body EMPTY = new BytesBody(new byte[0][], 0);

  private final byte[][] blocks;
  private final long length;

  private BytesBody(byte[][] blocks, long length) {
    this.blocks = blocks;
    this.length = length;
  }

  static Body of(byte[]... blocks) {
    long length = 0;
    for (byte[] block : blocks) {
      length += requireNonNull(block, "block").length;
    }
    return length == 0 ? EMPTY : new BytesBody(blocks.clone(), length);
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < blocks.length;
      }

      @Override
      public ByteBuffer next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return ByteBuffer.wrap(blocks[next++]).asReadOnlyBuffer();
      }
    };
  }

  /** All bytes are in memory already, so a flush between two blocks would gain nothing. */
  @Override
  public void writeTo(OutputStream out) throws IOException {
    for (byte[] block : blocks) {
      out.write(block);
    }
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public String toString() {
    return "Body.of(" + length + " bytes)";
  }
}

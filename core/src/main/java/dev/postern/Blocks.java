package dev.postern;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** Writes blocks to streams. */
final class Blocks {
  private Blocks() {}

  /** Writes what remains of the block, without a copy where it has an array. */
  static void write(ByteBuffer block, OutputStream out) throws IOException {
    if (block.hasArray()) {
      out.write(block.array(), block.arrayOffset() + block.position(), block.remaining());
      block.position(block.limit());
      return;
    }
    byte[] copy = new byte[Math.min(block.remaining(), ResponseStream.HELD)];
    while (block.hasRemaining()) {
      int n = Math.min(block.remaining(), copy.length);
      block.get(copy, 0, n);
      out.write(copy, 0, n);
    }
  }
}

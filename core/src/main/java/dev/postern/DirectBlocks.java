package dev.postern;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A pool of blocks outside the heap, for the files that are being sent. Allocating such a block
 * costs more than sending a short file, and a dropped block takes memory until the next garbage
 * collection. So this class keeps some blocks. It keeps them in one pool and not in thread locals,
 * because a container's threads outlive a web application. Thread-safe.
 */
final class DirectBlocks {
  /** Small enough that the block, and what was read into it, fit into a processor's cache. */
  static final int SIZE = 128 * 1024;

  /** How many free blocks are kept: 2 MiB in all. */
  static final int KEPT = 16;

  private static final Deque<ByteBuffer> FREE = new ArrayDeque<>(KEPT);

  private DirectBlocks() {}

  /** A block of {@link #SIZE} bytes, of any content. */
  static ByteBuffer take() {
    ByteBuffer block;
    synchronized (FREE) {
      block = FREE.pollLast();
    }
    return block == null ? ByteBuffer.allocateDirect(SIZE) : block;
  }

  /** Takes a block back. The caller must not use the block afterwards. */
  static void give(ByteBuffer block) {
    synchronized (FREE) {
      if (FREE.size() < KEPT) {
        FREE.addLast(block);
      }
    }
  }
}

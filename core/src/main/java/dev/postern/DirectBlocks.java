package dev.postern;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Blocks outside the heap for the files that are being sent. Allocating one costs more than a short
 * file, and one that is dropped stays until a collection; so some are kept. A pool, and nothing
 * that belongs to a thread: a container's threads outlive a web application. Thread-safe.
 */
final class DirectBlocks {
  /** The block, and what was read into it, still fit into a processor's cache. */
  static final int SIZE = 128 * 1024;

  /** 2 MiB. */
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

  /** Gives it back: nobody writes from it any more. */
  static void give(ByteBuffer block) {
    synchronized (FREE) {
      if (FREE.size() < KEPT) {
        FREE.addLast(block);
      }
    }
  }
}

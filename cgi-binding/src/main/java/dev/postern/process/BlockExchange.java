package dev.postern.process;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Hands blocks of bytes from the thread that reads a program's output to the one that serves the
 * request, in bounded memory: at most {@value #BLOCKS} blocks exist and each is used again.
 * Thread-safe for one producer and one consumer.
 */
final class BlockExchange {
  static final int BLOCKS = 4;
  static final int BLOCK_SIZE = 32 * 1024;

  /** Bytes of a program's output. The consumer owns it until it gives it back. */
  static final class Block {
    final byte[] bytes = new byte[BLOCK_SIZE];
    int length;
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private final Condition freed = lock.newCondition();
  private final ArrayDeque<Block> full = new ArrayDeque<>(BLOCKS);
  private final ArrayDeque<Block> free = new ArrayDeque<>(BLOCKS);
  private int made;
  private boolean ended;
  private boolean stopped;
  private boolean woken;
  private @Nullable IOException failure;

  /** A block to fill; null when the consumer wants no more. Waits while all are in use. */
  @Nullable Block take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        if (stopped) {
          return null;
        }
        Block block = free.poll();
        if (block != null) {
          return block;
        }
        if (made < BLOCKS) {
          made++;
          return new Block();
        }
        freed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Hands a filled block to the consumer. */
  void put(Block block) {
    lock.lock();
    try {
      full.add(block);
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the exchange: the output has ended, or could not be read. */
  void end(@Nullable IOException newFailure) {
    lock.lock();
    try {
      ended = true;
      failure = newFailure;
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next block. Null at the end, after {@code nanos}, or after {@link #wake}; {@link #isEnded}
   * tells whether it is the end.
   */
  @Nullable Block poll(long nanos) throws IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      while (full.isEmpty() && !ended && !woken && left > 0) {
        left = filled.awaitNanos(left);
      }
      woken = false;
      Block block = full.poll();
      if (block == null && failure != null) {
        throw failure;
      }
      return block;
    } finally {
      lock.unlock();
    }
  }

  /** The consumer has done with a block. */
  void release(Block block) {
    lock.lock();
    try {
      free.add(block);
      freed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** The consumer keeps its block for good, so the producer may make another one. */
  void forget() {
    lock.lock();
    try {
      made--;
      freed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Whether a block is waiting. */
  boolean hasNext() {
    lock.lock();
    try {
      return !full.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Whether everything was read to the end and taken. */
  boolean isEnded() {
    lock.lock();
    try {
      return ended && full.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Lets {@link #poll} return at once. Any thread. */
  void wake() {
    lock.lock();
    try {
      woken = true;
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /** The consumer wants no more; the producer ends at its next block. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      freed.signal();
    } finally {
      lock.unlock();
    }
  }
}

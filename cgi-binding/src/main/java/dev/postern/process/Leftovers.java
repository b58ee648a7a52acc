package dev.postern.process;

import java.util.concurrent.TimeUnit;

/**
 * Decides when to stop reading the output of a program that has ended while its child processes
 * hold the pipe open. When a program ends, all that it has written is in the pipe. So its own bytes
 * come without a wait, even if the client takes them slowly. Bytes that we have to wait for, or
 * that are more than a pipe holds, come from the child processes. Not thread-safe.
 */
final class Leftovers {
  /** How long reading goes on after the program has ended. */
  static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** The largest pipe that an unprivileged program can make, and what we have read ahead. */
  static final long IN_THE_PIPE = (1 << 20) + BlockExchange.BLOCKS * BlockExchange.BLOCK_SIZE;

  private boolean ended;
  private long endSeen;
  private long waited;
  private long waitedForBlock;
  private long bytes;

  /** The program was seen to have ended. */
  void end(long now) {
    if (!ended) {
      ended = true;
      endSeen = now;
    }
  }

  /** Records the end of a wait for output, with the length of its block or 0 for no block. */
  void waited(long nanos, int length) {
    if (ended) {
      waited += nanos;
      bytes += length;
      if (length > 0) {
        waitedForBlock = waited;
      }
    }
  }

  /** Whether the program was seen to have ended, so that its leftovers are read. */
  boolean areRead() {
    return ended;
  }

  /** Whether to stop reading. */
  boolean isOver(long now) {
    return ended && (waited >= GRACE_NANOS || bytes > IN_THE_PIPE && now - endSeen >= GRACE_NANOS);
  }

  /** Whether others were still writing when reading stopped. */
  boolean wereWriting() {
    return waitedForBlock > GRACE_NANOS / 2 || bytes > IN_THE_PIPE;
  }
}

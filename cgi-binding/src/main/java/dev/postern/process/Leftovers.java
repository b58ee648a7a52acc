package dev.postern.process;

import java.util.concurrent.TimeUnit;

/**
 * Tells when to stop reading from a program that has ended while others hold its output open. What
 * the program itself has written is in the pipe by then, so that it comes without a wait, however
 * slowly the client takes it; what has to be waited for, or is more than a pipe holds, others
 * write. Not thread-safe.
 */
final class Leftovers {
  /** How long reading goes on. */
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

  /** A wait for output was over, with a block of that length or 0 for none. */
  void waited(long nanos, int length) {
    if (ended) {
      waited += nanos;
      bytes += length;
      if (length > 0) {
        waitedForBlock = waited;
      }
    }
  }

  /** Whether the program was seen to have ended, and its output not. */
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

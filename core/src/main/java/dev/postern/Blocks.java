package dev.postern;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** Writes blocks to streams, and says what an iterator of blocks throws. */
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

  /**
   * What an iterator throws for {@code error}, as it cannot declare checked exceptions: an {@link
   * IOException} in an {@link UncheckedIOException}, and any other checked exception as the cause
   * of such an IOException.
   *
   * @return the exception to throw; an {@link Error} is thrown from here
   */
  static RuntimeException unchecked(Throwable error) {
    if (error instanceof Error fatal) {
      throw fatal;
    }
    if (error instanceof RuntimeException unchecked) {
      return unchecked;
    }
    if (error instanceof IOException io) {
      return new UncheckedIOException(io);
    }
    if (error instanceof InterruptedException) {
      IOException io = new InterruptedIOException("body must not be interrupted");
      io.initCause(error);
      return new UncheckedIOException(io);
    }
    return new UncheckedIOException(new IOException(error));
  }

  /** Whether this is an interrupt, also as {@link #unchecked} gives it. */
  static boolean isInterrupt(Throwable error) {
    return error instanceof InterruptedException
        || error instanceof UncheckedIOException unchecked
            && unchecked.getCause() instanceof InterruptedIOException io
            && io.getCause() instanceof InterruptedException;
  }
}

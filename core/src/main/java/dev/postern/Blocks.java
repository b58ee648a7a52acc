package dev.postern;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** Writes blocks to streams, and makes the exceptions that an iterator of blocks throws. */
final class Blocks {
  private Blocks() {}

  /** Writes what remains of the block, without a copy if the block has an array. */
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
   * The exception that an iterator throws for {@code error}. An iterator cannot declare checked
   * exceptions. So an {@link IOException} comes in an {@link UncheckedIOException}, and any other
   * checked exception comes as the cause of such an IOException.
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

  /** Whether {@code error} is an interrupt, or an interrupt that {@link #unchecked} has wrapped. */
  static boolean isInterrupt(Throwable error) {
    return error instanceof InterruptedException
        || error instanceof UncheckedIOException unchecked
            && unchecked.getCause() instanceof InterruptedIOException io
            && io.getCause() instanceof InterruptedException;
  }
}

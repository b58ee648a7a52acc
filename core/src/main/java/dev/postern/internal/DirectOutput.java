package dev.postern.internal;

import java.nio.channels.WritableByteChannel;

/**
 * An output stream that also takes blocks outside the heap. Each call of {@code write} takes all
 * bytes of its block.
 */
public interface DirectOutput extends WritableByteChannel {
  /** Whether such blocks reach the peer without a copy. */
  boolean isDirect();
}

package dev.postern.fastcgi.wire;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** Bytes that arrive in pieces: a channel and a stream that give at most so many at once. */
final class Pieces implements ReadableByteChannel {
  private final ByteBuffer bytes;
  private final int first;
  private final int size;

  private Pieces(byte[] bytes, int first, int size) {
    this.bytes = ByteBuffer.wrap(bytes);
    this.first = first;
    this.size = size;
  }

  static Pieces of(byte[] bytes, int size) {
    return new Pieces(bytes, size, size);
  }

  /** In two: what is before the place, and the rest. */
  static Pieces splitAt(byte[] bytes, int place) {
    return new Pieces(bytes, place, bytes.length);
  }

  static InputStream stream(byte[] bytes, int size) {
    return new ByteArrayInputStream(bytes) {
      @Override
      public synchronized int read(byte[] target, int offset, int length) {
        return super.read(target, offset, Math.min(size, length));
      }
    };
  }

  @Override
  public int read(ByteBuffer target) {
    if (!bytes.hasRemaining()) {
      return -1;
    }
    int most = bytes.position() < first ? first - bytes.position() : size;
    int n = Math.min(Math.min(most, bytes.remaining()), target.remaining());
    target.put(target.position(), bytes, bytes.position(), n);
    target.position(target.position() + n);
    bytes.position(bytes.position() + n);
    return n;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}

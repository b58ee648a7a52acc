package dev.postern.fastcgi;

/**
 * Bytes of a request's body that have arrived and were not read yet. One thread fills the free part
 * while others take from the full part. All calls are made under the connection's lock; only the
 * copying into {@link #array} is not. The ring grows with what arrives, up to a limit.
 */
final class Ring {
  private static final int FIRST = 4 * 1024;
  private static final int MOST = 64 * 1024;

  private byte[] bytes = {};
  private int start;
  private int count;
  private long taken;

  boolean isEmpty() {
    return count == 0;
  }

  int size() {
    return count;
  }

  /** Whether nothing more fits before a reader takes bytes. */
  boolean isFull() {
    return count == MOST;
  }

  /** How many bytes readers have taken. */
  long taken() {
    return taken;
  }

  /** The position for the next bytes. {@link #free} says how many fit there in one piece. */
  int end() {
    return bytes.length == 0 ? 0 : (start + count) % bytes.length;
  }

  byte[] array() {
    return bytes;
  }

  /** How many bytes fit in one piece, up to {@code wanted}; 0 while the ring is full. */
  int free(int wanted) {
    if (count == bytes.length && bytes.length < MOST) {
      grow(wanted);
    }
    int end = end();
    int piece = end < start || count == bytes.length ? bytes.length - count : bytes.length - end;
    return Math.min(wanted, piece);
  }

  private void grow(int wanted) {
    int size = Math.max(FIRST, Math.max(2 * bytes.length, Math.min(wanted, MOST)));
    byte[] grown = new byte[Math.min(size, MOST)];
    int held = count;
    take(grown, 0, held);
    taken -= held;
    bytes = grown;
    start = 0;
    count = held;
  }

  /** Notes that so many bytes were put into the free part. */
  void added(int n) {
    count += n;
  }

  int take(byte[] target, int offset, int length) {
    int n = Math.min(length, count);
    int first = Math.min(n, bytes.length - start);
    System.arraycopy(bytes, start, target, offset, first);
    System.arraycopy(bytes, 0, target, offset + first, n - first);
    count -= n;
    taken += n;
    start = bytes.length == 0 ? 0 : (start + n) % bytes.length;
    return n;
  }
}

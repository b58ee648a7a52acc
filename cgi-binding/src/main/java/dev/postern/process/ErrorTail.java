package dev.postern.process;

/**
 * The end of what a program wrote on its standard error; the rest is counted and dropped.
 * Thread-safe.
 */
public final class ErrorTail {
  private final int limit;
  private byte[] ring = new byte[0];
  private long total;

  /** Keeps that many bytes. */
  public ErrorTail(int limit) {
    this.limit = limit;
  }

  /** Takes the first bytes of an array. */
  public synchronized void add(byte[] bytes, int length) {
    if (ring.length == 0) {
      ring = new byte[limit];
    }
    int from = Math.max(0, length - ring.length);
    int at = (int) ((total + from) % ring.length);
    int first = Math.min(length - from, ring.length - at);
    System.arraycopy(bytes, from, ring, at, first);
    System.arraycopy(bytes, from + first, ring, 0, length - from - first);
    total += length;
  }

  /** How many bytes there were in all. */
  public synchronized long total() {
    return total;
  }

  /** How many bytes were dropped. */
  public synchronized long dropped() {
    return Math.max(0, total - limit);
  }

  /** Both of one moment, while a program may still write. */
  public synchronized Kept kept() {
    return new Kept(bytes(), total);
  }

  /**
   * What was kept at one moment.
   *
   * @param bytes the bytes that were kept, oldest first
   * @param total how many bytes there were in all
   */
  public record Kept(byte[] bytes, long total) {}

  /** The bytes that were kept, oldest first. */
  public synchronized byte[] bytes() {
    int kept = (int) Math.min(total, ring.length);
    byte[] bytes = new byte[kept];
    for (int i = 0; i < kept; i++) {
      bytes[i] = ring[(int) ((total - kept + i) % ring.length)];
    }
    return bytes;
  }
}

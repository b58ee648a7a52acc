package dev.postern.web;

/**
 * Some bytes of a representation.
 *
 * @param first the offset of the first byte
 * @param last the offset of the last byte, which belongs to the range
 */
public record ByteRange(long first, long last) {
  /** A range of at least one byte. */
  public ByteRange {
    if (first < 0 || last < first) {
      throw new IllegalArgumentException("range must have a byte: " + first + "-" + last);
    }
  }

  /** How many bytes it has. */
  public long length() {
    return last - first + 1;
  }

  /** The value of {@code Content-Range}: {@code bytes 0-9/100} (RFC 9110 14.4). */
  public String contentRange(long wholeLength) {
    return "bytes " + first + "-" + last + "/" + wholeLength;
  }
}

package dev.postern.fastcgi.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Collects a stream of name-value pairs (FastCGI 3.4), however records split it. Gives the pairs
 * when the stream has ended.
 *
 * <pre>
 * pair   = length length name value
 * length = one byte 0 to 127 / four bytes, the first with its high bit set: 31 bits
 * </pre>
 *
 * <p>Names and values are bytes, one char each. The buffer grows with the bytes that arrive, and
 * never to the size that a length claims (CVE-2025-23016).
 *
 * <p>Not thread-safe.
 */
public final class NameValuePairs {
  private static final int FIRST = 1024;

  private final int maxBytes;
  private final int maxPairs;
  private byte[] bytes = {};
  private int size;

  /** A stream of at most so many bytes and pairs. */
  public NameValuePairs(int maxBytes, int maxPairs) {
    this.maxBytes = maxBytes;
    this.maxPairs = maxPairs;
  }

  /**
   * Adds the next bytes of the stream.
   *
   * @throws ProtocolException when there are more bytes than the limit
   */
  public void add(byte[] source, int offset, int length) throws ProtocolException {
    if (length > maxBytes - size) {
      throw new ProtocolException("pairs must not exceed the limit: " + maxBytes + " bytes [F07]");
    }
    if (length > bytes.length - size) {
      long doubled = Math.max(FIRST, 2L * bytes.length);
      long needed = Math.max(doubled, (long) size + length);
      bytes = Arrays.copyOf(bytes, (int) Math.min(needed, maxBytes));
    }
    System.arraycopy(source, offset, bytes, size, length);
    size += length;
  }

  /**
   * The pairs, in their order. Of two pairs with the same name the last one counts, as in php-fpm
   * and Go. A web server's configuration can so override a variable from a file that it has
   * included before.
   *
   * @throws ProtocolException when a length goes past the end of the stream, a name or value has a
   *     NUL, or there are more pairs than the limit
   */
  public Map<String, String> end() throws ProtocolException {
    Map<String, String> pairs = new LinkedHashMap<>();
    int count = 0;
    int at = 0;
    while (at < size) {
      count++;
      if (count > maxPairs) {
        throw new ProtocolException("pairs must not exceed the limit: " + maxPairs + " [F07]");
      }
      int nameForm = form(at);
      long nameLength = length(at, nameForm);
      int valueForm = form(at + nameForm);
      long valueLength = length(at + nameForm, valueForm);
      at += nameForm + valueForm;
      if (nameLength + valueLength > size - at) {
        throw new ProtocolException(
            "pair must fit into its stream: "
                + nameLength
                + " + "
                + valueLength
                + " bytes of "
                + (size - at)
                + " [F07]");
      }
      String name = text(at, (int) nameLength);
      at += (int) nameLength;
      pairs.put(name, text(at, (int) valueLength));
      at += (int) valueLength;
    }
    return pairs;
  }

  private int form(int at) throws ProtocolException {
    if (at >= size) {
      throw new ProtocolException("pair must have two lengths [F07]");
    }
    int form = bytes[at] < 0 ? 4 : 1;
    if (form > size - at) {
      throw new ProtocolException("length of a pair must be whole [F07]");
    }
    return form;
  }

  private long length(int at, int form) {
    if (form == 1) {
      return bytes[at];
    }
    return (long) (bytes[at] & 0x7F) << 24
        | (bytes[at + 1] & 0xFF) << 16
        | (bytes[at + 2] & 0xFF) << 8
        | bytes[at + 3] & 0xFF;
  }

  private String text(int at, int length) throws ProtocolException {
    for (int i = at; i < at + length; i++) {
      if (bytes[i] == 0) {
        throw new ProtocolException("name and value must have no NUL [F16]");
      }
    }
    return new String(bytes, at, length, StandardCharsets.ISO_8859_1);
  }

  /**
   * The bytes of the pairs.
   *
   * @throws IllegalArgumentException for a char that is no byte, or is a NUL
   */
  public static byte[] encode(Map<String, String> pairs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(FIRST);
    for (Map.Entry<String, String> pair : pairs.entrySet()) {
      byte[] name = Netstring.bytes(pair.getKey());
      byte[] value = Netstring.bytes(pair.getValue());
      writeLength(out, name.length);
      writeLength(out, value.length);
      out.writeBytes(name);
      out.writeBytes(value);
    }
    return out.toByteArray();
  }

  private static void writeLength(ByteArrayOutputStream out, int length) {
    if (length > 127) {
      out.write(length >> 24 | 0x80);
      out.write(length >> 16);
      out.write(length >> 8);
    }
    out.write(length);
  }
}

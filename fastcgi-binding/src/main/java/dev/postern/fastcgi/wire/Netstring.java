package dev.postern.fastcgi.wire;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The head of an SCGI request: its variables as one netstring.
 *
 * <pre>
 * request   = netstring body
 * netstring = length ":" *(name NUL value NUL) ","    ; length = "0" / 1-9 *DIGIT
 * </pre>
 *
 * <p>Names and values are bytes, one char each.
 */
public final class Netstring {
  /** More digits than any limit has. A longer length is refused before it could overflow. */
  private static final int MOST_DIGITS = 9;

  private static final int BLOCK = 4096;

  private Netstring() {}

  /**
   * Reads the variables of a request. The body follows in the stream.
   *
   * @param in a stream with a buffer, because the length is read byte by byte
   * @param maxBytes the most bytes that the variables may have
   * @throws EOFException when the stream ends too early
   * @throws ProtocolException for anything that is no SCGI request (rules G01 to G05)
   */
  public static Map<String, String> read(InputStream in, int maxBytes, int maxPairs)
      throws IOException {
    byte[] bytes = readBytes(in, maxBytes);
    Map<String, String> variables = variables(bytes, maxPairs);
    check(variables);
    return variables;
  }

  /** Reads the bytes of one netstring. Memory is allocated as the bytes arrive. */
  private static byte[] readBytes(InputStream in, int maxBytes) throws IOException {
    int length = readLength(in, maxBytes);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(Math.min(length, BLOCK));
    byte[] block = new byte[Math.min(length, BLOCK)];
    for (int left = length; left > 0; ) {
      int n = in.read(block, 0, Math.min(left, block.length));
      if (n < 0) {
        throw new EOFException("netstring must be as long as it says [G01]");
      }
      bytes.write(block, 0, n);
      left -= n;
    }
    if (next(in) != ',') {
      throw new ProtocolException("netstring must end with a comma [G01]");
    }
    return bytes.toByteArray();
  }

  private static int readLength(InputStream in, int maxBytes) throws IOException {
    long length = 0;
    int digits = 0;
    for (int c = next(in); c != ':'; c = next(in)) {
      if (c < '0' || c > '9' || digits == MOST_DIGITS || digits > 0 && length == 0) {
        throw new ProtocolException("netstring must begin with a decimal length [G01]");
      }
      digits++;
      length = length * 10 + (c - '0');
    }
    if (digits == 0) {
      throw new ProtocolException("netstring must begin with a decimal length [G01]");
    }
    if (length > maxBytes) {
      throw new ProtocolException(
          "netstring must not exceed the limit: " + length + " bytes of " + maxBytes + " [G01]");
    }
    return (int) length;
  }

  private static int next(InputStream in) throws IOException {
    int c = in.read();
    if (c < 0) {
      throw new EOFException("netstring must be whole [G01]");
    }
    return c;
  }

  private static Map<String, String> variables(byte[] bytes, int maxPairs)
      throws ProtocolException {
    Map<String, String> variables = new LinkedHashMap<>();
    int at = 0;
    while (at < bytes.length) {
      int endOfName = end(bytes, at);
      int endOfValue = end(bytes, endOfName + 1);
      if (endOfName == at) {
        throw new ProtocolException("name of a variable must not be empty [G02]");
      }
      String name = text(bytes, at, endOfName);
      String value = text(bytes, endOfName + 1, endOfValue);
      if (variables.isEmpty() && !name.equals("CONTENT_LENGTH")) {
        throw new ProtocolException("first variable must be CONTENT_LENGTH [G04]");
      }
      if (variables.size() == maxPairs) {
        throw new ProtocolException("variables must not exceed the limit: " + maxPairs + " [G01]");
      }
      if (variables.put(name, value) != null) {
        throw new ProtocolException("variable must be there once [G03]");
      }
      at = endOfValue + 1;
    }
    return variables;
  }

  private static int end(byte[] bytes, int from) throws ProtocolException {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        return i;
      }
    }
    throw new ProtocolException("name and value of a variable must each end with a NUL [G02]");
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private static void check(Map<String, String> variables) throws ProtocolException {
    String length = variables.getOrDefault("CONTENT_LENGTH", "");
    if (length.isEmpty() || length.length() > 18) {
      throw new ProtocolException("CONTENT_LENGTH must be decimal digits [G04]");
    }
    for (int i = 0; i < length.length(); i++) {
      if (length.charAt(i) < '0' || length.charAt(i) > '9') {
        throw new ProtocolException("CONTENT_LENGTH must be decimal digits [G04]");
      }
    }
    if (!"1".equals(variables.get("SCGI"))) {
      throw new ProtocolException("variable SCGI must be 1 [G05]");
    }
  }

  /**
   * The head of a request. {@code CONTENT_LENGTH} comes first and {@code SCGI} second. The map's
   * own values of these two are ignored.
   *
   * @throws IllegalArgumentException for an empty name, or a char that is no byte or is a NUL
   */
  public static byte[] encode(long contentLength, Map<String, String> variables) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
    variable(out, "CONTENT_LENGTH", Long.toString(contentLength));
    variable(out, "SCGI", "1");
    for (Map.Entry<String, String> variable : variables.entrySet()) {
      String name = variable.getKey();
      if (!name.equals("CONTENT_LENGTH") && !name.equals("SCGI")) {
        variable(out, name, variable.getValue());
      }
    }
    byte[] length = bytes(out.size() + ":");
    byte[] all = new byte[length.length + out.size() + 1];
    System.arraycopy(length, 0, all, 0, length.length);
    System.arraycopy(out.toByteArray(), 0, all, length.length, out.size());
    all[all.length - 1] = ',';
    return all;
  }

  private static void variable(ByteArrayOutputStream out, String name, String value) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("name of a variable must not be empty [G02]");
    }
    out.writeBytes(bytes(name));
    out.write(0);
    out.writeBytes(bytes(value));
    out.write(0);
  }

  /** The bytes of a text that has one byte in each char, and no NUL. */
  static byte[] bytes(String text) {
    byte[] bytes = new byte[text.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = text.charAt(i);
      if (c == 0 || c > 0xFF) {
        throw new IllegalArgumentException("char must be a byte other than NUL: " + (int) c);
      }
      bytes[i] = (byte) c;
    }
    return bytes;
  }
}

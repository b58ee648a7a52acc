package dev.postern.wire;

import dev.postern.GatewayException;
import dev.postern.GatewayException.Diagnosis;
import dev.postern.Headers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Parses the header block of a CGI response, byte by byte (RFC 3875 6.3, RFC 9112 2.2 and 5).
 * Strict: what two readers could read in two ways is refused as a whole with status 502, never
 * repaired.
 *
 * <pre>
 * block = 1*( field NL ) NL        NL = LF / CR LF
 * field = name ":" OWS value OWS   name = token, value = *( HTAB / SP / %x21-7E / %x80-FF )
 * </pre>
 *
 * <p>Not thread-safe.
 */
public final class HeaderBlockParser {
  /** One line without its end, in bytes. */
  public static final int MAX_LINE = 16 * 1024;

  /** The whole block with all line ends, in bytes. */
  public static final int MAX_BLOCK = 64 * 1024;

  /** How many fields, repeats counted. */
  public static final int MAX_FIELDS = 256;

  private static final int EXCERPT = 24;

  private byte[] block = new byte[512];
  private int size;
  private int lineStart;
  private boolean afterCr;
  private boolean complete;
  private final List<String> fields = new ArrayList<>();

  /**
   * Takes bytes up to the end of the block.
   *
   * @return how many were taken; fewer than {@code length} only when the block is complete
   * @throws GatewayException with status 502 and a diagnosis when a rule is broken
   */
  public int feed(byte[] bytes, int offset, int length) throws GatewayException {
    for (int i = 0; i < length; i++) {
      if (complete) {
        return i;
      }
      take(bytes[offset + i]);
    }
    return length;
  }

  /** Whether the blank line was read. */
  public boolean isComplete() {
    return complete;
  }

  /** How many bytes the block has so far. */
  public int size() {
    return size;
  }

  /** The fields, once the block is complete. */
  public Headers headers() {
    if (!complete) {
      throw new IllegalStateException("header block must be complete");
    }
    return Headers.of(fields.toArray(new String[0]));
  }

  /** The failure of a program whose output ended before the blank line. */
  public GatewayException ended() {
    return size == 0
        ? refused("no-output", "program must send a header block", size)
        : refused("no-blank-line", "header block must end with a blank line", size);
  }

  private void take(byte b) throws GatewayException {
    if (size == MAX_BLOCK) {
      throw refused("block-too-long", "header block must not exceed " + MAX_BLOCK + " bytes", size);
    }
    if (size == block.length) {
      block = Arrays.copyOf(block, Math.min(size * 2, MAX_BLOCK));
    }
    block[size++] = b;
    if (b == '\n') {
      endLine(size - (afterCr ? 2 : 1));
      afterCr = false;
      return;
    }
    if (afterCr) {
      throw refused("bare-cr", "CR must be followed by LF", size - 2);
    }
    if (b == '\r') {
      afterCr = true;
      return;
    }
    if (b >= 0 && b < ' ' && b != '\t' || b == 0x7F) {
      throw refused("control-character", "header must hold no control characters", size - 1);
    }
    if (size - lineStart > MAX_LINE) {
      throw refused(
          "line-too-long", "header line must not exceed " + MAX_LINE + " bytes", size - 1);
    }
  }

  private void endLine(int end) throws GatewayException {
    int start = lineStart;
    lineStart = size;
    if (start == end) {
      if (fields.isEmpty()) {
        throw refused("empty-block", "header block must have at least one field", start);
      }
      complete = true;
      return;
    }
    if (block[start] == ' ' || block[start] == '\t') {
      throw refused("folded-line", "header line must not start with white space", start);
    }
    if (start == 0 && startsWith("HTTP/", end)) {
      throw refused(
          "status-line", "CGI response must start with a header and no status line", start);
    }
    if (fields.size() == MAX_FIELDS * 2) {
      throw refused(
          "too-many-fields", "header block must not exceed " + MAX_FIELDS + " fields", start);
    }
    int colon = start;
    while (colon < end && isTokenChar(block[colon])) {
      colon++;
    }
    if (colon == end) {
      throw refused("no-colon", "header line must have a colon", start);
    }
    if (block[colon] != ':' || colon == start) {
      throw refused("bad-name", "header name must be a token followed by a colon", colon);
    }
    fields.add(text(start, colon));
    fields.add(text(colon + 1, end).trim());
  }

  /**
   * Bytes as chars: {@code trim} then takes away spaces and tabs only, as no other control
   * character can be there.
   */
  private String text(int start, int end) {
    return new String(block, start, end - start, StandardCharsets.ISO_8859_1);
  }

  private boolean startsWith(String prefix, int end) {
    for (int i = 0; i < prefix.length(); i++) {
      if (i >= end || block[i] != prefix.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private GatewayException refused(String rule, String message, int offset) {
    int from = Math.max(0, offset - EXCERPT);
    int to = Math.min(size, offset + EXCERPT);
    String excerpt = Escapes.escape(block, from, to - from);
    return new GatewayException(
        502,
        message + " [" + rule + "]",
        Headers.of(),
        new Diagnosis(rule, offset, excerpt, "", ""),
        null);
  }

  /** {@code tchar} (RFC 9110 5.6.2). */
  private static boolean isTokenChar(byte b) {
    return b >= 'a' && b <= 'z'
        || b >= 'A' && b <= 'Z'
        || b >= '0' && b <= '9'
        || b > ' ' && "!#$%&'*+-.^_`|~".indexOf(b) >= 0;
  }
}

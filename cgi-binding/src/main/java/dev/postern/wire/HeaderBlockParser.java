package dev.postern.wire;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.internal.Escapes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Parses the header block of a CGI response as bytes (RFC 3875 6.3, RFC 9112 2.2 and 5). The parser
 * is strict. A block that two readers could read in two ways is refused as a whole with status 502,
 * and never repaired. The result does not depend on the pieces in which the bytes come.
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

  /** How many bytes a diagnosis shows before and after the offset. */
  private static final int EXCERPT = 32;

  private static final int VERSION_LENGTH = "HTTP/1.1".length();

  private static final byte[] STATUS_LINE = {'H', 'T', 'T', 'P', '/'};

  /** {@code HTAB / SP / %x21-7E / %x80-FF}: bytes of a line that need no check of their own. */
  private static final boolean[] TEXT = new boolean[256];

  /** {@code tchar} (RFC 9110 5.6.2). */
  private static final boolean[] TOKEN = new boolean[256];

  static {
    for (int c = 0; c < 256; c++) {
      TEXT[c] = c >= ' ' && c != 0x7F || c == '\t';
      TOKEN[c] =
          c >= 'a' && c <= 'z'
              || c >= 'A' && c <= 'Z'
              || c >= '0' && c <= '9'
              || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }
  }

  private final boolean statusLine;
  private byte[] block = new byte[256];
  private int size;
  private int lineStart;
  private boolean afterCr;
  private boolean complete;

  /** Names and values in turn. */
  private final List<String> fields = new ArrayList<>();

  /** Where in the block each field starts. */
  private int[] starts = new int[8];

  /** A parser for a program that must not write a status line. */
  public HeaderBlockParser() {
    this(false);
  }

  /**
   * A parser of one block.
   *
   * @param statusLine whether the block may begin with a status line, which then counts as its
   *     Status (RFC 3875 5)
   */
  public HeaderBlockParser(boolean statusLine) {
    this.statusLine = statusLine;
  }

  /**
   * Takes bytes up to the end of the block.
   *
   * @return how many were taken; fewer than {@code length} only when the block is complete
   * @throws GatewayException with status 502 and a diagnosis when a rule is broken
   */
  public int feed(byte[] bytes, int offset, int length) throws GatewayException {
    int end = offset + length;
    int at = offset;
    while (at < end && !complete) {
      int from = at;
      if (!afterCr) {
        while (at < end && TEXT[bytes[at] & 0xFF]) {
          at++;
        }
        appendText(bytes, from, at - from);
      }
      if (at < end) {
        endText(bytes[at++]);
      }
    }
    return at - offset;
  }

  /** Whether the blank line at the end was read. */
  public boolean isComplete() {
    return complete;
  }

  /** How many bytes the block has so far. */
  public int size() {
    return size;
  }

  /** The fields, once the block is complete. */
  public Headers headers() {
    checkComplete();
    return Headers.of(fields.toArray(new String[0]));
  }

  /** The failure of a program whose output ended before the blank line. */
  public GatewayException ended() {
    return size == 0
        ? broken("no-output", "program must send a header block", size)
        : broken("no-blank-line", "header block must end with a blank line", size);
  }

  // ---- fields, for those who understand them ----

  int count() {
    checkComplete();
    return fields.size() / 2;
  }

  String name(int field) {
    return fields.get(2 * field);
  }

  String value(int field) {
    return fields.get(2 * field + 1);
  }

  /** The failure of a block whose field breaks a rule. */
  GatewayException refused(String rule, String message, int field) {
    return Refusal.at(rule, message, starts[field], excerpt(starts[field]));
  }

  private void checkComplete() {
    if (!complete) {
      throw new IllegalStateException("header block must be complete");
    }
  }

  // ---- lines ----

  private void appendText(byte[] bytes, int from, int length) throws GatewayException {
    int room = Math.min(MAX_LINE - (size - lineStart), MAX_BLOCK - size);
    int fits = Math.min(length, room);
    ensure(fits);
    System.arraycopy(bytes, from, block, size, fits);
    size += fits;
    if (length > fits) {
      if (size == MAX_BLOCK) {
        throw blockTooLong();
      }
      throw broken("line-too-long", "header line must not exceed " + MAX_LINE + " bytes", size);
    }
  }

  /** Takes a byte that is no text, or any byte that follows a CR. */
  private void endText(byte b) throws GatewayException {
    if (size == MAX_BLOCK) {
      throw blockTooLong();
    }
    ensure(1);
    block[size++] = b;
    if (b == '\n') {
      endLine(size - (afterCr ? 2 : 1));
      afterCr = false;
    } else if (afterCr) {
      throw broken("bare-cr", "CR must be followed by LF", size - 2);
    } else if (b == '\r') {
      afterCr = true;
    } else {
      throw broken("control-character", "header must hold no control characters", size - 1);
    }
  }

  private void ensure(int more) {
    if (size + more > block.length) {
      block = Arrays.copyOf(block, Math.max(size + more, block.length * 2));
    }
  }

  private void endLine(int end) throws GatewayException {
    int start = lineStart;
    lineStart = size;
    if (start == end) {
      if (fields.isEmpty()) {
        throw broken("empty-block", "header block must have at least one field", start);
      }
      complete = true;
      return;
    }
    if (block[start] == ' ' || block[start] == '\t') {
      throw broken("folded-line", "header line must not start with white space", start);
    }
    if (start == 0 && statusLine && isHttp1(end)) {
      starts[0] = 0;
      fields.add("Status");
      fields.add(text(VERSION_LENGTH + 1, end).trim());
      return;
    }
    if (start == 0 && isStatusLine(end)) {
      throw broken("status-line", "response must start with a header, not a status line", start);
    }
    if (fields.size() == MAX_FIELDS * 2) {
      throw broken("too-many-fields", "header block must not exceed 256 fields", start);
    }
    int colon = start;
    while (colon < end && TOKEN[block[colon] & 0xFF]) {
      colon++;
    }
    if (colon == end) {
      throw broken("no-colon", "header line must have a colon" + hint(), start);
    }
    if (block[colon] != ':' || colon == start) {
      throw broken("bad-name", "header name must be a token followed by a colon" + hint(), colon);
    }
    addField(start, colon, end);
  }

  /** A hint at the most common mistake, a body that begins without the blank line before it. */
  private String hint() {
    return fields.isEmpty() ? "" : "; is the blank line after the header missing?";
  }

  private void addField(int start, int colon, int end) {
    int field = fields.size() / 2;
    if (field == starts.length) {
      starts = Arrays.copyOf(starts, field * 2);
    }
    starts[field] = start;
    fields.add(text(start, colon));
    // trim() removes only spaces and tabs here, because no other control character can be there.
    fields.add(text(colon + 1, end).trim());
  }

  private String text(int start, int end) {
    return new String(block, start, end - start, StandardCharsets.ISO_8859_1);
  }

  /**
   * Whether the block begins with {@code "HTTP/1." DIGIT SP}. The rest of such a line has the form
   * of a Status field.
   */
  private boolean isHttp1(int end) {
    return isStatusLine(end)
        && end > VERSION_LENGTH
        && block[5] == '1'
        && block[6] == '.'
        && block[7] >= '0'
        && block[7] <= '9'
        && block[VERSION_LENGTH] == ' ';
  }

  private boolean isStatusLine(int end) {
    return end >= STATUS_LINE.length
        && Arrays.equals(block, 0, STATUS_LINE.length, STATUS_LINE, 0, STATUS_LINE.length);
  }

  // ---- failures ----

  private GatewayException blockTooLong() {
    return broken(
        "block-too-long", "header block must not exceed " + MAX_BLOCK + " bytes", MAX_BLOCK);
  }

  private GatewayException broken(String rule, String message, int offset) {
    return Refusal.at(rule, message, offset, excerpt(offset));
  }

  /**
   * The bytes around the offset. Bytes after the point where parsing stopped are not shown, so the
   * excerpt does not depend on the pieces in which the bytes came.
   */
  private String excerpt(int offset) {
    int from = Math.max(0, offset - EXCERPT);
    int to = Math.min(size, offset + EXCERPT);
    return Escapes.escape(block, from, to - from);
  }
}

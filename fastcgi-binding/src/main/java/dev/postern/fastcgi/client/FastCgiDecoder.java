package dev.postern.fastcgi.client;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.fastcgi.wire.Records;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.wire.Refusal;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Takes the records of a response apart, however they were split. The length in a record never
 * makes this class allocate memory. Not thread-safe.
 *
 * <pre>
 * record = version(1) type(1) requestId(2) contentLength(2) paddingLength(1) reserved(1)
 *          content(contentLength) padding(paddingLength)
 * END_REQUEST content = appStatus(4) protocolStatus(1) reserved(3)
 * </pre>
 */
final class FastCgiDecoder implements Dialect.Decoder {
  private static final int END_CONTENT = 8;

  private final ErrorTail errors;
  private final byte[] header = new byte[Records.HEADER];
  private final byte[] end = new byte[END_CONTENT];
  private int headerSize;
  private int type;
  private int content;
  private int padding;
  private int endSize;
  private boolean ended;
  private boolean more;
  private boolean output;
  private @Nullable GatewayException cut;

  FastCgiDecoder(ErrorTail errors) {
    this.errors = errors;
  }

  @Override
  public int decode(byte[] bytes, int length) throws GatewayException {
    int kept = 0;
    int at = 0;
    while (at < length && !isEnded()) {
      if (content > 0) {
        int n = Math.min(content, length - at);
        kept += take(bytes, at, n, kept);
        at += n;
        content -= n;
      } else if (padding > 0) {
        int n = Math.min(padding, length - at);
        at += n;
        padding -= n;
      } else {
        header[headerSize++] = bytes[at++];
        if (headerSize == Records.HEADER) {
          headerSize = 0;
          begin();
        }
      }
    }
    more |= at < length;
    output |= kept > 0;
    return kept;
  }

  private int take(byte[] bytes, int at, int n, int kept) {
    if (type == Records.STDOUT) {
      System.arraycopy(bytes, at, bytes, kept, n);
      return n;
    }
    if (type == Records.STDERR) {
      errors.add(Arrays.copyOfRange(bytes, at, at + n), n);
    } else if (type == Records.END_REQUEST) {
      System.arraycopy(bytes, at, end, endSize, n);
      endSize += n;
      ended = endSize == END_CONTENT;
    }
    return 0;
  }

  private void begin() throws GatewayException {
    int version = header[0] & 0xFF;
    type = header[1] & 0xFF;
    int id = (header[2] & 0xFF) << 8 | header[3] & 0xFF;
    content = (header[4] & 0xFF) << 8 | header[5] & 0xFF;
    padding = header[6] & 0xFF;
    if (version != Records.VERSION) {
      throw broken("version of a record must be 1: " + version);
    }
    if (id == 0 && type <= Records.DATA) {
      throw broken("record of a request must have its id: 0");
    }
    if (id != 0 && id != FastCgiDialect.ID) {
      throw broken("record must be of the request that was sent: " + id);
    }
    if (type == Records.END_REQUEST && content != END_CONTENT) {
      throw broken("END_REQUEST must have 8 bytes: " + content);
    }
  }

  private static GatewayException broken(String message) {
    return Refusal.of(502, "bad-record", message);
  }

  /** Whether the response has ended, with its padding, or was cut. */
  @Override
  public boolean isEnded() {
    return ended && padding == 0 || cut != null;
  }

  @Override
  public boolean isReusable() {
    return ended && padding == 0 && !more && cut == null;
  }

  @Override
  public void closed(boolean cleanly) {
    if (ended) {
      padding = 0;
      more = true;
    } else {
      cut = Refusal.of(502, "no-end-request", "server must end its response with END_REQUEST");
    }
  }

  @Override
  public boolean isRefused() {
    int status = end[4] & 0xFF;
    return ended && !output && (status == Records.OVERLOADED || status == Records.CANT_MPX_CONN);
  }

  @Override
  public @Nullable GatewayException cut() {
    if (cut != null || !ended) {
      return cut;
    }
    int status = end[4] & 0xFF;
    switch (status) {
      case Records.REQUEST_COMPLETE:
        return null;
      case Records.OVERLOADED:
      case Records.CANT_MPX_CONN:
        return Refusal.of(
            503,
            "overloaded",
            "server must have room for the request",
            Headers.of("Retry-After", "1"),
            null);
      case Records.UNKNOWN_ROLE:
        return Refusal.of(502, "unknown-role", "server must be a responder");
      default:
        return broken("END_REQUEST must have a protocol status of 0 to 3: " + status);
    }
  }

  /** The application's status without its sign bit, which has no agreed meaning. */
  @Override
  public Exit exit() {
    if (!ended) {
      return Exit.RUNNING;
    }
    return new Exit(
        (end[0] & 0x7F) << 24 | (end[1] & 0xFF) << 16 | (end[2] & 0xFF) << 8 | end[3] & 0xFF);
  }
}

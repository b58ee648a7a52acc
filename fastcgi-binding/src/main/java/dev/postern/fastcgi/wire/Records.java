package dev.postern.fastcgi.wire;

import java.nio.ByteBuffer;

/**
 * Writes the records of FastCGI 1.0, sections 3.3 and 8. {@link RecordInput} reads them.
 *
 * <pre>
 * record = version(1) type(1) requestId(2) contentLength(2) paddingLength(1) reserved(1)
 *          content(contentLength) padding(paddingLength)
 * </pre>
 */
public final class Records {
  /** The number of bytes of a record's header. */
  public static final int HEADER = 8;

  /** The most bytes of content that a record can have. */
  public static final int MAX_CONTENT = 65535;

  public static final int VERSION = 1;

  public static final int BEGIN_REQUEST = 1;
  public static final int ABORT_REQUEST = 2;
  public static final int END_REQUEST = 3;
  public static final int PARAMS = 4;
  public static final int STDIN = 5;
  public static final int STDOUT = 6;
  public static final int STDERR = 7;
  public static final int DATA = 8;
  public static final int GET_VALUES = 9;
  public static final int GET_VALUES_RESULT = 10;
  public static final int UNKNOWN_TYPE = 11;

  public static final int RESPONDER = 1;
  public static final int AUTHORIZER = 2;
  public static final int FILTER = 3;

  /** A flag of BEGIN_REQUEST: the web server, and not the application, closes the connection. */
  public static final int KEEP_CONN = 1;

  /** Protocol states of END_REQUEST. */
  public static final int REQUEST_COMPLETE = 0;

  public static final int CANT_MPX_CONN = 1;
  public static final int OVERLOADED = 2;
  public static final int UNKNOWN_ROLE = 3;

  private Records() {}

  /**
   * Writes the header of a record.
   *
   * @param contentLength 0 to 65535
   * @param paddingLength 0 to 255
   */
  public static void header(
      ByteBuffer out, int type, int requestId, int contentLength, int paddingLength) {
    if (contentLength < 0 || contentLength > MAX_CONTENT) {
      throw new IllegalArgumentException("content of a record must fit: " + contentLength);
    }
    if (paddingLength < 0 || paddingLength > 255) {
      throw new IllegalArgumentException("padding of a record must fit: " + paddingLength);
    }
    out.put((byte) VERSION);
    out.put((byte) type);
    out.put((byte) (requestId >> 8));
    out.put((byte) requestId);
    out.put((byte) (contentLength >> 8));
    out.put((byte) contentLength);
    out.put((byte) paddingLength);
    out.put((byte) 0);
  }

  /** Writes a BEGIN_REQUEST record: 16 bytes. */
  public static void beginRequest(ByteBuffer out, int requestId, int role, boolean keepConnection) {
    header(out, BEGIN_REQUEST, requestId, 8, 0);
    out.put((byte) (role >> 8));
    out.put((byte) role);
    out.put((byte) (keepConnection ? KEEP_CONN : 0));
    out.put(new byte[5]);
  }

  /** Writes an END_REQUEST record: 16 bytes. */
  public static void endRequest(
      ByteBuffer out, int requestId, int applicationStatus, int protocolStatus) {
    header(out, END_REQUEST, requestId, 8, 0);
    out.put((byte) (applicationStatus >> 24));
    out.put((byte) (applicationStatus >> 16));
    out.put((byte) (applicationStatus >> 8));
    out.put((byte) applicationStatus);
    out.put((byte) protocolStatus);
    out.put((byte) 0);
    out.put((byte) 0);
    out.put((byte) 0);
  }

  /** Writes an UNKNOWN_TYPE record, the answer to a management record of that type: 16 bytes. */
  public static void unknownType(ByteBuffer out, int type) {
    header(out, UNKNOWN_TYPE, 0, 8, 0);
    out.put((byte) type);
    out.put(new byte[7]);
  }

  /**
   * How many bytes of padding fill the content up to a multiple of eight, as the standard advises.
   */
  public static int padding(int contentLength) {
    return -contentLength & 7;
  }
}

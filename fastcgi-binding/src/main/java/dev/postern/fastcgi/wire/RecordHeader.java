package dev.postern.fastcgi.wire;

/**
 * The header of one record that was read.
 *
 * @param type 0 to 255: a type of {@link Records}, or one that this version does not know
 * @param requestId 0 to 65535; 0 is a management record
 * @param contentLength 0 to 65535
 * @param paddingLength 0 to 255
 */
public record RecordHeader(int type, int requestId, int contentLength, int paddingLength) {
  /** Whether the record is about the connection and not about a request (section 3.3). */
  public boolean isManagement() {
    return requestId == 0;
  }
}

package dev.postern.scgi;

import dev.postern.fastcgi.server.Connection;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Writes the bytes of a response as they are. The engine and the sink have gathered small writes
 * before.
 */
final class ScgiOutput extends OutputStream {
  private static final byte[] OVERLOADED =
      ("Status: 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 1\r\n"
              + "Content-Length: 0\r\n\r\n")
          .getBytes(StandardCharsets.US_ASCII);

  private final Connection.Target target;

  ScgiOutput(Connection.Target target) {
    this.target = target;
  }

  /** Answers that all places are taken. SCGI has no other way to say so than HTTP's 503. */
  void overloaded() throws IOException {
    write(OVERLOADED, 0, OVERLOADED.length);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    target.write(ByteBuffer.wrap(bytes, offset, length));
  }
}

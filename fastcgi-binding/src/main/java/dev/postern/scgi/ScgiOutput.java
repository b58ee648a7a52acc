package dev.postern.scgi;

import dev.postern.fastcgi.server.Connection;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * Writes the bytes of a response as they are. The engine and the sink have gathered small writes
 * before.
 */
final class ScgiOutput extends OutputStream {
  private final Connection.Target target;

  ScgiOutput(Connection.Target target) {
    this.target = target;
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

package dev.postern.fastcgi;

import dev.postern.fastcgi.wire.Records;
import java.io.IOException;
import java.io.OutputStream;

/** Writes the bytes of a response as STDOUT records. Confined to one request. */
final class StdoutStream extends OutputStream {
  private final RecordOutput out;
  private final int requestId;
  private boolean ending;

  StdoutStream(RecordOutput out, int requestId) {
    this.out = out;
    this.requestId = requestId;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    out.stream(Records.STDOUT, requestId, bytes, offset, length);
  }

  /**
   * From now on a flush sends nothing, because the end of the request follows and all goes out
   * together.
   */
  void beginEnd() {
    ending = true;
  }

  @Override
  public void flush() throws IOException {
    if (!ending) {
      out.flush();
    }
  }
}

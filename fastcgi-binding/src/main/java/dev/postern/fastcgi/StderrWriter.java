package dev.postern.fastcgi;

import dev.postern.fastcgi.wire.Records;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * A request's {@code postern.errors} as STDERR records in UTF-8, for the web server's log. A record
 * is sent at each flush. What is written after the request's end is lost, because the request's
 * number may belong to another request then.
 */
final class StderrWriter extends Writer {
  private static final int MOST = 4096;

  private final RecordOutput out;
  private final int requestId;
  private final StringBuilder held = new StringBuilder(0);
  private boolean closed;

  StderrWriter(RecordOutput out, int requestId) {
    this.out = out;
    this.requestId = requestId;
  }

  @Override
  public void write(char[] chars, int offset, int length) throws IOException {
    synchronized (held) {
      held.append(chars, offset, length);
      if (held.length() >= MOST) {
        send();
      }
    }
  }

  @Override
  public void flush() throws IOException {
    synchronized (held) {
      send();
    }
  }

  private void send() throws IOException {
    if (held.length() == 0) {
      return;
    }
    byte[] bytes = held.toString().getBytes(StandardCharsets.UTF_8);
    held.setLength(0);
    if (!closed) {
      out.stream(Records.STDERR, requestId, bytes, 0, bytes.length);
      out.flush();
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (held) {
      send();
      closed = true;
    }
  }
}

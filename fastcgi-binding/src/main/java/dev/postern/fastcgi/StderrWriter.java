package dev.postern.fastcgi;

import dev.postern.fastcgi.wire.Records;
import dev.postern.internal.Escapes;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * A request's {@code postern.errors} as STDERR records in UTF-8, for the web server's log. A record
 * is sent at each flush. The request's number may belong to another request after the request's
 * end. Lines that are written then go to the log of this process, as failures of {@code close()}
 * do.
 */
final class StderrWriter extends Writer {
  private static final int MOST = 4096;
  private static final System.Logger LOG = System.getLogger("dev.postern.fastcgi");

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
      } else if (closed) {
        log(held.lastIndexOf("\n") + 1);
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
    if (closed) {
      log(held.length());
      return;
    }
    byte[] bytes = held.toString().getBytes(StandardCharsets.UTF_8);
    held.setLength(0);
    out.stream(Records.STDERR, requestId, bytes, 0, bytes.length);
    out.flush();
  }

  private void log(int length) {
    held.substring(0, length)
        .lines()
        .filter(line -> !line.isEmpty())
        .forEach(line -> LOG.log(System.Logger.Level.WARNING, Escapes.oneLine(line)));
    held.delete(0, length);
  }

  @Override
  public void close() throws IOException {
    synchronized (held) {
      try {
        send();
      } finally {
        closed = true;
      }
    }
  }
}

package dev.postern.fastcgi;

import dev.postern.gateway.BodyAhead;
import dev.postern.gateway.CgiSink;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Writes a response in CGI's form as STDOUT records, and its END_REQUEST. */
final class FastCgiSink extends CgiSink {
  private final FastCgiRequest request;
  private final StdoutStream stdout;
  private final RecordOutput out;
  private boolean ended;

  FastCgiSink(
      FastCgiRequest request,
      StdoutStream stdout,
      RecordOutput out,
      @Nullable BodyAhead body,
      boolean errorPage) {
    super(stdout, body, errorPage);
    this.request = request;
    this.stdout = stdout;
    this.out = out;
  }

  @Override
  public void finish() throws IOException {
    stdout.beginEnd();
    super.finish();
    // The request ends before END_REQUEST is written, because the web server may begin the next
    // request as soon as it has read that record.
    request.end();
    request.flushErrors();
    out.end(request.id(), 0);
    ended = true;
  }

  /** Whether the response went out whole, with its END_REQUEST. */
  boolean hasEnded() {
    return ended;
  }
}

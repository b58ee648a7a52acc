package dev.postern.fastcgi;

import dev.postern.gateway.BodyAhead;
import dev.postern.gateway.CgiSink;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Writes a response in CGI's form as STDOUT records, and its END_REQUEST. */
final class FastCgiSink extends CgiSink {
  private final FastCgiRequest request;
  private final StdoutStream stdout;
  private boolean ended;

  FastCgiSink(
      FastCgiRequest request, StdoutStream stdout, @Nullable BodyAhead body, boolean errorPage) {
    super(stdout, body, errorPage);
    this.request = request;
    this.stdout = stdout;
  }

  @Override
  public void finish() throws IOException {
    stdout.beginEnd();
    super.finish();
    request.finish();
    ended = true;
  }

  /** Whether the response went out whole. Its END_REQUEST may wait for the end of STDIN. */
  boolean hasEnded() {
    return ended;
  }
}

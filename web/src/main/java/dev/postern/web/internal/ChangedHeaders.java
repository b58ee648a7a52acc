package dev.postern.web.internal;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A start-response that changes the headers of each response, and passes all else on. */
public record ChangedHeaders(StartResponse start, UnaryOperator<Headers> change)
    implements StartResponse {
  /**
   * Calls an application. Its response has changed headers, also if it answers by an exception, or
   * if its body does.
   */
  @SuppressWarnings("NullAway") // What a broken application returns is passed on.
  public static Body call(
      Application application,
      Environ environ,
      StartResponse startResponse,
      UnaryOperator<Headers> change)
      throws Exception {
    try {
      Body body = application.call(environ, new ChangedHeaders(startResponse, change));
      return body == null ? body : new Answering(body, change);
    } catch (Exception e) {
      throw changed(e, change);
    }
  }

  private static Exception changed(Exception thrown, UnaryOperator<Headers> change) {
    ThrownAnswer answer = ThrownAnswer.in(thrown);
    return answer == null ? thrown : answer.withHeaders(change.apply(answer.headers()));
  }

  @Override
  public void start(int status, Headers headers, @Nullable Throwable error) {
    start.start(status, change.apply(headers), error);
  }

  @Override
  public void earlyHints(Headers hints) throws IOException {
    start.earlyHints(hints);
  }

  /** A body that may throw an answer while nothing was sent. */
  private static final class Answering extends PassedBody {
    private final UnaryOperator<Headers> change;

    Answering(Body body, UnaryOperator<Headers> change) {
      super(body);
      this.change = change;
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      try {
        body.writeTo(out);
      } catch (Exception e) {
        throw changed(e, change);
      }
    }
  }
}

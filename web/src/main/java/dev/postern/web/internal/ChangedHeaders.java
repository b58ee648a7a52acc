package dev.postern.web.internal;

import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.IOException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A start-response that changes the headers of each response, and passes all else on. */
public record ChangedHeaders(StartResponse start, UnaryOperator<Headers> change)
    implements StartResponse {
  @Override
  public void start(int status, Headers headers, @Nullable Throwable error) {
    start.start(status, change.apply(headers), error);
  }

  @Override
  public void earlyHints(Headers hints) throws IOException {
    start.earlyHints(hints);
  }
}

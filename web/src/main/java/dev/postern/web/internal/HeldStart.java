package dev.postern.web.internal;

import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the start of a response until a middleware has seen the body, too. What comes after {@link
 * #release} passes at once.
 *
 * <p>Confined to one request.
 */
public final class HeldStart implements StartResponse {
  private final StartResponse start;
  private @Nullable Filter late;
  private @Nullable Runnable onReplace;
  private boolean started;
  private boolean released;
  private int status;
  private @Nullable Headers headers;
  private @Nullable Throwable error;

  /** What becomes of the headers of a response that replaces one that was released. */
  @FunctionalInterface
  public interface Filter {
    /** The headers to start with. */
    Headers apply(int status, Headers headers);
  }

  /** Keeps what is started from {@code start}. */
  public HeldStart(StartResponse start) {
    this.start = start;
  }

  @Override
  public void start(int newStatus, Headers newHeaders, @Nullable Throwable newError) {
    if (started && newError == null) {
      // The gateway says what is wrong with that.
      release();
      start.start(newStatus, newHeaders, null);
      return;
    }
    if (started && onReplace != null) {
      onReplace.run();
    }
    if (released) {
      Headers filtered = late == null ? newHeaders : late.apply(newStatus, newHeaders);
      start.start(newStatus, filtered, newError);
      return;
    }
    started = true;
    status = newStatus;
    headers = newHeaders;
    error = newError;
  }

  @Override
  public void earlyHints(Headers hints) throws IOException {
    start.earlyHints(hints);
  }

  /** Whether there is a start. */
  public boolean isStarted() {
    return started;
  }

  /** The status that was started. */
  public int status() {
    return status;
  }

  /** The headers that were started; none before. */
  public Headers headers() {
    return headers == null ? Headers.of() : headers;
  }

  /** Called when a response is started in the place of another one, before that. */
  public void onReplace(Runnable action) {
    onReplace = action;
  }

  /** Passes the start on. */
  public void release() {
    release(status, headers(), null);
  }

  /** Passes another start on, and filters those that come later. */
  public void release(int newStatus, Headers newHeaders, @Nullable Filter newLate) {
    if (started && !released) {
      released = true;
      late = newLate;
      start.start(newStatus, newHeaders, error);
    }
  }
}

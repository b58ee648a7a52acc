package dev.postern.web.internal;

import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Holds the start of a response back until a middleware has seen the body, too. A start after
 * {@link #release} passes at once.
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

  /** Changes the headers of a response that replaces a released one. */
  @FunctionalInterface
  public interface Filter {
    /** The headers to start with. */
    Headers apply(int status, Headers headers);
  }

  /** Holds starts back from {@code start}. */
  public HeldStart(StartResponse start) {
    this.start = start;
  }

  @Override
  public void start(int newStatus, Headers newHeaders, @Nullable Throwable newError) {
    if (started && newError == null) {
      // The gateway throws the exception for a second start.
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

  /**
   * Sets an action. It runs when a response is started in the place of another one, before that
   * start is held or passed on.
   */
  public void onReplace(Runnable action) {
    onReplace = action;
  }

  /** All bytes of a body; those of a response that is replaced meanwhile are dropped. */
  public byte[] read(Body body) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    onReplace(out::reset);
    body.writeTo(out);
    return out.toByteArray();
  }

  /** Passes the start on. */
  public void release() {
    release(status, headers(), null);
  }

  /** Passes a start with these values on, and filters starts that come later. */
  public void release(int newStatus, Headers newHeaders, @Nullable Filter newLate) {
    if (started && !released) {
      released = true;
      late = newLate;
      start.start(newStatus, newHeaders, error);
    }
  }
}

package dev.postern.launcher.http;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;

/**
 * Reads what is left of a request's body after its response, for a moment and without a thread, so
 * that the connection can be used again. If a client sends longer, its connection is closed. A
 * client that waits for {@code 100 Continue} has sent nothing. A body that somebody still waits for
 * is not read.
 */
final class UnreadBody extends Callback.Nested {
  private final PacedBody body;
  private final Request request;
  private final Duration time;
  private final AtomicBoolean done = new AtomicBoolean();
  private long deadline;

  UnreadBody(PacedBody body, Callback callback, Duration time) {
    super(callback);
    this.body = body;
    this.request = body.getWrapped();
    this.time = time;
  }

  /** Called when the response is sent. */
  @Override
  public void succeeded() {
    deadline = System.nanoTime() + time.toNanos();
    if (body.isDemanded() || readAvailable() || request.getHeaders().contains(HttpHeader.EXPECT)) {
      end();
      return;
    }
    request
        .getComponents()
        .getScheduler()
        .schedule(this::end, time.toMillis(), TimeUnit.MILLISECONDS);
    request.demand(this::readOn);
  }

  private void readOn() {
    if (readAvailable()) {
      end();
    } else if (!done.get()) {
      request.demand(this::readOn);
    }
  }

  /** Reads what has come. Returns false if more may come in time. */
  private boolean readAvailable() {
    while (System.nanoTime() - deadline < 0) {
      Content.Chunk chunk = request.read();
      if (chunk == null) {
        return false;
      }
      chunk.release();
      if (chunk.isLast() || Content.Chunk.isFailure(chunk)) {
        return true;
      }
    }
    return true;
  }

  private void end() {
    if (done.compareAndSet(false, true)) {
      super.succeeded();
    }
  }
}

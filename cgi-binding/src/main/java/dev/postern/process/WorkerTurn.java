package dev.postern.process;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One request in a worker. The request ends when the worker says so, or when the worker is gone.
 * The worker goes on afterwards. Thread-safe.
 */
final class WorkerTurn extends PipedProcess {
  private final CompletableFuture<TurnEnd> end;

  WorkerTurn(ForkedChild child) throws IOException {
    super(child, null);
    end = requireNonNull(child.turn(), "turn");
  }

  @Override
  public boolean isAlive() {
    return !end.isDone();
  }

  @Override
  public int exitValue() {
    if (!end.isDone()) {
      throw new IllegalThreadStateException("request must have ended");
    }
    return end.join().code();
  }

  /** What the request has left behind; nothing while it runs. */
  List<String> left() {
    return end.isDone() ? end.join().left() : List.of();
  }

  @Override
  public boolean waitFor(long timeout, TimeUnit unit) throws InterruptedException {
    try {
      end.get(timeout, unit);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("end of a request must not fail", e);
    }
  }
}

package dev.postern;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What all copies of one request's environ share: whether it is cancelled, its hooks, what is
 * reported about it. Thread-safe.
 */
final class Lifecycle {
  private enum State {
    OPEN,
    CANCELLED,
    /** The response is whole; a cancellation comes too late. */
    COMPLETED
  }

  private State state = State.OPEN;
  private boolean begun;
  private boolean finished;
  private @Nullable Throwable cause;
  private @Nullable List<Runnable> cancelHooks;
  private @Nullable List<Consumer<Outcome>> finishHooks;
  private @Nullable Map<String, Object> facts;

  /** One exchange only. */
  synchronized void begin() {
    if (begun) {
      throw new IllegalStateException("environ must be run by one exchange");
    }
    begun = true;
  }

  synchronized boolean isCancelled() {
    return state == State.CANCELLED;
  }

  synchronized @Nullable Throwable cause() {
    return cause;
  }

  /** False when the exchange is cancelled or complete already. Runs the hooks on this thread. */
  boolean cancel(Throwable why) {
    List<Runnable> hooks;
    synchronized (this) {
      if (state != State.OPEN) {
        return false;
      }
      state = State.CANCELLED;
      cause = why;
      hooks = cancelHooks;
      cancelHooks = null;
    }
    if (hooks != null) {
      for (Runnable hook : hooks) {
        runHook(hook, why);
      }
    }
    return true;
  }

  /** From here on nothing cancels any more. False when it is cancelled already. */
  synchronized boolean complete() {
    if (state == State.CANCELLED) {
      return false;
    }
    state = State.COMPLETED;
    cancelHooks = null;
    return true;
  }

  void onCancel(Runnable hook) {
    synchronized (this) {
      if (state == State.OPEN) {
        if (cancelHooks == null) {
          cancelHooks = new ArrayList<>(2);
        }
        cancelHooks.add(hook);
        return;
      }
      if (state == State.COMPLETED) {
        return;
      }
    }
    hook.run();
  }

  synchronized void onFinish(Consumer<Outcome> hook) {
    if (finished) {
      throw new IllegalStateException("onFinish must be called before the exchange ends");
    }
    if (finishHooks == null) {
      finishHooks = new ArrayList<>(2);
    }
    finishHooks.add(hook);
  }

  synchronized void report(String name, Object value) {
    if (facts == null) {
      facts = new HashMap<>();
    }
    facts.put(name, value);
  }

  synchronized Map<String, Object> facts() {
    return facts == null ? Map.of() : facts;
  }

  /** The hooks of {@code onFinish}, once; none can be added afterwards. */
  synchronized List<Consumer<Outcome>> finish() {
    finished = true;
    List<Consumer<Outcome>> hooks = finishHooks;
    finishHooks = null;
    return hooks == null ? List.of() : hooks;
  }

  /** A hook that throws must not keep the others from running. */
  private static void runHook(Runnable hook, Throwable why) {
    try {
      hook.run();
    } catch (RuntimeException | Error e) {
      if (e != why) {
        why.addSuppressed(e);
      }
    }
  }
}

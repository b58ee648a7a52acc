package dev.postern;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What all copies of one request's environ share: whether the request is cancelled, its hooks, and
 * the facts that were reported. Thread-safe.
 */
final class Lifecycle {
  private enum State {
    OPEN,
    CANCELLED,
    /** The response is whole. Only a sink that cannot finish it can still cancel the exchange. */
    COMPLETED
  }

  private State state = State.OPEN;
  private boolean begun;
  private @Nullable Thread thread;
  private boolean finished;

  /** The exchange is over, so nothing of the request may be read any more. */
  private volatile boolean ended;

  private @Nullable Throwable cause;
  private @Nullable List<Runnable> cancelHooks;
  private @Nullable List<Consumer<Outcome>> finishHooks;
  private @Nullable Map<String, Object> facts;
  private @Nullable LintCall lint;

  /** Throws if another exchange has begun with this environ before. */
  synchronized void begin() {
    if (begun) {
      throw new IllegalStateException("environ must be run by one exchange");
    }
    begun = true;
    thread = Thread.currentThread();
  }

  /** Whether an exchange has begun with this environ and not ended. */
  synchronized boolean isRunning() {
    return begun && !finished;
  }

  /** The request's thread, or null before the exchange. */
  synchronized @Nullable Thread thread() {
    return thread;
  }

  /** Makes {@code call} the innermost checked call, and returns the one before it. */
  synchronized @Nullable LintCall lint(@Nullable LintCall call) {
    LintCall outer = lint;
    lint = call;
    return outer;
  }

  synchronized boolean isCancelled() {
    return state == State.CANCELLED;
  }

  synchronized @Nullable Throwable cause() {
    return cause;
  }

  /**
   * Cancels the exchange and runs the hooks on this thread. Returns false if the exchange is
   * cancelled or complete already.
   */
  boolean cancel(Throwable why) {
    return cancel(why, State.OPEN);
  }

  /**
   * Cancels the exchange because its response cannot be sent, even if the response was about to be
   * complete.
   */
  void breakOff(Throwable why) {
    cancel(why, State.COMPLETED);
  }

  private boolean cancel(Throwable why, State last) {
    List<Runnable> hooks;
    synchronized (this) {
      if (state != State.OPEN && state != last) {
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

  /**
   * Marks the response as complete. After this, only {@link #breakOff} can cancel the exchange.
   * Returns false if the exchange is cancelled already.
   */
  synchronized boolean complete() {
    if (state == State.CANCELLED) {
      return false;
    }
    state = State.COMPLETED;
    return true;
  }

  Environ.Registration onCancel(Runnable hook) {
    // Each registration needs an object of its own, because the same hook may be added twice.
    Runnable added = new CancelHook(hook);
    Throwable why;
    synchronized (this) {
      if (finished && state == State.COMPLETED) {
        return () -> {};
      }
      if (state != State.CANCELLED) {
        if (cancelHooks == null) {
          cancelHooks = new ArrayList<>(2);
        }
        cancelHooks.add(added);
        return () -> removeCancelHook(added);
      }
      why = cause;
    }
    runHook(hook, requireNonNull(why));
    return () -> {};
  }

  private synchronized void removeCancelHook(Runnable added) {
    if (cancelHooks != null) {
      cancelHooks.remove(added);
    }
  }

  private static final class CancelHook implements Runnable {
    private final Runnable hook;

    CancelHook(Runnable hook) {
      this.hook = hook;
    }

    @Override
    public void run() {
      hook.run();
    }
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

  /** What was reported so far. */
  synchronized Map<String, Object> facts() {
    return facts == null ? Map.of() : Map.copyOf(facts);
  }

  /**
   * Called after the hooks have run. From here on, the source may give the variables of another
   * request.
   */
  void end() {
    ended = true;
  }

  boolean hasEnded() {
    return ended;
  }

  /** Gives out the hooks of {@code onFinish}, once. No hook can be added afterwards. */
  synchronized List<Consumer<Outcome>> finish() {
    finished = true;
    cancelHooks = null;
    List<Consumer<Outcome>> hooks = finishHooks;
    finishHooks = null;
    return hooks == null ? List.of() : hooks;
  }

  /** A hook that throws must not keep the others from running. */
  @SuppressWarnings("ReferenceEquality") // Java refuses an exception that suppresses itself.
  private static void runHook(Runnable hook, Throwable why) {
    try {
      hook.run();
    } catch (Throwable e) {
      if (e != why) {
        why.addSuppressed(e);
      }
    }
  }
}

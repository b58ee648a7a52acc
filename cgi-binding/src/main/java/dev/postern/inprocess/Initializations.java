package dev.postern.inprocess;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which classes of an instance have been initialized for the request in force: the protocol of JVMS
 * 5.5, with recursion, waiting and failure, for initializers that run once a request. Thread-safe.
 */
@SuppressWarnings("ReferenceEquality")
final class Initializations {
  private final Map<String, State> states = new HashMap<>();

  private static final class State {
    final Thread by = Thread.currentThread();
    boolean done;
    boolean failed;
  }

  /** Forgets all, for the next request. */
  synchronized void clear() {
    states.clear();
  }

  /**
   * Whether the caller is to initialize the class; false when that was done, or is being done by
   * itself.
   */
  synchronized boolean enter(String name) {
    @Nullable State state = states.get(name);
    if (state == null) {
      states.put(name, new State());
      return true;
    }
    boolean interrupted = false;
    while (!state.done && !state.failed && state.by != Thread.currentThread()) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (state.failed) {
      throw new NoClassDefFoundError("Could not initialize class " + name.replace('/', '.'));
    }
    return false;
  }

  synchronized void done(String name) {
    State state = states.get(name);
    if (state != null) {
      state.done = true;
    }
    notifyAll();
  }

  /** The initializer has thrown that; what its caller is to see of it. */
  synchronized Throwable failed(String name, Throwable e) {
    State state = states.get(name);
    if (state != null) {
      state.failed = true;
    }
    notifyAll();
    return e instanceof Error ? e : new ExceptionInInitializerError(e);
  }
}

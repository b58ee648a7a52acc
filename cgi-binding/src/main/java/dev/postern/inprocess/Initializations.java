package dev.postern.inprocess;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which classes of an instance have been initialized for the present request. This is the protocol
 * of JVMS 5.5, with recursion, waiting and failure, for initializers that run once for each
 * request. Thread-safe.
 */
@SuppressWarnings("ReferenceEquality")
final class Initializations {
  private static final long LOOK_MILLIS = 50;

  private final Instance instance;
  private final Map<String, State> states = new HashMap<>();

  private static final class State {
    final Thread by = Thread.currentThread();
    boolean done;
    boolean failed;
  }

  Initializations(Instance instance) {
    this.instance = instance;
  }

  /** Forgets all, for the next request. */
  synchronized void clear() {
    states.clear();
  }

  /**
   * Whether the caller must initialize the class; false when the class is initialized, or when the
   * calling thread is initializing it now.
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
        wait(LOOK_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      // Two threads may wait for each other, until the program is stopped.
      instance.live();
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

  /**
   * The initializer has thrown {@code e}. Returns what the caller of the initializer must throw.
   */
  synchronized Throwable failed(String name, Throwable e) {
    State state = states.get(name);
    if (state != null) {
      state.failed = true;
    }
    notifyAll();
    return e instanceof Error ? e : new ExceptionInInitializerError(e);
  }
}

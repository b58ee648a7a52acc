package dev.postern.inprocess;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which classes of an instance have been initialized for the present request. This is the protocol
 * of JVMS 5.5, with recursion, waiting and failure, for initializers that run once for each
 * request. Thread-safe.
 */
@SuppressWarnings({"NonAtomicVolatileUpdate", "ReferenceEquality"})
final class Initializations {
  private static final long LOOK_MILLIS = 50;

  private final Instance instance;
  private final Map<String, State> states = new HashMap<>();

  /** How many initializers run now. */
  private volatile int running;

  private static final class State {
    final Thread by = Thread.currentThread();
    boolean done;
    boolean failed;

    /** Whether the initializer has asked for something that may differ in the next request. */
    boolean varies;
  }

  Initializations(Instance instance) {
    this.instance = instance;
  }

  /** Forgets all, for the next request. */
  synchronized void clear() {
    states.clear();
    running = 0;
  }

  /**
   * Whether the caller must initialize the class; false when the class is initialized, or when the
   * calling thread is initializing it now.
   */
  synchronized boolean enter(String name) {
    @Nullable State state = states.get(name);
    if (state == null) {
      states.put(name, new State());
      running++;
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

  /** Called when the program asks for something that may differ in the next request. */
  void varies() {
    if (running > 0) {
      synchronized (this) {
        for (State state : states.values()) {
          state.varies |= !state.done && !state.failed && state.by == Thread.currentThread();
        }
      }
    }
  }

  /** Whether the statics of a class depend on what may differ in the next request. */
  synchronized boolean varies(String name) {
    State state = states.get(name);
    return state != null && state.varies;
  }

  synchronized void done(String name) {
    State state = states.get(name);
    if (state != null) {
      state.done = true;
      running--;
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
      running--;
    }
    notifyAll();
    return e instanceof Error ? e : new ExceptionInInitializerError(e);
  }
}

package dev.postern.launcher;

import java.lang.reflect.Proxy;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Turns signals into wishes that a thread can wait for. So the JVM ends with 0 after a clean stop,
 * and not with 143. A second wish to stop ends it at once.
 *
 * <p>The JDK has only {@code sun.misc.Signal} for this. javac warns about each mention of that
 * class, so it is reached by its name.
 */
final class Signals {
  /** What a signal asks for. */
  enum Wish {
    /** TERM or INT, and also HUP if there is nothing to reload. */
    STOP,
    /** HUP: read the configuration again. */
    RELOAD,
    /** USR1: open the log files again. */
    REOPEN
  }

  private final BlockingQueue<Wish> wishes = new LinkedBlockingQueue<>();
  private final AtomicBoolean stopping = new AtomicBoolean();

  private Signals() {}

  /**
   * Begins to handle the signals. Called once in a process.
   *
   * @param reloads whether HUP is a wish to reload; otherwise it is a wish to stop
   */
  static Signals install(boolean reloads) {
    Signals signals = new Signals();
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      signals.handle(signal, handler, "TERM", Wish.STOP);
      signals.handle(signal, handler, "INT", Wish.STOP);
      signals.handle(signal, handler, "HUP", reloads ? Wish.RELOAD : Wish.STOP);
      signals.handle(signal, handler, "USR1", Wish.REOPEN);
    } catch (ReflectiveOperationException e) {
      // This runtime has no module jdk.unsupported, so signals end the JVM as they always do.
    }
    return signals;
  }

  @SuppressWarnings("ReferenceEquality") // A handler is equal to itself.
  private void handle(Class<?> signal, Class<?> handler, String name, Wish wish)
      throws ReflectiveOperationException {
    Object proxy =
        Proxy.newProxyInstance(
            Signals.class.getClassLoader(),
            new Class<?>[] {handler},
            (self, method, args) ->
                switch (method.getName()) {
                  case "handle" -> {
                    wish(wish);
                    yield null;
                  }
                  case "equals" -> self == args[0];
                  case "hashCode" -> System.identityHashCode(self);
                  default -> "Signals";
                });
    try {
      Object instance = signal.getConstructor(String.class).newInstance(name);
      signal.getMethod("handle", signal, handler).invoke(null, instance, proxy);
    } catch (java.lang.reflect.InvocationTargetException e) {
      // The platform has no such signal, or the JVM was started with -Xrs.
    }
  }

  private void wish(Wish wish) {
    if (wish == Wish.STOP && stopping.getAndSet(true)) {
      Runtime.getRuntime().halt(1);
    }
    wishes.add(wish);
  }

  /** Waits for the next wish. Wishes come in the order of their signals. */
  Wish await() throws InterruptedException {
    return wishes.take();
  }

  /** Waits for the next wish, and returns null if none comes in that time. */
  @Nullable Wish await(long millis) throws InterruptedException {
    return wishes.poll(millis, TimeUnit.MILLISECONDS);
  }

  /** Waits for a wish to stop, and ignores others. */
  void awaitStop() throws InterruptedException {
    while (await() != Wish.STOP) {
      // Nothing to reload or to reopen.
    }
  }
}

package dev.postern.launcher;

import java.lang.reflect.Proxy;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Signals as wishes that a thread can wait for, so that the JVM ends with 0 after a clean stop and
 * not with 143. A second wish to stop ends it at once.
 *
 * <p>{@code sun.misc.Signal} is reached by its name: it is what the JDK has for this, and javac
 * warns about each mention of it.
 */
final class Signals {
  /** What is wished for. */
  enum Wish {
    /** TERM, INT; and HUP for whoever has nothing to reload. */
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
   * From here on the signals are wishes. Once in a process.
   *
   * @param reloads whether HUP is a wish to reload; else it is one to stop
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
      // A runtime without jdk.unsupported: signals end the JVM as they always do.
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

  /** The next wish, in the order in which they came. */
  Wish await() throws InterruptedException {
    return wishes.take();
  }

  /** The same; null when none has come in that time. */
  @Nullable Wish await(long millis) throws InterruptedException {
    return wishes.poll(millis, TimeUnit.MILLISECONDS);
  }

  /** Returns when the process is to stop; other wishes are of no use to the caller. */
  void awaitStop() throws InterruptedException {
    while (await() != Wish.STOP) {
      // Nothing to reload or to reopen.
    }
  }
}

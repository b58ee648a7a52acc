package dev.postern.launcher;

import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;

/**
 * SIGTERM, SIGINT and SIGHUP, as a wish to stop that a thread can wait for, so that the JVM ends
 * with 0 after a clean stop and not with 143. A second signal ends it at once.
 *
 * <p>{@code sun.misc.Signal} is reached by its name: it is what the JDK has for this, and javac
 * warns about each mention of it.
 */
final class StopSignal {
  private final CountDownLatch wanted = new CountDownLatch(1);

  private StopSignal() {}

  /** From here on the signals are a wish. Once in a process. */
  @SuppressWarnings("ReferenceEquality") // A handler is equal to itself.
  static StopSignal install() {
    StopSignal stop = new StopSignal();
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              StopSignal.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, args) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      stop.wish();
                      yield null;
                    }
                    case "equals" -> self == args[0];
                    case "hashCode" -> System.identityHashCode(self);
                    default -> "StopSignal";
                  });
      for (String name : new String[] {"TERM", "INT", "HUP"}) {
        handle(signal, handler, name, proxy);
      }
    } catch (ReflectiveOperationException e) {
      // A runtime without jdk.unsupported: signals end the JVM as they always do.
    }
    return stop;
  }

  private static void handle(Class<?> signal, Class<?> handler, String name, Object proxy)
      throws ReflectiveOperationException {
    try {
      Object instance = signal.getConstructor(String.class).newInstance(name);
      signal.getMethod("handle", signal, handler).invoke(null, instance, proxy);
    } catch (java.lang.reflect.InvocationTargetException e) {
      // The platform has no such signal, or the JVM was started with -Xrs.
    }
  }

  private void wish() {
    if (wanted.getCount() == 0) {
      Runtime.getRuntime().halt(1);
    }
    wanted.countDown();
  }

  /** Returns when the process is to stop. */
  void await() throws InterruptedException {
    wanted.await();
  }
}

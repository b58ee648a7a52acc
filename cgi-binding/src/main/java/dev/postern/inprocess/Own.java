package dev.postern.inprocess;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MutableCallSite;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * Tells to which instance a program's classes belong. The loader of each instance defines this
 * class again. So the loader identifies the instance, whatever thread the code runs on. The bytes
 * are those of this class, with {@link #runMain} as the rewriter writes it.
 */
public final class Own implements Launcher {
  /** The instance that rewritten calls pass to the shims. */
  public static final Instance I;

  /** The number of the request. Statics with another number belong to an earlier request. */
  public static int epoch = 1;

  private static final MutableCallSite SITE = new MutableCallSite(Instance.NOTHING);
  private static final MethodHandle POLL = SITE.dynamicInvoker();

  static {
    I = Instance.handOver(new Own());
  }

  private Own() {}

  /**
   * Rewritten code calls this at each backward jump. The JIT compiles the call to nothing until
   * {@link #stop} changes the call site.
   */
  public static void poll() throws Throwable {
    POLL.invokeExact();
  }

  @Override
  public void runMain(String[] arguments) throws Throwable {
    throw new UnsupportedOperationException();
  }

  @Override
  public void next() {
    epoch++;
  }

  @Override
  public void stop() {
    SITE.setTarget(Instance.STOPPED.bindTo(I));
    MutableCallSite.syncAll(new MutableCallSite[] {SITE});
  }

  @Override
  public void drivers() {
    try {
      for (Object driver : ServiceLoader.load(Class.forName("java.sql.Driver"))) {
        // The initializer of the driver's class has registered it.
        Objects.requireNonNull(driver);
      }
    } catch (ClassNotFoundException | ServiceConfigurationError e) {
      // This runtime has no SQL, or a driver does not work. The JDK also goes on without them.
    }
  }

  @Override
  public Iterable<?> services(Class<?> type) {
    return ServiceLoader.load(type);
  }

  @Override
  public void deregister(Object driver) throws ReflectiveOperationException {
    Class<?> type = Class.forName("java.sql.Driver");
    Class.forName("java.sql.DriverManager")
        .getMethod("deregisterDriver", type)
        .invoke(null, driver);
  }
}

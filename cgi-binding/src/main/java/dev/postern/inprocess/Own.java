package dev.postern.inprocess;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MutableCallSite;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * Defined anew by each program's loader: which instance its classes belong to. The loader is the
 * identity, whatever thread the code runs on. The bytes are those of this class, with {@link
 * #runMain} as the rewriter writes it.
 */
public final class Own implements Launcher {
  /** What rewritten calls hand to the shims. */
  public static final Instance I;

  /** Counts requests: statics of another number are those of a request before. */
  public static int epoch = 1;

  private static final MutableCallSite SITE = new MutableCallSite(Instance.NOTHING);
  private static final MethodHandle POLL = SITE.dynamicInvoker();

  static {
    I = Instance.handOver(new Own());
  }

  private Own() {}

  /** At each backward jump. The JIT compiles it to nothing until {@link #stop} changes the site. */
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
        // Registered by its initializer.
        Objects.requireNonNull(driver);
      }
    } catch (ClassNotFoundException | ServiceConfigurationError e) {
      // No SQL in this runtime, or a driver that does not work: as the JDK has it.
    }
  }

  @Override
  public void deregister(Object driver) throws ReflectiveOperationException {
    Class<?> type = Class.forName("java.sql.Driver");
    Class.forName("java.sql.DriverManager")
        .getMethod("deregisterDriver", type)
        .invoke(null, driver);
  }
}

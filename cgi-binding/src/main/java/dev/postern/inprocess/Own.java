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
 *
 * <p>Every new instance loads this class, and a long class takes long. So what few programs need is
 * in the nested classes, which the loader defines when they are first used.
 */
public final class Own implements Instance.Launcher {
  /** The instance that rewritten calls pass to the shims. */
  public static final Instance I;

  /** The number of the request. Statics with another number belong to an earlier request. */
  public static int epoch = 1;

  static {
    I = Instance.handOver(new Own());
  }

  private Own() {}

  @Override
  public void runMain(String[] arguments) throws Throwable {
    throw new UnsupportedOperationException();
  }

  @Override
  public void next() {
    epoch++;
  }

  /** Ends the loops of an instance that must stop. */
  public static final class Polls {
    private static final MutableCallSite SITE = new MutableCallSite(Instance.NOTHING);
    private static final MethodHandle POLL = SITE.dynamicInvoker();

    static {
      I.pollAt(SITE);
    }

    private Polls() {}

    /**
     * Rewritten code calls this at each backward jump. The JIT compiles the call to nothing until
     * the instance changes the call site.
     */
    public static void poll() throws Throwable {
      POLL.invokeExact();
    }
  }

  /** What only a class of the program's loader may do with services and JDBC drivers. */
  public static final class Services implements Instance.Services {
    /** The instance calls this by reflection. */
    public Services() {}

    @Override
    public Iterable<?> of(Class<?> type) {
      return ServiceLoader.load(type);
    }

    @Override
    public void registerDrivers() {
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
    public void deregister(Object driver) throws ReflectiveOperationException {
      Class<?> type = Class.forName("java.sql.Driver");
      Class.forName("java.sql.DriverManager")
          .getMethod("deregisterDriver", type)
          .invoke(null, driver);
    }
  }
}

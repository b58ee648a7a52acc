package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;

import dev.postern.rewrite.Redirect;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.HttpURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.Pipe;
import java.util.Enumeration;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The properties, exit, hooks and connections of a program, and methods that rewritten code calls
 * by itself.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class SystemShim {
  /**
   * The prefixes of properties that a JVM sets by itself. All other properties are the server's
   * own, and a program does not see them.
   */
  private static final String[] STANDARD = {
    "java.", "jdk.", "sun.", "os.", "user.", "file.", "path.", "line.", "native.", "stdin.",
    "stdout.", "stderr."
  };

  private SystemShim() {}

  // ---- properties ----

  private static Properties properties(Instance instance) {
    instance.kept.reads("java.lang.System.setPropert");
    Run run = instance.live();
    Properties properties = run.properties;
    if (properties == null) {
      synchronized (run) {
        properties = run.properties;
        if (properties == null) {
          properties = initial(instance, run);
          run.properties = properties;
        }
      }
    }
    return properties;
  }

  private static Properties initial(Instance instance, Run run) {
    Properties properties = new Properties();
    for (Map.Entry<Object, Object> entry : System.getProperties().entrySet()) {
      for (String prefix : STANDARD) {
        if (entry.getKey() instanceof String key && key.startsWith(prefix)) {
          properties.put(key, entry.getValue());
          break;
        }
      }
    }
    properties.setProperty("user.dir", run.directory.toString());
    properties.setProperty("java.class.path", instance.code.classPath());
    properties.setProperty("sun.java.command", instance.code.main());
    properties.setProperty("file.encoding", run.charset.name());
    properties.setProperty("stdout.encoding", run.charset.name());
    properties.setProperty("stderr.encoding", run.charset.name());
    return properties;
  }

  private static String checked(@Nullable String key, Instance instance) {
    if (key == null) {
      throw new NullPointerException("key can't be null");
    }
    if (key.isEmpty()) {
      throw new IllegalArgumentException("key can't be empty");
    }
    if (key.equals("user.dir")) {
      varies(instance);
    }
    return key;
  }

  @Redirect("java/lang/System.getProperty")
  public static @Nullable String getProperty(String key, Instance instance) {
    return properties(instance).getProperty(checked(key, instance));
  }

  @Redirect("java/lang/System.getProperty")
  public static @Nullable String getProperty(
      String key, @Nullable String otherwise, Instance instance) {
    return properties(instance).getProperty(checked(key, instance), otherwise);
  }

  @Redirect("java/lang/System.setProperty")
  public static @Nullable String setProperty(String key, String value, Instance instance) {
    return (String) properties(instance).setProperty(checked(key, instance), value);
  }

  @Redirect("java/lang/System.clearProperty")
  public static @Nullable String clearProperty(String key, Instance instance) {
    return (String) properties(instance).remove(checked(key, instance));
  }

  @Redirect("java/lang/System.getProperties")
  public static Properties getProperties(Instance instance) {
    return properties(instance);
  }

  @Redirect("java/lang/System.setProperties")
  public static void setProperties(@Nullable Properties properties, Instance instance) {
    Run run = instance.live();
    run.properties = properties == null ? initial(instance, run) : properties;
  }

  private static @Nullable String number(@Nullable String key, Instance instance) {
    return key == null || key.isEmpty() ? null : properties(instance).getProperty(key);
  }

  @Redirect("java/lang/Integer.getInteger")
  public static @Nullable Integer getInteger(String key, Instance instance) {
    return getInteger(key, null, instance);
  }

  @Redirect("java/lang/Integer.getInteger")
  public static @Nullable Integer getInteger(String key, int otherwise, Instance instance) {
    return getInteger(key, Integer.valueOf(otherwise), instance);
  }

  @Redirect("java/lang/Integer.getInteger")
  public static @Nullable Integer getInteger(
      String key, @Nullable Integer otherwise, Instance instance) {
    try {
      String value = number(key, instance);
      return value == null ? otherwise : Integer.decode(value);
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  @Redirect("java/lang/Long.getLong")
  public static @Nullable Long getLong(String key, Instance instance) {
    return getLong(key, null, instance);
  }

  @Redirect("java/lang/Long.getLong")
  public static @Nullable Long getLong(String key, long otherwise, Instance instance) {
    return getLong(key, Long.valueOf(otherwise), instance);
  }

  @Redirect("java/lang/Long.getLong")
  public static @Nullable Long getLong(String key, @Nullable Long otherwise, Instance instance) {
    try {
      String value = number(key, instance);
      return value == null ? otherwise : Long.decode(value);
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  @Redirect("java/lang/Boolean.getBoolean")
  public static boolean getBoolean(String key, Instance instance) {
    return Boolean.parseBoolean(number(key, instance));
  }

  // ---- the end ----

  @Redirect("java/lang/System.exit")
  public static void exit(int status, Instance instance) {
    throw instance.live().exit(status, false);
  }

  @Redirect(value = "java/lang/Runtime.exit", kind = VIRTUAL)
  public static void exit(Runtime runtime, int status, Instance instance) {
    throw instance.live().exit(status, false);
  }

  @Redirect(value = "java/lang/Runtime.halt", kind = VIRTUAL)
  public static void halt(Runtime runtime, int status, Instance instance) {
    throw instance.live().exit(status, true);
  }

  @Redirect(value = "java/lang/Runtime.addShutdownHook", kind = VIRTUAL)
  public static void addShutdownHook(Runtime runtime, Thread hook, Instance instance) {
    instance.live().addHook(hook);
  }

  @Redirect(value = "java/lang/Runtime.removeShutdownHook", kind = VIRTUAL)
  public static boolean removeShutdownHook(Runtime runtime, Thread hook, Instance instance) {
    return instance.live().removeHook(hook);
  }

  @Redirect("java/lang/ClassLoader.getSystemClassLoader")
  public static ClassLoader systemLoader(Instance instance) {
    return instance.loader;
  }

  @Redirect("java/lang/ClassLoader.getSystemResource")
  public static @Nullable URL systemResource(String name, Instance instance) {
    return instance.loader.getResource(name);
  }

  @Redirect("java/lang/ClassLoader.getSystemResourceAsStream")
  public static @Nullable InputStream systemResourceAsStream(String name, Instance instance) {
    return instance.loader.getResourceAsStream(name);
  }

  @Redirect("java/lang/ClassLoader.getSystemResources")
  public static Enumeration<URL> systemResources(String name, Instance instance)
      throws IOException {
    return instance.loader.getResources(name);
  }

  // ---- called by rewritten code itself ----

  /** Called at the start of each exception handler. */
  public static void handled(Instance instance) {
    instance.live();
  }

  /** Whether the caller must initialize the class. */
  public static boolean enter(String type, Instance instance) {
    return instance.initializations.enter(type);
  }

  /** Called when the class is initialized. */
  public static void done(String type, Instance instance) {
    instance.initializations.done(type);
  }

  /** Called when the initializer of the class has failed. Returns what must be thrown. */
  public static Throwable failed(Throwable e, String type, Instance instance) {
    return instance.initializations.failed(type, e);
  }

  /** Called before a call whose result differs each time, such as the time or a random number. */
  public static void varies(Instance instance) {
    instance.varies();
  }

  /** Called before the constants of an enum take something from a static of that class. */
  public static void takes(String type, Instance instance) {
    if (instance.initializations.varies(type)) {
      instance.varies();
    }
  }

  /** Called when the initializer of an enum begins. */
  public static void keeps(String type, Instance instance) {
    instance.kept.begin(type);
  }

  /** Called when an enum is initialized. */
  public static void kept(Class<?> type, Instance instance) {
    instance.kept.add(type);
  }

  /** Called before each use of JDBC. Registers the drivers the first time. */
  public static void drivers(Instance instance) {
    Run run = instance.live();
    boolean first;
    synchronized (run) {
      first = !run.hasDrivers;
      run.hasDrivers = true;
    }
    if (first) {
      instance.drivers();
    }
  }

  /** Called before a resource bundle is looked for. The next request must find changed files. */
  public static void bundles(Instance instance) {
    instance.usesBundles = true;
  }

  /** Called before a JDBC driver is registered. Removes it again with the program's statics. */
  public static void registers(Object driver, Instance instance) {
    instance.onUndo(() -> instance.deregister(driver));
  }

  /**
   * Called before a JDBC driver is registered with an action. Returns the action to register in its
   * place. The program's own action fails when the driver is removed after the program has ended,
   * and the JDK would then keep the driver.
   */
  public static @Nullable Object registers(
      Object driver, @Nullable Object action, Instance instance) {
    registers(driver, instance);
    if (action == null) {
      return null;
    }
    Run run = instance.live();
    InvocationHandler unlessEnded =
        (proxy, method, arguments) -> {
          try {
            return method.invoke(action, arguments);
          } catch (InvocationTargetException e) {
            if (run.isPoisoned()) {
              return null;
            }
            throw e.getCause();
          }
        };
    try {
      Class<?> type = Class.forName("java.sql.DriverAction");
      return Proxy.newProxyInstance(instance.loader, new Class<?>[] {type}, unlessEnded);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Called before a call after which a thread of the JVM, or one that no hook of ours sees, may run
   * code of the program, even after the request.
   */
  public static void unseen(Instance instance) {
    Run run = instance.live();
    run.madeThreads = true;
    run.spoil("unseen threads");
  }

  /** Called after something was opened. Closes it when the request ends. */
  public static void opened(@Nullable Object opened, Instance instance) {
    varies(instance);
    Run run = instance.run;
    if (run != null && opened instanceof Pipe pipe) {
      run.opened(pipe.source());
      run.opened(pipe.sink());
    } else if (run != null
        && (opened instanceof AutoCloseable || opened instanceof HttpURLConnection)) {
      run.opened(opened);
    }
    instance.live();
  }

  // ---- connections that the JDK makes out of sight ----

  @Redirect(value = "java/net/URL.openStream", kind = VIRTUAL)
  public static InputStream openStream(URL url, Instance instance) throws IOException {
    return connection(url, instance).getInputStream();
  }

  @Redirect(value = "java/net/URL.getContent", kind = VIRTUAL)
  public static Object getContent(URL url, Instance instance) throws IOException {
    return connection(url, instance).getContent();
  }

  @Redirect(value = "java/net/URL.getContent", kind = VIRTUAL)
  public static @Nullable Object getContent(URL url, Class<?>[] types, Instance instance)
      throws IOException {
    return connection(url, instance).getContent(types);
  }

  private static URLConnection connection(URL url, Instance instance) throws IOException {
    URLConnection connection = url.openConnection();
    opened(connection, instance);
    return connection;
  }
}

package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;

import dev.postern.rewrite.CallTable;
import dev.postern.rewrite.Redirect;
import java.lang.management.ManagementFactory;
import java.lang.management.PlatformManagedObject;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.NoSuchProviderException;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.X509CRL;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ServiceRegistry;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MBeanServerFactory;
import org.jspecify.annotations.Nullable;

/** Things of which a JVM has only one. A program gets one of its own, or is refused. */
@SuppressWarnings("ReferenceEquality")
public final class WideShim {
  /** Where the JDK runs asynchronous stages: its common pool, or a thread for each. */
  private static final Executor ASYNC = new CompletableFuture<>().defaultExecutor();

  private static final String PLUGINS = "javax/imageio/spi/ServiceRegistry.";

  private WideShim() {}

  /** Called before a call that is refused. Always throws. */
  public static void refuse(String what, Instance instance) {
    instance.live();
    instance.code.findings().add("refused call", what);
    throw new UnsupportedOperationException(
        what
            + " must not be called by a program inside the server: it would hold for all"
            + " [jvm-wide]");
  }

  // ---- security providers: the JVM's, and those of the program, which only the program sees ----

  @Redirect("java/security/Security.getProviders")
  public static Provider[] getProviders(Instance instance) {
    instance.live();
    List<Provider> own = instance.providers;
    return own == null ? Security.getProviders() : own.toArray(new Provider[0]);
  }

  @Redirect("java/security/Security.getProvider")
  public static @Nullable Provider getProvider(String name, Instance instance) {
    for (Provider provider : getProviders(instance)) {
      if (provider.getName().equals(name)) {
        return provider;
      }
    }
    return null;
  }

  @Redirect("java/security/Security.addProvider")
  public static int addProvider(Provider provider, Instance instance) {
    return insertProviderAt(provider, 0, instance);
  }

  @Redirect("java/security/Security.insertProviderAt")
  public static int insertProviderAt(Provider provider, int position, Instance instance) {
    synchronized (instance) {
      if (getProvider(provider.getName(), instance) != null) {
        return -1;
      }
      List<Provider> all = new ArrayList<>(List.of(getProviders(instance)));
      int at = position < 1 || position > all.size() ? all.size() : position - 1;
      all.add(at, provider);
      instance.providers = List.copyOf(all);
      return at + 1;
    }
  }

  @Redirect("java/security/Security.removeProvider")
  public static void removeProvider(String name, Instance instance) {
    synchronized (instance) {
      List<Provider> all = new ArrayList<>(List.of(getProviders(instance)));
      if (all.removeIf(provider -> provider.getName().equals(name))) {
        instance.providers = List.copyOf(all);
      }
    }
  }

  /** The provider of that name, which {@code getInstance} then takes as an object. */
  public static Provider named(@Nullable String name, Instance instance)
      throws NoSuchProviderException {
    if (name == null || name.isEmpty()) {
      throw new IllegalArgumentException("missing provider");
    }
    Provider provider = getProvider(name, instance);
    if (provider == null) {
      throw new NoSuchProviderException("no such provider: " + name);
    }
    return provider;
  }

  @Redirect(value = "java/security/cert/Certificate.verify", kind = VIRTUAL)
  public static void verify(
      Certificate certificate, PublicKey key, @Nullable String name, Instance instance)
      throws GeneralSecurityException {
    Provider provider = ownNamed(name, certificate, instance);
    if (provider == null) {
      certificate.verify(key, name);
    } else {
      certificate.verify(key, provider);
    }
  }

  @Redirect(value = "java/security/cert/X509CRL.verify", kind = VIRTUAL)
  public static void verify(X509CRL list, PublicKey key, @Nullable String name, Instance instance)
      throws GeneralSecurityException {
    Provider provider = ownNamed(name, list, instance);
    if (provider == null) {
      list.verify(key, name);
    } else {
      list.verify(key, provider);
    }
  }

  @Redirect(value = "javax/crypto/EncryptedPrivateKeyInfo.getKeySpec", kind = VIRTUAL)
  public static PKCS8EncodedKeySpec getKeySpec(
      EncryptedPrivateKeyInfo info, Key key, @Nullable String name, Instance instance)
      throws GeneralSecurityException {
    Provider provider = ownNamed(name, info, instance);
    return provider == null ? info.getKeySpec(key, name) : info.getKeySpec(key, provider);
  }

  /**
   * The provider of that name that the JVM does not have; null for other names. A class of the
   * program looks for it by code that is rewritten.
   */
  private static @Nullable Provider ownNamed(
      @Nullable String name, Object target, Instance instance) {
    if (name == null || name.isEmpty() || CallTable.isOfProgram(target.getClass())) {
      return null;
    }
    Provider provider = getProvider(name, instance);
    return Security.getProvider(name) == provider ? null : provider;
  }

  /** Whether a provider of the program comes first among those that have the algorithm. */
  public static boolean isOwn(@Nullable String algorithm, String service, Instance instance) {
    return own(algorithm, service, instance) != null;
  }

  /** This provider. Null if the JVM must choose: one of its own comes first, or none has it. */
  public static @Nullable Provider own(
      @Nullable String algorithm, String service, Instance instance) {
    List<Provider> all = instance.providers;
    if (all != null && algorithm != null) {
      for (Provider provider : all) {
        if (has(provider, service, algorithm)) {
          return Security.getProvider(provider.getName()) == provider ? null : provider;
        }
      }
    }
    return null;
  }

  /** A cipher may have each mode and padding, or only some. */
  private static boolean has(Provider provider, String service, String algorithm) {
    String[] parts = algorithm.split("/", 3);
    List<String> names = new ArrayList<>(List.of(algorithm, parts[0]));
    if (parts.length == 3) {
      names.add(parts[0] + "/" + parts[1]);
      names.add(parts[0] + "//" + parts[2]);
    }
    return names.stream().anyMatch(name -> provider.getService(service, name) != null);
  }

  // ---- JDBC ----

  @Redirect("java/sql/DriverManager.setLoginTimeout")
  public static void setLoginTimeout(int seconds, Instance instance) {
    instance.live();
    instance.loginTimeout = seconds;
  }

  @Redirect("java/sql/DriverManager.getLoginTimeout")
  public static int getLoginTimeout(Instance instance) {
    return instance.loginTimeout;
  }

  // ---- management ----

  /**
   * Called with the JVM's MBean server. Returns a server of the program's own, which has the JVM's
   * beans too: in the JVM's, a name can be taken only once, and what is registered there stays.
   */
  public static Object beans(Object server, Instance instance) {
    instance.live();
    synchronized (instance) {
      Object own = instance.beans;
      if (own == null) {
        own = Beans.server();
        instance.beans = own;
      }
      return own;
    }
  }

  /** Needs a module that a runtime may lack. */
  private static final class Beans {
    private Beans() {}

    static void release(Object server) {
      MBeanServerFactory.releaseMBeanServer((MBeanServer) server);
    }

    static MBeanServer server() {
      MBeanServer server = MBeanServerFactory.newMBeanServer();
      try {
        for (var type : ManagementFactory.getPlatformManagementInterfaces()) {
          for (PlatformManagedObject bean : ManagementFactory.getPlatformMXBeans(type)) {
            if (!server.isRegistered(bean.getObjectName())) {
              server.registerMBean(bean, bean.getObjectName());
            }
          }
        }
      } catch (JMException e) {
        throw new IllegalStateException(e);
      }
      return server;
    }
  }

  /** Called after an MBean server was made that the JVM lists. */
  public static void lists(Object server, Instance instance) {
    instance.onUndo(() -> Beans.release(server));
  }

  // ---- image plugins ----

  /** Called before a call of ImageIO or of its registry. */
  public static void images(Instance instance) {
    instance.live();
    synchronized (instance.images) {
      // A plugin that is being made may use ImageIO itself.
      if (!instance.hasImages) {
        instance.hasImages = true;
        Images.begin(instance);
      }
    }
  }

  /** Whether the caller works for another program, or for the server. */
  public static boolean isForeign(Instance instance) {
    return Instance.current() != instance;
  }

  @Redirect("javax/imageio/ImageIO.setUseCache")
  public static void cachesImages(boolean on, Instance instance) {
    instance.cachesImages = on;
  }

  @Redirect("javax/imageio/ImageIO.getUseCache")
  public static boolean cachesImages(Instance instance) {
    return instance.cachesImages;
  }

  // A runtime may lack ServiceRegistry, so these methods take it as an object.

  @Redirect(value = PLUGINS + "deregisterServiceProvider", kind = VIRTUAL)
  public static void deregisterServiceProvider(
      Object registry, @Nullable Object plugin, Instance instance) {
    keep("deregisterServiceProvider", registry, plugin, instance);
    ((ServiceRegistry) registry).deregisterServiceProvider(plugin);
  }

  @Redirect(value = PLUGINS + "deregisterServiceProvider", kind = VIRTUAL)
  public static boolean deregisterServiceProvider(
      Object registry, @Nullable Object plugin, Class<Object> category, Instance instance) {
    keep("deregisterServiceProvider", registry, plugin, instance);
    return ((ServiceRegistry) registry).deregisterServiceProvider(plugin, category);
  }

  @Redirect(value = PLUGINS + "deregisterAll", kind = VIRTUAL)
  public static void deregisterAll(Object registry, Instance instance) {
    keep("deregisterAll", registry, registry, instance);
    ((ServiceRegistry) registry).deregisterAll();
  }

  @Redirect(value = PLUGINS + "deregisterAll", kind = VIRTUAL)
  public static void deregisterAll(Object registry, Class<?> category, Instance instance) {
    keep("deregisterAll", registry, registry, instance);
    ((ServiceRegistry) registry).deregisterAll(category);
  }

  /** Refuses a call that removes from the JVM's registry what is not the program's. */
  private static void keep(
      String name, Object registry, @Nullable Object removed, Instance instance) {
    if (registry instanceof IIORegistry
        && removed != null
        && !instance.code.jvmWide()
        && !Images.isOf(instance, removed)) {
      refuse("javax.imageio.spi.IIORegistry." + name, instance);
    }
  }

  @Redirect(value = PLUGINS + "setOrdering", kind = VIRTUAL)
  public static boolean setOrdering(
      Object registry,
      Class<Object> category,
      @Nullable Object first,
      @Nullable Object second,
      Instance instance) {
    return mayOrder(registry, first, second, instance)
        && ((ServiceRegistry) registry).setOrdering(category, first, second);
  }

  @Redirect(value = PLUGINS + "unsetOrdering", kind = VIRTUAL)
  public static boolean unsetOrdering(
      Object registry,
      Class<Object> category,
      @Nullable Object first,
      @Nullable Object second,
      Instance instance) {
    return mayOrder(registry, first, second, instance)
        && ((ServiceRegistry) registry).unsetOrdering(category, first, second);
  }

  /**
   * Whether an order of two plugins stays within the program. When a plugin is removed that has an
   * order with another one, a search that runs in another program misses the other one.
   */
  private static boolean mayOrder(
      Object registry, @Nullable Object first, @Nullable Object second, Instance instance) {
    if (!(registry instanceof IIORegistry) || first == null || second == null) {
      return true;
    }
    boolean isOwn = Images.isOf(instance, first);
    return isOwn == Images.isOf(instance, second) && (isOwn || instance.code.jvmWide());
  }

  /**
   * Needs a module that a runtime may lack. The JVM has one registry, which it would fill with the
   * plugins of the program that is the first to use it. Each program adds its own plugins instead,
   * and removes them at its end.
   */
  private static final class Images {
    private static final IIORegistry REGISTRY = registry();

    private Images() {}

    private static IIORegistry registry() {
      Thread thread = Thread.currentThread();
      ClassLoader loader = thread.getContextClassLoader();
      thread.setContextClassLoader(ClassLoader.getPlatformClassLoader());
      try {
        return IIORegistry.getDefaultInstance();
      } finally {
        thread.setContextClassLoader(loader);
      }
    }

    static void begin(Instance instance) {
      instance.onUndo(() -> removeAll(instance));
      for (Class<?> category : categories()) {
        instance.services(category).forEach(REGISTRY::registerServiceProvider);
      }
    }

    private static List<Class<?>> categories() {
      List<Class<?>> all = new ArrayList<>();
      REGISTRY.getCategories().forEachRemaining(all::add);
      return all;
    }

    private static void removeAll(Instance instance) {
      for (Class<?> category : categories()) {
        List<Object> all = new ArrayList<>();
        REGISTRY.getServiceProviders(category, true).forEachRemaining(all::add);
        for (Object plugin : all) {
          if (isOf(instance, plugin)) {
            try {
              REGISTRY.deregisterServiceProvider(plugin);
            } catch (Throwable e) {
              // The plugin's own method failed. The registry has removed the plugin before.
            }
          }
        }
      }
    }

    static boolean isOf(Instance instance, Object plugin) {
      ClassLoader at = plugin.getClass().getClassLoader();
      while (at != null && at != instance.loader) {
        at = at.getParent();
      }
      return at != null;
    }
  }

  // ---- class values ----

  /** Called when a class value of the program is computed for a class. */
  public static void computes(ClassValue<?> values, Class<?> type, Instance instance) {
    if (!CallTable.isOfProgram(type)) {
      instance.onUndo(() -> values.remove(type));
    }
  }

  // ---- the common pool ----

  @Redirect("java/util/concurrent/ForkJoinPool.commonPool")
  public static ForkJoinPool commonPool(Instance instance) {
    return instance.common();
  }

  /** The executor of methods that would use the JVM's common pool. */
  public static Executor pool(Instance instance) {
    return instance.common();
  }

  @Redirect(value = "java/util/concurrent/CompletableFuture.defaultExecutor", kind = VIRTUAL)
  public static Executor defaultExecutor(CompletableFuture<?> future, Instance instance) {
    Executor executor = future.defaultExecutor();
    return executor == ASYNC ? instance.common() : executor;
  }

  @Redirect(value = "java/util/concurrent/ForkJoinTask.fork", kind = VIRTUAL)
  public static ForkJoinTask<?> fork(ForkJoinTask<?> task, Instance instance) {
    return ForkJoinTask.inForkJoinPool() ? task.fork() : instance.common().submit(task);
  }

  @Redirect("java/util/concurrent/ForkJoinTask.invokeAll")
  public static void invokeAll(ForkJoinTask<?> first, ForkJoinTask<?> second, Instance instance) {
    inPool(() -> ForkJoinTask.invokeAll(first, second), instance);
  }

  @Redirect("java/util/concurrent/ForkJoinTask.invokeAll")
  public static void invokeAll(ForkJoinTask<?>[] tasks, Instance instance) {
    inPool(() -> ForkJoinTask.invokeAll(tasks), instance);
  }

  @Redirect("java/util/concurrent/ForkJoinTask.invokeAll")
  public static Collection<?> invokeAll(
      Collection<? extends ForkJoinTask<?>> tasks, Instance instance) {
    inPool(() -> ForkJoinTask.invokeAll(tasks), instance);
    return tasks;
  }

  private static void inPool(Runnable task, Instance instance) {
    if (ForkJoinTask.inForkJoinPool()) {
      task.run();
    } else {
      instance.common().invoke(ForkJoinTask.adapt(task));
    }
  }

  // ---- thread groups: a program's own group is the root ----

  @Redirect(value = "java/lang/Thread.getThreadGroup", kind = VIRTUAL)
  public static @Nullable ThreadGroup getThreadGroup(Thread thread, Instance instance) {
    ThreadGroup group = thread.getThreadGroup();
    return group == null || instance.group().parentOf(group) ? group : instance.group();
  }

  @Redirect(value = "java/lang/ThreadGroup.getParent", kind = VIRTUAL)
  public static @Nullable ThreadGroup getParent(ThreadGroup group, Instance instance) {
    return group == instance.group() ? null : group.getParent();
  }
}

package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.FIELD;
import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;
import static java.util.Objects.requireNonNull;

import com.google.common.base.Throwables;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.postern.process.Pumps;
import dev.postern.rewrite.Redirect;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.Timer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinPool.ForkJoinWorkerThreadFactory;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** The threads of a program, and what becomes of their exceptions. */
public final class ThreadShim {
  private ThreadShim() {}

  // ---- uncaught exceptions ----

  @Redirect("java/lang/Thread.setDefaultUncaughtExceptionHandler")
  public static void setUncaughtHandler(
      Thread.@Nullable UncaughtExceptionHandler handler, Instance instance) {
    instance.uncaughtHandler = handler;
  }

  @Redirect("java/lang/Thread.getDefaultUncaughtExceptionHandler")
  public static Thread.@Nullable UncaughtExceptionHandler getUncaughtHandler(Instance instance) {
    return instance.uncaughtHandler;
  }

  @Redirect(value = "java/lang/Thread.setUncaughtExceptionHandler", kind = VIRTUAL)
  public static void setUncaughtHandler(
      Thread thread, Thread.@Nullable UncaughtExceptionHandler handler, Instance instance) {
    thread.setUncaughtExceptionHandler(handling(handler, instance));
  }

  @Redirect(value = "java/lang/Thread.getUncaughtExceptionHandler", kind = VIRTUAL)
  public static Thread.@Nullable UncaughtExceptionHandler getUncaughtHandler(
      Thread thread, Instance instance) {
    Thread.UncaughtExceptionHandler handler = thread.getUncaughtExceptionHandler();
    if (handler instanceof Handling handling) {
      return handling.isDefault ? WideShim.getThreadGroup(thread, instance) : handling.handler;
    }
    return handler;
  }

  /** Called before a thread or a builder of threads is given a handler of the program. */
  public static Thread.@Nullable UncaughtExceptionHandler handling(
      Thread.@Nullable UncaughtExceptionHandler handler, Instance instance) {
    return handler == null ? null : new Handling(handler, false);
  }

  /**
   * Wraps a handler of the program, or its default. The handler does not see a ProgramExit, and the
   * JVM does not get one from it.
   */
  private record Handling(Thread.UncaughtExceptionHandler handler, boolean isDefault)
      implements Thread.UncaughtExceptionHandler {
    @Override
    public void uncaughtException(Thread thread, Throwable e) {
      try {
        if (!(e instanceof ProgramExit)) {
          handler.uncaughtException(thread, e);
        }
      } catch (ProgramExit again) {
        // The handler has ended the program.
      }
    }
  }

  // ---- virtual threads, which are not in the program's group ----

  /**
   * Called after a builder of virtual threads was made. Gives them the default handler, which other
   * threads have by their group.
   */
  public static void virtual(Object builder, Instance instance) {
    Virtual.call(Virtual.HANDLER, builder, new Handling(instance::uncaught, true));
  }

  @Redirect("java/lang/Thread.startVirtualThread")
  public static Thread startVirtualThread(Runnable task, Instance instance) {
    return (Thread) Virtual.call(Virtual.START, Virtual.builder(instance), task);
  }

  @Redirect("java/util/concurrent/Executors.newVirtualThreadPerTaskExecutor")
  public static ExecutorService newVirtualThreadPerTaskExecutor(Instance instance) {
    Object factory = Virtual.call(Virtual.FACTORY, Virtual.builder(instance));
    Object executor = Virtual.call(Virtual.EXECUTOR, null, factory);
    made(executor, instance);
    return (ExecutorService) executor;
  }

  /** Methods that JDK 17 does not have. */
  private static final class Virtual {
    static final Method BUILDER = method(Thread.class, "ofVirtual");
    static final Method HANDLER =
        method(
            BUILDER.getReturnType(),
            "uncaughtExceptionHandler",
            Thread.UncaughtExceptionHandler.class);
    static final Method START = method(BUILDER.getReturnType(), "start", Runnable.class);
    static final Method FACTORY = method(BUILDER.getReturnType(), "factory");
    static final Method EXECUTOR =
        method(Executors.class, "newThreadPerTaskExecutor", ThreadFactory.class);

    private Virtual() {}

    private static Method method(Class<?> type, String name, Class<?>... parameters) {
      try {
        return type.getMethod(name, parameters);
      } catch (NoSuchMethodException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }

    static Object builder(Instance instance) {
      Object builder = call(BUILDER, null);
      virtual(builder, instance);
      return builder;
    }

    static Object call(Method method, @Nullable Object target, Object... arguments) {
      try {
        return method.invoke(target, arguments);
      } catch (InvocationTargetException e) {
        Throwables.throwIfUnchecked(requireNonNull(e.getCause()));
        throw new IllegalStateException(e);
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  // ---- pools, whose workers have the program's context loader ----

  @Redirect(
      value = "java/util/concurrent/ForkJoinPool.defaultForkJoinWorkerThreadFactory",
      kind = FIELD)
  public static ForkJoinWorkerThreadFactory workers(Instance instance) {
    instance.live();
    return instance.workers;
  }

  /** The parallelism of a pool that is given none. */
  public static int processors(Instance instance) {
    return Runtime.getRuntime().availableProcessors();
  }

  @Redirect("java/util/concurrent/Executors.newWorkStealingPool")
  public static ExecutorService newWorkStealingPool(Instance instance) {
    return newWorkStealingPool(processors(instance), instance);
  }

  @Redirect("java/util/concurrent/Executors.newWorkStealingPool")
  public static ExecutorService newWorkStealingPool(int parallelism, Instance instance) {
    ForkJoinPool pool = new ForkJoinPool(parallelism, workers(instance), null, true);
    made(pool, instance);
    return pool;
  }

  // ---- asynchronous channels: without these, threads for the whole JVM would serve them ----

  /** The group of channels that are given none. */
  public static AsynchronousChannelGroup channels(Instance instance) throws IOException {
    Run run = instance.live();
    synchronized (run) {
      AsynchronousChannelGroup group = run.channels;
      if (group == null) {
        group = AsynchronousChannelGroup.withCachedThreadPool(daemons(), -1);
        run.channels = group;
        made(group, instance);
      }
      return group;
    }
  }

  @Redirect("java/nio/channels/AsynchronousFileChannel.open")
  public static AsynchronousFileChannel open(Path file, OpenOption[] options, Instance instance)
      throws IOException {
    return open(
        file, new HashSet<>(Arrays.asList(options)), null, new FileAttribute<?>[0], instance);
  }

  @Redirect("java/nio/channels/AsynchronousFileChannel.open")
  public static AsynchronousFileChannel open(
      Path file,
      Set<? extends OpenOption> options,
      @Nullable ExecutorService executor,
      FileAttribute<?>[] attributes,
      Instance instance)
      throws IOException {
    ExecutorService threads = executor == null ? fileThreads(instance) : executor;
    Path resolved = requireNonNull(FileShim.resolved(file, instance));
    AsynchronousFileChannel channel =
        AsynchronousFileChannel.open(resolved, options, threads, attributes);
    SystemShim.opened(channel, instance);
    return channel;
  }

  private static ExecutorService fileThreads(Instance instance) {
    Run run = instance.live();
    synchronized (run) {
      ExecutorService threads = run.fileThreads;
      if (threads == null) {
        threads = daemons();
        run.fileThreads = threads;
        made(threads, instance);
      }
      return threads;
    }
  }

  private static ExecutorService daemons() {
    return Executors.newCachedThreadPool(
        task -> {
          Thread thread = new Thread(task);
          thread.setDaemon(true);
          return thread;
        });
  }

  // ---- the end ----

  /**
   * Called after an executor, a timer or a group of channels was made. Ends it with the request.
   */
  public static void made(Object made, Instance instance) {
    Run run = instance.run;
    if (run != null) {
      run.threadMakers.add(
          made instanceof ExecutorService service
              ? service::shutdownNow
              : made instanceof AsynchronousChannelGroup group
                  ? group::shutdownNow
                  : ((Timer) made)::cancel);
      if (run.isPoisoned()) {
        // The server may have closed all before.
        instance.close(run.takeOpen());
      }
    }
    instance.live();
  }

  // ---- threads that the JDK makes once for the whole JVM ----

  /** Called before each use of preferences. The JDK starts a timer for them. */
  public static void preferences(Instance instance) {
    instance.live();
    Uninterruptibles.awaitUninterruptibly(Preferences.LOADED);
  }

  /** Loads the JDK's class on a thread of the server, which the timer then belongs to. */
  private static final class Preferences {
    static final CountDownLatch LOADED = new CountDownLatch(1);

    static {
      try {
        Pumps.run(Preferences::load);
      } catch (OutOfMemoryError e) {
        // The system has no thread for it.
        LOADED.countDown();
      }
    }

    private static void load() {
      try {
        Class.forName("java.util.prefs.FileSystemPreferences");
      } catch (ClassNotFoundException | LinkageError e) {
        // Another system has another class.
      } finally {
        LOADED.countDown();
      }
    }

    private Preferences() {}
  }
}

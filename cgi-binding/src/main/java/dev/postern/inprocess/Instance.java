package dev.postern.inprocess;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.postern.process.Pumps;
import dev.postern.rewrite.CallTable;
import java.lang.StackWalker.StackFrame;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.MutableCallSite;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.security.Provider;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ResourceBundle;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinPool.ForkJoinWorkerThreadFactory;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A program in a class loader of its own, which serves one request at a time. It takes the place of
 * a process. Only rewritten classes and this package use it. Thread-safe.
 */
public final class Instance {
  /** The calls into a program's {@link Own}. With this interface they need no reflection. */
  public interface Launcher {
    /** Runs the program's main method. */
    void runMain(String[] arguments) throws Throwable;

    /**
     * Ends the state of a request. After this, classes that can be reset count as not initialized.
     */
    void next();
  }

  /** The calls into {@link Own.Services}. */
  public interface Services {
    /** The services of that type that the program's loader finds. */
    Iterable<?> of(Class<?> type);

    /**
     * Registers the JDBC drivers on the program's class path. The JDK does this only once in a JVM.
     */
    void registerDrivers();

    /** Removes a JDBC driver. */
    void deregister(Object driver) throws ReflectiveOperationException;
  }

  /** The target of a poll while the program may run. */
  public static final MethodHandle NOTHING = handle("nothing", MethodType.methodType(void.class));

  /** The target of a poll after the program of an instance was stopped. */
  public static final MethodHandle STOPPED =
      handle("stopped", MethodType.methodType(void.class, Instance.class));

  /**
   * Set in each main thread. A new thread inherits the value, so {@code childValue} sees each
   * thread that a thread of the program makes.
   */
  private static final InheritableThreadLocal<Instance> MAKER =
      new InheritableThreadLocal<>() {
        @Override
        protected Instance childValue(Instance instance) {
          Run run = instance == null ? null : instance.run;
          if (run != null) {
            run.madeThreads = true;
            if (run.spoiled == null && isVirtual()) {
              run.spoil("virtual threads");
            }
          }
          return instance;
        }
      };

  /**
   * How long threads may take to end by themselves: those of executors that are being shut down,
   * the workers of the program's common pool, and a main that has called exit.
   */
  private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final boolean HAS_VIRTUAL_THREADS = Runtime.version().feature() >= 21;

  private static final ThreadLocal<Instance> NEW = new ThreadLocal<>();
  static final ThreadGroup PARENT = new ThreadGroup("postern programs");

  final ProgramCode code;
  final ProgramLoader loader;
  final Initializations initializations = new Initializations(this);
  final KeptState kept = new KeptState();

  /** Makes the workers of the program's fork-join pools. */
  final ForkJoinWorkerThreadFactory workers;

  private final InstancePool pool;
  private @Nullable Launcher launcher;
  private @Nullable Services services;

  /** Guards the next two fields. */
  private final Object polling = new Object();

  /** Where the program's loops poll; null as long as none has polled. */
  private @Nullable MutableCallSite polls;

  private boolean stopsAtPolls;

  private @Nullable ProgramThread thread;
  private @Nullable Common common;
  private int requests;

  /** What the program has set for the whole JVM. */
  private final Deque<AutoCloseable> undo = new ArrayDeque<>();

  /** Opens when another thread has closed what the program has left. */
  private final Set<CountDownLatch> closing = ConcurrentHashMap.newKeySet();

  /** The JVM's security providers and the program's own, in order; null if it has none. */
  volatile @Nullable List<Provider> providers;

  /** For JDBC, in seconds; 0 for none. */
  volatile int loginTimeout;

  /** The file systems of jars that the program has opened by a URI, by the jar. */
  final Map<Path, FileSystem> jars = new HashMap<>();

  /** Whether the program has used resource bundles, which the JDK keeps for each loader. */
  volatile boolean usesBundles;

  /** Held while the image plugins of the program are registered. */
  final Object images = new Object();

  /** Whether the image plugins of the program are in the JVM's registry. */
  boolean hasImages;

  /** What the program has set by ImageIO.setUseCache. */
  volatile boolean cachesImages = true;

  /** The program's own MBean server; null before it has asked for one. */
  volatile @Nullable Object beans;

  volatile @Nullable Run run;
  private volatile ProgramLog log = new ProgramLog(this);
  volatile Thread.@Nullable UncaughtExceptionHandler uncaughtHandler;

  Instance(InstancePool pool, ProgramCode code) throws ClassNotFoundException {
    this.pool = pool;
    this.code = code;
    this.loader = new ProgramLoader(code, this);
    this.workers = of -> new Worker(of, loader);
    NEW.set(this);
    try {
      Class.forName(Own.class.getName(), true, loader);
    } finally {
      NEW.remove();
    }
  }

  /** The static initializer of a loader's {@link Own} calls this. */
  public static Instance handOver(Launcher own) {
    Instance instance = NEW.get();
    instance.launcher = own;
    return instance;
  }

  /** The static initializer of a loader's {@link Own.Polls} calls this. */
  public void pollAt(MutableCallSite site) {
    synchronized (polling) {
      polls = site;
      if (stopsAtPolls) {
        stopAtPolls();
      }
    }
  }

  /** From now on every backward jump of the program ends it. This cannot be undone. */
  private void stopAtPolls() {
    synchronized (polling) {
      stopsAtPolls = true;
      if (polls != null) {
        polls.setTarget(STOPPED.bindTo(this));
        MutableCallSite.syncAll(new MutableCallSite[] {polls});
      }
    }
  }

  private static MethodHandle handle(String name, MethodType type) {
    try {
      return MethodHandles.lookup().findStatic(Instance.class, name, type);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("UnusedMethod")
  private static void nothing() {
    // Called at each backward jump.
  }

  @SuppressWarnings("UnusedMethod")
  private static void stopped(Instance instance) {
    instance.live();
  }

  /**
   * The instance that the calling thread works for, or null. For code of the JDK, which has no
   * loader of a program.
   */
  static @Nullable Instance current() {
    Thread thread = Thread.currentThread();
    if (thread.getContextClassLoader() instanceof ProgramLoader of) {
      return of.instance();
    }
    for (ThreadGroup group = thread.getThreadGroup(); group != null; group = group.getParent()) {
      if (group instanceof ProgramThread of) {
        return of.instance();
      }
    }
    return null;
  }

  private Launcher launcher() {
    if (launcher == null) {
      throw new IllegalStateException("program must have been loaded");
    }
    return launcher;
  }

  private synchronized Services services() {
    if (services == null) {
      try {
        Class<?> type = loader.loadClass(Own.Services.class.getName());
        services = (Services) type.getConstructor().newInstance();
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return services;
  }

  /** Whether the calling thread is making a virtual thread, which no thread group lists. */
  private static boolean isVirtual() {
    return HAS_VIRTUAL_THREADS
        && StackWalker.getInstance()
            .walk(
                frames ->
                    frames
                        .map(StackFrame::getClassName)
                        .anyMatch("java.lang.BaseVirtualThread"::equals));
  }

  // ---- a request ----

  /** Begins a request on the program's own thread. */
  void begin(Run newRun, String[] arguments) {
    run = newRun;
    // Another request may have made the program FRESH since this instance was taken.
    if (requests++ > 0 && code.resets()) {
      launcher().next();
      initializations.clear();
      uncaughtHandler = null;
      if (usesBundles) {
        usesBundles = false;
        ResourceBundle.clearCache(loader);
      }
    }
    ProgramThread of = thread;
    if (of == null) {
      of = pool.thread(this);
      thread = of;
    }
    of.run(() -> main(newRun, arguments), newRun::tellOfReturn);
  }

  private void main(Run current, String[] arguments) {
    MAKER.set(this);
    if (code.resets()) {
      kept.clearLocals();
    }
    try {
      call(current, arguments);
    } catch (Throwable e) {
      current.spoil("error");
      current.returned(1);
    } finally {
      MAKER.remove();
    }
  }

  private void call(Run current, String[] arguments) {
    int status = 0;
    try {
      launcher().runMain(arguments);
    } catch (Throwable e) {
      if (current.isPoisoned()) {
        current.mainDone = true;
        return;
      }
      try {
        Thread main = Thread.currentThread();
        main.getUncaughtExceptionHandler().uncaughtException(main, e);
      } catch (Throwable again) {
        // The JVM ignores such an exception too.
      }
      // A class whose initializer has failed fails in each later request, too.
      if (e instanceof VirtualMachineError || e instanceof LinkageError) {
        current.spoil("error");
      }
      status = 1;
    }
    current.awaitOthers();
    current.mainDone = true;
    current.returned(status);
  }

  void uncaught(Thread source, Throwable e) {
    Run current = run;
    if (current == null || current.isPoisoned()) {
      return;
    }
    Thread.UncaughtExceptionHandler handler = uncaughtHandler;
    if (handler != null) {
      handler.uncaughtException(source, e);
      return;
    }
    StreamShim.clean(e);
    current.err().print("Exception in thread \"" + source.getName() + "\" ");
    e.printStackTrace(current.err());
  }

  /** The present run, if the calling thread may go on. Otherwise throws, which ends the thread. */
  Run live() {
    Run current = run;
    if (current == null) {
      throw new ProgramExit();
    }
    current.check();
    return current;
  }

  /** The same, for a question whose answer may differ from request to request. */
  Run asked() {
    varies();
    return live();
  }

  /** Called when the program asks for something that may differ from request to request. */
  void varies() {
    kept.varies(code);
    initializations.varies();
  }

  ProgramLog log() {
    live();
    return log;
  }

  boolean isMain(Thread other) {
    return thread != null && thread.isMain(other);
  }

  /** Whether a static initializer runs on this thread. An exit would leave its class broken. */
  boolean isInitializing() {
    return StackWalker.getInstance()
        .walk(frames -> frames.map(StackFrame::getMethodName).anyMatch("<clinit>"::equals));
  }

  /** A thread of the program that keeps it from ending, or null. */
  @Nullable Thread other() {
    for (Thread other : others()) {
      if (!other.isDaemon()) {
        return other;
      }
    }
    return null;
  }

  private Thread[] others() {
    Run current = run;
    boolean any = current != null && current.madeThreads || code.makesHiddenThreads();
    return any && thread != null ? thread.others() : new Thread[0];
  }

  /** The program's own pool in place of the JVM's common pool. */
  synchronized ForkJoinPool common() {
    if (common == null) {
      live().madeThreads = true;
      common = new Common(workers);
    }
    return common;
  }

  /** As the JVM's, it does not end when it is shut down, and nothing waits for that. */
  private static final class Common extends ForkJoinPool {
    Common(ForkJoinWorkerThreadFactory workers) {
      super(Math.max(2, Runtime.getRuntime().availableProcessors()), workers, null, false);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean awaitTermination(long time, TimeUnit unit) {
      boolean unused = awaitQuiescence(time, unit);
      return false;
    }

    // From JDK 19 on it overrides a method.
    @SuppressWarnings({"EffectivelyPrivate", "UnusedMethod"})
    public void close() {}

    void end() {
      super.shutdownNow();
    }
  }

  /** The group of the program's threads. */
  ThreadGroup group() {
    ProgramThread group = thread;
    if (group == null) {
      throw new ProgramExit();
    }
    return group;
  }

  private static final class Worker extends ForkJoinWorkerThread {
    Worker(ForkJoinPool of, ClassLoader loader) {
      super(of);
      setDaemon(true);
      setContextClassLoader(loader);
    }
  }

  void drivers() {
    services().registerDrivers();
  }

  /** The services of that type on the program's class path. */
  List<Object> services(Class<?> type) {
    return services(type, Integer.MAX_VALUE);
  }

  /** The first ones of them. */
  List<Object> services(Class<?> type, int most) {
    List<Object> all = new ArrayList<>();
    if (loader.getResource("META-INF/services/" + type.getName()) != null) {
      for (Object service : services().of(type)) {
        if (CallTable.isOfProgram(service.getClass())) {
          all.add(service);
        }
        if (all.size() == most) {
          break;
        }
      }
    }
    return all;
  }

  void deregister(Object driver) {
    try {
      services().deregister(driver);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- the end of a request ----

  /**
   * Ends all that the run has left, and gives the instance back to the pool or abandons it.
   * Afterwards nothing of the program runs, except what cannot be stopped.
   *
   * @return whether all could be stopped
   */
  boolean end(Run of, long graceNanos) {
    boolean quiet = false;
    try {
      quiet = stopped(of, graceNanos);
    } finally {
      if (quiet) {
        pool.giveBack(this, of.spoiled);
      } else {
        pool.abandon(this);
      }
    }
    return quiet;
  }

  private boolean stopped(Run of, long graceNanos) {
    long start = System.nanoTime();
    of.stop(of.status());
    of.pipe.abandon();
    Children.end(of);
    synchronized (this) {
      if (common != null) {
        of.threadMakers.add(common::end);
        common = null;
      }
    }
    close(of.takeOpen());
    boolean quiet = awaitQuiet(of, graceNanos);
    // A thread may have opened something before it ended.
    close(of.takeOpen());
    of.deleteAll();
    if (!code.isKept()) {
      undo();
      if (quiet && thread != null) {
        thread.destroyGroups();
      }
    }
    for (CountDownLatch each : closing) {
      long left = graceNanos - (System.nanoTime() - start);
      quiet &= Uninterruptibles.awaitUninterruptibly(each, left, TimeUnit.NANOSECONDS);
    }
    if (of.spoiled != null || !quiet) {
      // Threads that no group lists may be left. They end at their next poll.
      stopAtPolls();
    } else if (code.isReset()) {
      of.spoil(kept.audit(code));
    }
    return quiet;
  }

  /**
   * Closes all of these on another thread, because that may never end: a stream waits for the lock
   * that its reader has, and a class of the program for anything. The latch opens at the end.
   */
  CountDownLatch close(List<AutoCloseable> all) {
    CountDownLatch latch = new CountDownLatch(all.isEmpty() ? 0 : 1);
    if (all.isEmpty()) {
      return latch;
    }
    closing.add(latch);
    Runnable task =
        () -> {
          for (AutoCloseable each : all) {
            try {
              each.close();
            } catch (Throwable e) {
              // What was open is gone either way. A method of the program sees that it has ended.
            }
          }
          closing.remove(latch);
          latch.countDown();
        };
    try {
      Pumps.run(task);
    } catch (OutOfMemoryError e) {
      // The system has no thread for it.
      task.run();
    }
    return latch;
  }

  /** Undoes what the program has set for the whole JVM. Its statics must not be used after that. */
  void undo() {
    List<AutoCloseable> all = new ArrayList<>();
    synchronized (undo) {
      while (!undo.isEmpty()) {
        all.add(undo.removeLast());
      }
    }
    if (!jars.isEmpty()) {
      all.add(() -> PathShim.closeJars(this));
    }
    if (log.hasHandlers()) {
      all.add(log::reset);
    }
    log = new ProgramLog(this);
    close(all);
    providers = null;
    loginTimeout = 0;
    hasImages = false;
    cachesImages = true;
    beans = null;
  }

  void onUndo(AutoCloseable task) {
    live();
    synchronized (undo) {
      undo.add(task);
    }
  }

  private boolean awaitQuiet(Run of, long graceNanos) {
    long start = System.nanoTime();
    boolean stopping = false;
    CountDownLatch interrupting = new CountDownLatch(0);
    boolean interrupted = false;
    while (true) {
      ProgramThread main = thread;
      boolean busy = main != null && !main.isIdle();
      Thread[] others = others();
      if (!busy && others.length == 0) {
        break;
      }
      long took = System.nanoTime() - start;
      if (took > graceNanos) {
        return false;
      }
      boolean settles = of.mainDone && took < Math.min(SETTLE_NANOS, graceNanos / 2);
      if (!settles || closing.isEmpty() && !isWorkers(others)) {
        if (!stopping) {
          stopAtPolls();
          of.spoil("threads");
        }
        stopping = true;
        if (busy && main != null) {
          main.interruptMain();
        }
        if (interrupting.getCount() == 0) {
          interrupting = close(interrupts(others));
        }
      }
      try {
        if (others.length > 0) {
          others[0].join(1);
        } else if (main != null) {
          main.awaitIdle();
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  private static boolean isWorkers(Thread[] threads) {
    for (Thread thread : threads) {
      if (!(thread instanceof Worker)) {
        return false;
      }
    }
    return true;
  }

  private static List<AutoCloseable> interrupts(Thread[] threads) {
    return Arrays.stream(threads).<AutoCloseable>map(thread -> thread::interrupt).toList();
  }

  /** Whether any thread of the instance still runs. */
  boolean isAlive() {
    return !closing.isEmpty() || thread != null && (!thread.isIdle() || thread.others().length > 0);
  }

  int requests() {
    return requests;
  }

  /** Takes the main thread away from the instance; null if it has none. */
  @Nullable ProgramThread takeThread() {
    ProgramThread of = thread;
    thread = null;
    run = null;
    return of;
  }

  /** Lets the main thread end, if it ever returns from the program. */
  void endThread() {
    if (thread != null) {
      thread.end();
    }
  }
}

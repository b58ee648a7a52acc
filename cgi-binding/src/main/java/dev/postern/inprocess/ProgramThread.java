package dev.postern.inprocess;

import dev.postern.process.Pumps;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The thread that runs a program's main and is kept for the next request. This class is also the
 * thread group of that thread and of all the program's other threads. The thread is a platform
 * thread and no daemon, as in a process. Thread-safe.
 */
@SuppressWarnings({"ReferenceEquality", "ThreadPriorityCheck"})
final class ProgramThread extends ThreadGroup {
  /**
   * Threads that the JDK makes once for the whole JVM, in the group of the thread that first needs
   * them.
   */
  private static final Set<String> OF_THE_JVM =
      Set.of(
          "CompletableFutureDelayScheduler",
          "ForkJoinPool.commonPool-delayScheduler",
          "Keep-Alive-Timer",
          "process reaper");

  /** The longest wait for the end of a task. Whoever waits then looks for other threads, too. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** JDK 17 and 18 keep a group in its parent until it is destroyed. */
  private static final boolean KEEPS_GROUPS = Runtime.version().feature() < 19;

  /** What this thread does for a request, and what follows when the thread is idle again. */
  private record Work(Runnable task, Runnable after) {}

  private final InstancePool pool;
  private final Thread thread;
  private final long idleNanos;
  private volatile @Nullable Instance instance;
  private volatile @Nullable Work next;
  private volatile @Nullable Thread waiting;
  private volatile boolean ended;

  ProgramThread(ThreadGroup parent, InstancePool pool, Instance instance, long idleNanos) {
    super(parent, "postern program");
    this.pool = pool;
    this.instance = instance;
    this.idleNanos = idleNanos;
    this.thread = new Thread(this, this::loop, "main", 0, false);
    thread.setDaemon(false);
    thread.setContextClassLoader(instance.loader);
    thread.start();
  }

  @Nullable Instance instance() {
    return instance;
  }

  /** Gives the thread to another instance, or to none. The thread must be idle. */
  void moveTo(@Nullable Instance other) {
    instance = other;
    thread.setContextClassLoader(other == null ? null : other.loader);
  }

  boolean isMain(Thread other) {
    return thread == other;
  }

  // ---- work ----

  /** Runs {@code task}, and {@code after} when this thread is idle again. */
  void run(Runnable task, Runnable after) {
    next = new Work(task, after);
    LockSupport.unpark(thread);
  }

  boolean isIdle() {
    return next == null || !thread.isAlive();
  }

  /** Waits until this thread is idle, but not for long. One thread at a time may wait. */
  void awaitIdle() throws InterruptedException {
    waiting = Thread.currentThread();
    try {
      if (!isIdle()) {
        LockSupport.parkNanos(this, LOOK_NANOS);
      }
    } finally {
      waiting = null;
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  private void loop() {
    serve();
    instance = null;
    if (KEEPS_GROUPS) {
      Pumps.run(this::destroyGroup);
    }
  }

  private void serve() {
    long since = System.nanoTime();
    while (true) {
      Work work = next;
      if (work != null) {
        try {
          prepare();
          work.task.run();
        } catch (Throwable e) {
          // The JVM had no memory. Nothing else comes out of a task.
        }
        since = System.nanoTime();
        // Another request may have this thread as soon as there is no work.
        next = null;
        work.after.run();
        LockSupport.unpark(waiting);
      } else if (ended) {
        return;
      } else {
        LockSupport.parkNanos(this, idleNanos);
        boolean expires = next == null && System.nanoTime() - since >= idleNanos;
        if (expires && pool.expire(this, instance)) {
          return;
        }
      }
    }
  }

  /** Puts the thread into the state that a process finds its first thread in. */
  private void prepare() {
    Thread.interrupted();
    if (!thread.getName().equals("main")) {
      thread.setName("main");
    }
    if (getMaxPriority() != getParent().getMaxPriority()) {
      setMaxPriority(getParent().getMaxPriority());
    }
    if (thread.getPriority() != Thread.NORM_PRIORITY) {
      thread.setPriority(Thread.NORM_PRIORITY);
    }
    thread.setUncaughtExceptionHandler(null);
    Instance of = instance;
    if (of != null) {
      thread.setContextClassLoader(of.loader);
    }
  }

  /** Ends the thread once it is idle. */
  void end() {
    ended = true;
    LockSupport.unpark(thread);
  }

  @SuppressWarnings({"deprecation", "removal"})
  private void destroyGroup() {
    try {
      thread.join();
      destroy();
    } catch (InterruptedException | IllegalThreadStateException e) {
      // The group is destroyed when its last thread ends.
      setDaemon(true);
    }
  }

  /** Destroys the groups that the program has made. Their threads have ended. */
  @SuppressWarnings({"deprecation", "removal"})
  void destroyGroups() {
    if (KEEPS_GROUPS && activeGroupCount() > 0) {
      ThreadGroup[] groups = new ThreadGroup[activeGroupCount()];
      for (int i = enumerate(groups, false) - 1; i >= 0; i--) {
        try {
          groups[i].destroy();
        } catch (IllegalThreadStateException e) {
          // A thread of the JVM is in it.
        }
      }
    }
  }

  void interruptMain() {
    thread.interrupt();
  }

  // ---- the program's other threads ----

  /**
   * The program's live threads, without the one that runs main and those that the whole JVM shares.
   */
  Thread[] others() {
    Thread[] all = new Thread[activeCount() + 8];
    int count = enumerate(all, true);
    int kept = 0;
    for (int i = 0; i < count; i++) {
      Thread other = all[i];
      if (other != thread && other.isAlive() && !isOfTheJvm(other)) {
        all[kept++] = other;
      }
    }
    return java.util.Arrays.copyOf(all, kept);
  }

  private static boolean isOfTheJvm(Thread other) {
    return other instanceof ForkJoinWorkerThread worker
            && worker.getPool() == ForkJoinPool.commonPool()
        || OF_THE_JVM.contains(other.getName());
  }

  @Override
  public void uncaughtException(Thread source, Throwable e) {
    Instance of = instance;
    if (of != null) {
      of.uncaught(source, e);
    }
  }
}

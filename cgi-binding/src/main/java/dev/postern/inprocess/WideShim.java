package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;

import dev.postern.rewrite.Redirect;
import java.security.Provider;
import java.security.Security;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import org.jspecify.annotations.Nullable;

/** Things of which a JVM has only one. A program gets one of its own, or is refused. */
@SuppressWarnings("ReferenceEquality")
public final class WideShim {
  /** Where the JDK runs asynchronous stages: its common pool, or a thread for each. */
  private static final Executor ASYNC = new CompletableFuture<>().defaultExecutor();

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

  @Redirect("java/security/Security.addProvider")
  public static int addProvider(Provider provider, Instance instance) {
    return added(Security.addProvider(provider), provider, instance);
  }

  @Redirect("java/security/Security.insertProviderAt")
  public static int insertProviderAt(Provider provider, int position, Instance instance) {
    return added(Security.insertProviderAt(provider, position), provider, instance);
  }

  private static int added(int position, Provider provider, Instance instance) {
    if (position > 0) {
      instance.onUndo(() -> Security.removeProvider(provider.getName()));
    }
    return position;
  }

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

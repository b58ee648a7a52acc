package dev.postern.inprocess;

import dev.postern.rewrite.Redirect;
import java.security.Provider;
import java.security.Security;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Supplier;

/** Things of which a JVM has only one. A program gets one of its own, or is refused. */
public final class WideShim {
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
      instance.live().onEnd(() -> Security.removeProvider(provider.getName()));
    }
    return position;
  }

  @Redirect("java/util/concurrent/ForkJoinPool.commonPool")
  public static ForkJoinPool commonPool(Instance instance) {
    return instance.common();
  }

  @Redirect("java/util/concurrent/CompletableFuture.supplyAsync")
  public static CompletableFuture<?> supplyAsync(Supplier<?> task, Instance instance) {
    return CompletableFuture.supplyAsync(task, instance.common());
  }

  @Redirect("java/util/concurrent/CompletableFuture.runAsync")
  public static CompletableFuture<Void> runAsync(Runnable task, Instance instance) {
    return CompletableFuture.runAsync(task, instance.common());
  }
}

package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;

import dev.postern.rewrite.Redirect;
import java.security.Provider;
import java.security.Security;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Supplier;
import java.util.stream.BaseStream;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** What is one for all of the JVM: a program gets its own, or is refused it. */
public final class WideShim {
  private WideShim() {}

  /** Before a call that is refused. */
  public static void refuse(String what, Instance instance) {
    instance.live();
    instance.code.findings().add("refused call", what);
    throw new UnsupportedOperationException(
        what
            + " must not be called by a program inside the server: it would hold for all [jvm-wide]");
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

  // ---- parallel streams would run in the JVM's common pool ----

  @Redirect(value = "java/util/Collection.parallelStream", kind = VIRTUAL)
  public static Stream<?> parallelStream(Collection<?> all, Instance instance) {
    return all.stream();
  }

  @Redirect(value = "java/util/List.parallelStream", kind = VIRTUAL)
  public static Stream<?> parallelStream(List<?> all, Instance instance) {
    return all.stream();
  }

  @Redirect(
      value = {"java/util/stream/Stream.parallel", "java/util/stream/BaseStream.parallel"},
      kind = VIRTUAL)
  public static BaseStream<?, ?> parallel(BaseStream<?, ?> all, Instance instance) {
    return all;
  }

  @Redirect(value = "java/util/stream/IntStream.parallel", kind = VIRTUAL)
  public static IntStream parallel(IntStream all, Instance instance) {
    return all;
  }

  @Redirect(value = "java/util/stream/LongStream.parallel", kind = VIRTUAL)
  public static LongStream parallel(LongStream all, Instance instance) {
    return all;
  }

  @Redirect(value = "java/util/stream/DoubleStream.parallel", kind = VIRTUAL)
  public static DoubleStream parallel(DoubleStream all, Instance instance) {
    return all;
  }
}

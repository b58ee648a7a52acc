package dev.postern.cgi.javaprograms;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/** Programs that end in every way there is. */
@SuppressWarnings("SystemExitOutsideMain")
public final class Exits {
  private Exits() {}

  static void head() {
    System.out.print("Content-Type: text/plain\n\n");
  }

  /** Neither the catch nor the finally runs. */
  public static final class InTryFinally {
    public static void main(String[] args) {
      head();
      try {
        System.out.println("before");
        System.exit(3);
      } catch (Throwable e) {
        System.out.println("caught " + e);
      } finally {
        System.out.println("finally");
      }
      System.out.println("after");
    }
  }

  public static final class InFutureTask {
    public static void main(String[] args) throws Exception {
      head();
      FutureTask<Void> task =
          new FutureTask<>(
              () -> {
                synchronized (Exits.class) {
                  System.out.println("task");
                  System.exit(4);
                }
                return null;
              });
      ExecutorService pool = Executors.newSingleThreadExecutor();
      pool.execute(task);
      try {
        task.get();
      } catch (Exception | Error e) {
        System.out.println("caught " + e);
      }
      synchronized (Exits.class) {
        System.out.println("after");
      }
    }
  }

  /** The main thread sleeps meanwhile. */
  public static final class FromDaemonWhileMainSleeps {
    public static void main(String[] args) throws InterruptedException {
      head();
      Thread thread = new Thread(() -> System.exit(5));
      thread.setDaemon(true);
      thread.start();
      Thread.sleep(60_000);
      System.out.println("woken");
    }
  }

  /** The main thread computes meanwhile, and never calls anything. */
  public static final class FromThreadWhileMainComputes {
    static volatile long sum;

    public static void main(String[] args) {
      head();
      new Thread(() -> System.exit(6)).start();
      for (long i = 0; i >= 0; i++) {
        sum = i;
      }
      System.out.println("after");
    }
  }

  public static final class InInitializer {
    static final class Ends {
      static final int STATUS = end();

      private Ends() {}

      private static int end() {
        System.exit(7);
        return 1;
      }
    }

    public static void main(String[] args) {
      head();
      try {
        System.out.println(Ends.STATUS);
      } catch (ExceptionInInitializerError e) {
        System.out.println("caught");
      }
      System.out.println("after");
    }
  }

  public static final class ByReflection {
    public static void main(String[] args) throws Exception {
      head();
      try {
        System.class.getMethod("exit", int.class).invoke(null, 8);
      } catch (InvocationTargetException e) {
        System.out.println("caught");
      }
      System.out.println("after");
    }
  }

  public static final class ByMethodReference {
    public static void main(String[] args) {
      head();
      IntConsumer exit = System::exit;
      exit.accept(9);
      System.out.println("after");
    }
  }

  public static final class ByHandle {
    public static void main(String[] args) throws Throwable {
      head();
      MethodHandles.publicLookup()
          .findStatic(System.class, "exit", MethodType.methodType(void.class, int.class))
          .invokeExact(10);
      System.out.println("after");
    }
  }

  public static final class ByBoundHandle {
    public static void main(String[] args) throws Throwable {
      head();
      MethodHandles.publicLookup()
          .bind(Runtime.getRuntime(), "exit", MethodType.methodType(void.class, int.class))
          .invokeExact(13);
      System.out.println("after");
    }
  }

  public static final class ByReflectionInInterface {
    interface Ends {
      default void end() throws Exception {
        System.class.getMethod("exit", int.class).invoke(null, 14);
      }
    }

    static final class End implements Ends {}

    public static void main(String[] args) throws Exception {
      head();
      new End().end();
      System.out.println("after");
    }
  }

  /** Main has been interrupted when it returns. */
  public static final class InterruptedWithHook {
    public static void main(String[] args) {
      head();
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    try {
                      Thread.sleep(300);
                    } catch (InterruptedException e) {
                      System.out.println("interrupted");
                    }
                    System.out.println("hook");
                  }));
      Thread.currentThread().interrupt();
    }
  }

  /** Halt runs no hooks. */
  public static final class ByHalt {
    public static void main(String[] args) {
      head();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
      System.out.println("halting");
      System.out.flush();
      Runtime.getRuntime().halt(11);
    }
  }

  public static final class WithHooks {
    public static void main(String[] args) {
      head();
      Thread removed = new Thread(() -> System.out.println("removed hook"));
      Runtime.getRuntime().addShutdownHook(removed);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
      Runtime.getRuntime().removeShutdownHook(removed);
      try {
        Runtime.getRuntime().addShutdownHook(null);
      } catch (NullPointerException e) {
        System.out.println("no hook");
      }
      System.out.println("main");
    }
  }

  /** Has run its hook itself, so that it cannot be started at the end. */
  public static final class WithUsedHook {
    public static void main(String[] args) throws InterruptedException {
      head();
      Thread hook = new Thread(() -> System.out.println("hook"));
      Runtime.getRuntime().addShutdownHook(hook);
      hook.start();
      hook.join();
      System.out.println("main");
    }
  }

  public static final class WithUsedHookAndExit {
    public static void main(String[] args) throws InterruptedException {
      WithUsedHook.main(args);
      try {
        System.exit(3);
      } catch (Throwable e) {
        System.out.println(e);
      }
    }
  }

  /** A daemon writes what it has when a hook asks for it. */
  public static final class HookEndsDaemon {
    public static void main(String[] args) {
      head();
      Thread daemon =
          new Thread(
              () -> {
                try {
                  Thread.sleep(60_000);
                } catch (InterruptedException e) {
                  System.out.println("daemon");
                }
              });
      daemon.setDaemon(true);
      daemon.start();
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    daemon.interrupt();
                    try {
                      daemon.join();
                    } catch (InterruptedException e) {
                      System.out.println("interrupted");
                    }
                    System.out.println("hook");
                  }));
    }
  }

  public static final class WithSlowHook {
    public static void main(String[] args) {
      head();
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    LockSupport.parkNanos(2_200_000_000L);
                    System.out.println("hook");
                  }));
    }
  }

  public static final class UncaughtInMain {
    public static void main(String[] args) {
      head();
      throw new IllegalStateException("on purpose");
    }
  }

  /** Status 0, as the main thread has ended well. */
  public static final class UncaughtInThread {
    public static void main(String[] args) throws InterruptedException {
      head();
      Thread thread =
          new Thread(
              () -> {
                throw new IllegalStateException("on purpose");
              });
      thread.start();
      thread.join();
      System.out.println("main");
    }
  }

  public static final class HandledByDefault {
    public static void main(String[] args) {
      head();
      Thread.setDefaultUncaughtExceptionHandler(
          (thread, e) ->
              System.out.println("handled " + e.getMessage() + " in " + thread.getName()));
      throw new IllegalStateException("on purpose");
    }
  }

  public static final class HandledByOwn {
    public static void main(String[] args) {
      head();
      Thread.currentThread()
          .setUncaughtExceptionHandler((thread, e) -> System.out.println("own " + e.getMessage()));
      throw new IllegalStateException("on purpose");
    }
  }

  /** What a worker writes after main has returned is part of the answer. */
  public static final class WaitsForWorker {
    public static void main(String[] args) {
      head();
      new Thread(
              () -> {
                try {
                  Thread.sleep(50);
                } catch (InterruptedException e) {
                  System.out.println("interrupted");
                }
                System.out.println("worker");
              })
          .start();
      System.out.println("main");
    }
  }

  /** An exit with the status of a signal counts as one. */
  public static final class AsIfKilled {
    public static void main(String[] args) {
      head();
      System.exit(137);
    }
  }

  /** Only the lowest byte is left of a status. */
  public static final class WithLargeStatus {
    public static void main(String[] args) {
      head();
      System.exit(256 + 12);
    }
  }
}

package dev.postern.cgi.javaprograms;

import java.util.Timer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.RecursiveAction;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Programs whose first request leaves work to a thread that is not simply one of theirs. The work
 * prints when the next request runs, if nobody ends it.
 */
public final class Late {
  private static final int LATE = 300;

  private Late() {}

  private static void run(Consumer<Runnable> leave) throws InterruptedException {
    System.out.print("Content-Type: text/plain\n\n");
    String query = System.getenv("QUERY_STRING");
    if (query.equals("first")) {
      leave.accept(
          () -> {
            try {
              Thread.sleep(LATE);
            } catch (InterruptedException e) {
              // It is late work that does not care.
            }
            System.out.print("late " + query + " ");
          });
    } else {
      Thread.sleep(2 * LATE);
    }
    System.out.print(query);
  }

  public static final class InVirtualThread {
    public static void main(String[] args) throws InterruptedException {
      run(
          work -> {
            try {
              Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, work);
            } catch (ReflectiveOperationException e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }

  public static final class InAsyncStage {
    public static void main(String[] args) throws InterruptedException {
      run(work -> CompletableFuture.completedFuture("x").thenRunAsync(work));
    }
  }

  public static final class InStageByReflection {
    public static void main(String[] args) throws InterruptedException {
      run(
          work -> {
            try {
              CompletableFuture.class
                  .getMethod("thenRunAsync", Runnable.class)
                  .invoke(CompletableFuture.completedFuture("x"), work);
            } catch (ReflectiveOperationException e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }

  /** A future of the program's own class. */
  public static final class InOwnFuture {
    private static final class Mine extends CompletableFuture<String> {}

    public static void main(String[] args) throws InterruptedException {
      run(
          work -> {
            Mine mine = new Mine();
            mine.complete("x");
            mine.thenRunAsync(work);
          });
    }
  }

  public static final class InDefaultExecutor {
    public static void main(String[] args) throws InterruptedException {
      run(work -> new CompletableFuture<>().defaultExecutor().execute(work));
    }
  }

  public static final class InDelayedExecutor {
    public static void main(String[] args) throws InterruptedException {
      run(work -> CompletableFuture.delayedExecutor(1, TimeUnit.MILLISECONDS).execute(work));
    }
  }

  public static final class AfterTimeout {
    public static void main(String[] args) throws InterruptedException {
      run(
          work ->
              new CompletableFuture<String>()
                  .completeOnTimeout("x", LATE / 3, TimeUnit.MILLISECONDS)
                  .thenRun(work));
    }
  }

  public static final class InForkedTask {
    public static void main(String[] args) throws InterruptedException {
      run(work -> ForkJoinTask.adapt(work).fork());
    }
  }

  public static final class InCommonPool {
    public static void main(String[] args) throws InterruptedException {
      run(work -> ForkJoinPool.commonPool().execute(work));
    }
  }

  /** Uses the common pool in each way, and leaves nothing. */
  public static final class InPoolOnly {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      int first = CompletableFuture.supplyAsync(() -> 1).get();
      int second = ForkJoinPool.commonPool().submit(() -> 1).get();
      System.out.print(first + second + ForkJoinTask.adapt(() -> 1).fork().join());
    }
  }

  /** Leaves a pool of its own open. */
  public static final class InOwnPool {
    public static void main(String[] args) throws InterruptedException {
      run(work -> new ForkJoinPool(2).execute(work));
    }
  }

  public static final class InRootGroup {
    public static void main(String[] args) throws InterruptedException {
      run(
          work -> {
            ThreadGroup root = Thread.currentThread().getThreadGroup();
            while (root.getParent() != null) {
              root = root.getParent();
            }
            Thread thread = new Thread(root, work);
            thread.setDaemon(true);
            thread.start();
          });
    }
  }

  /** Is still making a timer when it must end. */
  public static final class MakesTimerAtItsEnd {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\nok");
      Thread thread =
          new Thread(
              () -> {
                LockSupport.park();
                new Timer("late");
              });
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Prints what tasks of the fork-join framework compute. */
  public static final class ForksAndJoins {
    private static final class Sum extends RecursiveAction {
      private static final long serialVersionUID = 1;
      private final int from;
      private final int to;
      private long sum;

      Sum(int from, int to) {
        this.from = from;
        this.to = to;
      }

      @Override
      protected void compute() {
        if (to - from == 1) {
          sum = from;
          return;
        }
        Sum left = new Sum(from, (from + to) / 2);
        Sum right = new Sum((from + to) / 2, to);
        invokeAll(left, right);
        sum = left.sum + right.sum;
      }
    }

    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      Sum called = new Sum(0, 100);
      called.compute();
      Sum forked = new Sum(0, 100);
      forked.fork().join();
      Sum invoked = new Sum(0, 100);
      new ForkJoinPool(2).invoke(invoked);
      System.out.println(called.sum + " " + forked.sum + " " + invoked.sum);
      System.out.println(
          CompletableFuture.supplyAsync(() -> 1)
              .thenApplyAsync(i -> i + 1)
              .thenCombineAsync(CompletableFuture.completedFuture(3), Integer::sum)
              .get());
    }
  }
}

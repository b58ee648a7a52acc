package dev.postern.cgi.javaprograms;

import java.util.List;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Programs with threads, of their own and of the JVM's. */
public final class Threads {
  private Threads() {}

  static void head() {
    System.out.print("Content-Type: text/plain\n\n");
  }

  /** Each prints from a thread that knows nothing of the request. */
  public static final class PrintFromEverywhere {
    public static void main(String[] args) throws Exception {
      head();
      String query = System.getenv("QUERY_STRING");
      CompletableFuture.runAsync(() -> System.out.println("future " + query)).get();
      System.out.println(CompletableFuture.supplyAsync(() -> System.getenv("QUERY_STRING")).get());
      ForkJoinPool.commonPool().submit(() -> System.out.println("pool")).get();
      System.out.println(List.of(1, 2, 3).parallelStream().mapToInt(i -> i).sum());
      CountDownLatch done = new CountDownLatch(1);
      Timer timer = new Timer(true);
      timer.schedule(
          new TimerTask() {
            @Override
            public void run() {
              System.out.println("timer " + System.getenv("QUERY_STRING"));
              done.countDown();
            }
          },
          1);
      done.await();
      Thread lost = new Thread(new ThreadGroup("own"), () -> System.out.println("group"));
      lost.setContextClassLoader(null);
      lost.start();
      lost.join();
      System.out.println(Thread.currentThread().getName());
    }
  }

  /** A daemon that writes for ever. */
  public static final class LeavesWriter {
    public static void main(String[] args) {
      head();
      Thread thread =
          new Thread(
              () -> {
                while (true) {
                  System.err.println("late");
                  Thread.yield();
                }
              });
      thread.setDaemon(true);
      thread.start();
      System.out.println("main");
    }
  }

  /** A thread of its own, and a child whose output a thread of the server copies. */
  public static final class WithThreadAndChild {
    public static void main(String[] args) throws Exception {
      head();
      System.out.flush();
      new ProcessBuilder("echo", "child").inheritIO().start().waitFor();
      Thread thread = new Thread(() -> System.out.println("thread"));
      thread.start();
      thread.join();
    }
  }

  public static final class LocksAndExits {
    public static void main(String[] args) throws InterruptedException {
      head();
      ReentrantLock lock = new ReentrantLock();
      CountDownLatch locked = new CountDownLatch(1);
      Thread thread =
          new Thread(
              () -> {
                lock.lock();
                try {
                  locked.countDown();
                  Thread.sleep(60_000);
                } catch (InterruptedException e) {
                  System.out.println("interrupted");
                } finally {
                  lock.unlock();
                }
              });
      thread.setDaemon(true);
      thread.start();
      locked.await();
      System.exit(0);
    }
  }

  public static final class Logs {
    private static final Logger LOGGER = Logger.getLogger("a.b");

    public static void main(String[] args) {
      head();
      System.setErr(System.out);
      System.out.println(LOGGER.getName() + " " + LOGGER.getParent().getName().isEmpty());
      Logger.getLogger("").setLevel(Level.WARNING);
      System.out.println(LOGGER.isLoggable(Level.INFO) + " " + LOGGER.isLoggable(Level.WARNING));
      System.out.println(Logger.getLogger("a").getParent() == LOGGER.getParent().getParent());
      System.out.println(System.getLogger("a.c").isLoggable(System.Logger.Level.ERROR));
    }
  }
}

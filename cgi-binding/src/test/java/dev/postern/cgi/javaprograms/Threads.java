package dev.postern.cgi.javaprograms;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ListResourceBundle;
import java.util.MissingResourceException;
import java.util.ResourceBundle;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;

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

  /** Where the threads of pools look for classes, however the pool was made. */
  public static final class LooksInPools {
    private static final class Own extends ForkJoinPool {
      Own() {
        super();
      }
    }

    public static void main(String[] args) throws Exception {
      head();
      IntFunction<ForkJoinPool> byReference = ForkJoinPool::new;
      List<ExecutorService> pools =
          List.of(
              new ForkJoinPool(),
              new ForkJoinPool(2),
              new ForkJoinPool(2, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, false),
              new Own(),
              byReference.apply(2),
              ForkJoinPool.commonPool(),
              Executors.newWorkStealingPool(),
              Executors.newWorkStealingPool(2));
      for (ExecutorService pool : pools) {
        System.out.println(pool.submit(LooksInPools::find).get());
        System.out.println(CompletableFuture.supplyAsync(LooksInPools::find, pool).get());
      }
      System.out.println(CompletableFuture.completedFuture(1).thenApplyAsync(one -> find()).get());
    }

    private static String find() {
      try {
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        return Class.forName(LooksInPools.class.getName(), true, loader).getName();
      } catch (ClassNotFoundException e) {
        return e.toString();
      }
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

  /** The loggers that are named with a bundle, or found by no name. */
  public static final class LogsWithBundle {
    /** The words of the log. */
    public static final class Words extends ListResourceBundle {
      @Override
      protected Object[][] getContents() {
        return new Object[][] {{"greeting", "hello {0}"}};
      }
    }

    private static final class Prints extends Handler {
      @Override
      public void publish(LogRecord record) {
        System.out.println(
            record.getLoggerName() + " " + new SimpleFormatter().formatMessage(record));
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    }

    @SuppressWarnings("deprecation")
    public static void main(String[] args) {
      head();
      String words = Words.class.getName();
      for (Logger logger :
          List.of(
              Logger.getLogger("named", words),
              Logger.getAnonymousLogger(words),
              Logger.global,
              Logger.getLogger("plain", null))) {
        System.out.println(logger.getHandlers().length + " " + logger.getResourceBundleName());
        logger.setUseParentHandlers(false);
        logger.addHandler(new Prints());
        logger.log(Level.INFO, "greeting", System.getenv("QUERY_STRING"));
      }
      System.out.println(Logger.getLogger("named").getHandlers().length);
      System.out.println(Logger.getLogger("named", words) == Logger.getLogger("named"));
      for (String name : List.of("named", "other")) {
        try {
          Logger.getLogger(name, "no.such.bundle");
        } catch (IllegalArgumentException | MissingResourceException e) {
          System.out.println(e.getClass());
        }
      }
    }
  }

  public static final class LogsBySystem {
    /** The words of the log. */
    public static final class Words extends ListResourceBundle {
      @Override
      protected Object[][] getContents() {
        return new Object[][] {{"greeting", "hello {0}"}};
      }
    }

    public static void main(String[] args) {
      head();
      Logger.getLogger("system").setUseParentHandlers(false);
      Logger.getLogger("system").addHandler(new LogsWithBundle.Prints());
      ResourceBundle words = ResourceBundle.getBundle(Words.class.getName());
      System.Logger logger = System.getLogger("system");
      logger.log(System.Logger.Level.INFO, "json {\"a\": {0}}", 5);
      logger.log(System.Logger.Level.INFO, "{0}");
      logger.log(System.Logger.Level.INFO, "{0} and {1}", "one", "two");
      logger.log(System.Logger.Level.INFO, words, "greeting", "you");
      System.getLogger("system", words).log(System.Logger.Level.WARNING, "greeting", "all");
    }
  }

  /** The common pool does not end. */
  public static final class ShutsDownCommonPool {
    public static void main(String[] args) throws Exception {
      head();
      ForkJoinPool pool = ForkJoinPool.commonPool();
      pool.shutdown();
      System.out.println(pool.shutdownNow() + " " + pool.awaitTermination(1, TimeUnit.MINUTES));
      System.out.println(pool.submit(() -> "still there").get());
    }
  }

  public static final class MakesGroup {
    public static void main(String[] args) {
      head();
      ThreadGroup own = Thread.currentThread().getThreadGroup();
      int before = own.activeGroupCount();
      ThreadGroup made = new ThreadGroup("made");
      new ThreadGroup(made, "below");
      System.out.println(before + " " + made.getParent().equals(own));
    }
  }

  /** The handler writes at its close, which is the end of the program. */
  public static final class LogsAtItsEnd {
    public static void main(String[] args) {
      head();
      Logger logger = Logger.getLogger("end");
      logger.setUseParentHandlers(false);
      logger.addHandler(
          new StreamHandler(
              System.out,
              new Formatter() {
                @Override
                public String format(LogRecord record) {
                  return record.getMessage();
                }
              }));
      logger.info("logged");
    }
  }

  /** Takes all from a configuration: a file, a format, and a handler of its own. */
  public static final class LogsByConfiguration {
    /** Made by its name. */
    public static final class Prints extends Handler {
      private static final Logger LOGGER = Logger.getLogger("printing");

      @Override
      public void publish(LogRecord record) {
        if (isLoggable(record)) {
          System.out.println("own " + record.getMessage());
          LOGGER.fine("shown");
        }
      }

      @Override
      public void flush() {}

      @Override
      public void close() {
        Logger.getLogger("printing.closed");
      }
    }

    public static void main(String[] args) throws Exception {
      head();
      System.setErr(System.out);
      String name = "log-" + System.getenv("QUERY_STRING");
      Logger early = Logger.getLogger("early");
      String configuration =
          String.join(
              "\n",
              "handlers = java.util.logging.FileHandler, java.util.logging.ConsoleHandler",
              ".level = FINE",
              "java.util.logging.FileHandler.pattern = " + name,
              "java.util.logging.FileHandler.formatter = java.util.logging.SimpleFormatter",
              "java.util.logging.FileHandler.level = FINE",
              "java.util.logging.SimpleFormatter.format = %4$s %3$s %5$s%6$s%n",
              "late.handlers = " + Prints.class.getName(),
              Prints.class.getName() + ".level = WARNING",
              "late.useParentHandlers = false");
      LogManager.getLogManager()
          .readConfiguration(
              new ByteArrayInputStream(configuration.getBytes(StandardCharsets.UTF_8)));
      early.fine("to the file");
      early.warning("to both");
      Logger late = Logger.getLogger("late");
      late.info("not shown");
      late.warning("shown");
      LogManager.getLogManager().reset();
      System.out.print(Files.readString(Path.of(name)));
      Files.delete(Path.of(name));
    }
  }

  public static final class Logs {
    private static final Logger LOGGER = Logger.getLogger("a.b");

    public static void main(String[] args) {
      head();
      System.setErr(System.out);
      System.out.println(Logger.getLogger("").getHandlers()[0] instanceof ConsoleHandler);
      System.out.println(LOGGER.getName() + " " + LOGGER.getParent().getName().isEmpty());
      Logger.getLogger("").setLevel(Level.WARNING);
      System.out.println(LOGGER.isLoggable(Level.INFO) + " " + LOGGER.isLoggable(Level.WARNING));
      System.out.println(Logger.getLogger("a").getParent() == LOGGER.getParent().getParent());
      System.out.println(System.getLogger("a.c").isLoggable(System.Logger.Level.ERROR));
    }
  }
}

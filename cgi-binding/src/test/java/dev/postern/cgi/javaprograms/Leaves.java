package dev.postern.cgi.javaprograms;

import java.io.FileWriter;
import java.security.Provider;
import java.security.Security;
import java.util.ServiceLoader;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.logging.ConsoleHandler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Programs that leave things in the JVM, or get things from their jar. */
public final class Leaves {
  private Leaves() {}

  /** Found by the service loader. */
  public static final class Service implements Supplier<String> {
    @Override
    public String get() {
      return "service";
    }
  }

  /** Looks into the jar that it is in. */
  public static final class LooksIntoItsJar {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      for (Supplier<?> found : ServiceLoader.load(Supplier.class)) {
        System.out.println(found.get());
      }
      try (var in = LooksIntoItsJar.class.getResourceAsStream("/words.txt")) {
        System.out.println(new String(in.readAllBytes(), "UTF-8"));
      }
      System.out.println(LooksIntoItsJar.class.getClassLoader().getResource("words.txt") != null);
      System.out.println(ClassLoader.getSystemResource("words.txt") != null);
      System.out.println(ClassLoader.getSystemResources("words.txt").hasMoreElements());
      try (var in = ClassLoader.getSystemResourceAsStream("words.txt")) {
        System.out.println(new String(in.readAllBytes(), "UTF-8"));
      }
      System.out.println(ClassLoader.getSystemResource("dev/postern/Body.class"));
      System.out.println(LooksIntoItsJar.class.getPackage().getImplementationVersion());
    }
  }

  /** Registers a security provider. */
  public static final class AddsProvider {
    private static final class Mine extends Provider {
      private static final long serialVersionUID = 1;

      Mine() {
        super("PosternTest", "1", "for a test");
      }
    }

    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n");
      System.out.println(Security.getProvider("PosternTest") == null);
      Security.addProvider(new Mine());
      System.out.println(Security.getProvider("PosternTest") != null);
    }
  }

  /** Prints by code of the JDK, which is not rewritten. */
  public static final class PrintsByTheJdk {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\nok");
      ConsoleHandler handler = new ConsoleHandler();
      handler.publish(new LogRecord(java.util.logging.Level.SEVERE, "by the JDK"));
      handler.flush();
      Logger.getLogger("x").removeHandler(handler);
    }
  }

  /** Logs by a static logger. */
  public static final class Logs {
    private static final Logger LOGGER = Logger.getLogger("x");

    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\nok");
      LOGGER.warning("logged " + System.getenv("QUERY_STRING"));
    }
  }

  /** Leaves things whose own methods end them, and ask for what has ended. */
  public static final class NoticesItsEnd {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\nok");
      new FileWriter("left") {
        @Override
        public void close() {
          System.out.print("closed");
        }
      }.write("x");
      new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>()) {
        @Override
        protected void terminated() {
          System.out.print("terminated");
        }
      }.allowCoreThreadTimeOut(true);
      Logger.getLogger("x")
          .addHandler(
              new ConsoleHandler() {
                @Override
                public void close() {
                  System.out.print("closed");
                }
              });
      Thread thread =
          new Thread() {
            @Override
            public void run() {
              LockSupport.park();
            }

            @Override
            public void interrupt() {
              super.interrupt();
              System.out.print("interrupted");
            }
          };
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Says another thing each time. */
  public static final class NeverTheSame {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n" + System.nanoTime());
    }
  }
}

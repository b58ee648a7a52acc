package dev.postern.cgi.javaprograms;

import java.io.BufferedReader;
import java.io.File;
import java.io.FileReader;
import java.io.PrintWriter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.ProxySelector;
import java.net.URLConnection;
import java.rmi.server.RMISocketFactory;
import java.sql.DriverManager;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.naming.spi.NamingManager;
import javax.net.ssl.HttpsURLConnection;

/** Programs that do not end by themselves, unless their query is {@code go}. */
public final class Hangs {
  private Hangs() {}

  static boolean goes() {
    boolean goes = "go".equals(System.getenv("QUERY_STRING"));
    if (goes) {
      System.out.print("Content-Type: text/plain\n\nwent");
    }
    return goes;
  }

  public static final class InLoop {
    public static void main(String[] args) {
      if (goes()) {
        return;
      }
      long count = 0;
      while (true) {
        count++;
        if (count < 0) {
          System.out.println(count);
        }
      }
    }
  }

  public static final class InSleepForEver {
    public static void main(String[] args) {
      if (goes()) {
        return;
      }
      while (true) {
        try {
          Thread.sleep(100_000);
        } catch (InterruptedException e) {
          System.err.println("no");
        }
      }
    }
  }

  public static final class CatchesAll {
    public static void main(String[] args) {
      if (goes()) {
        return;
      }
      while (true) {
        try {
          synchronized (Hangs.class) {
            Hangs.class.wait();
          }
        } catch (Throwable e) {
          continue;
        } finally {
          Thread.yield();
        }
      }
    }
  }

  /** Its own main calls exit, but code of the JDK keeps what ends the program. */
  public static final class AfterSwallowedExit {
    public static void main(String[] args) throws InterruptedException {
      System.out.print("Content-Type: text/plain\n\nleft");
      boolean loops = System.getenv("QUERY_STRING").equals("loop");
      CompletableFuture.completedFuture(1).thenAccept(x -> System.exit(0));
      if (loops) {
        for (long i = 0; i >= 0; i++) {
          // Nothing here asks for anything.
        }
      }
      new CountDownLatch(1).await();
    }
  }

  /** Two classes, each of which needs the other one. */
  public static final class InInitializers {
    static final CountDownLatch BOTH = new CountDownLatch(2);

    static final class First {
      static final int VALUE = meet() + Second.get();

      static int get() {
        return VALUE;
      }
    }

    static final class Second {
      static final int VALUE = meet() + First.get();

      static int get() {
        return VALUE;
      }
    }

    static int meet() {
      try {
        BOTH.countDown();
        BOTH.await();
      } catch (InterruptedException e) {
        System.err.println("interrupted");
      }
      return 1;
    }

    public static void main(String[] args) {
      if (goes()) {
        return;
      }
      new Thread(Second::get).start();
      First.get();
    }
  }

  /** Leaves a file that is to be deleted at its end. */
  public static final class WithFileToDelete {
    public static void main(String[] args) throws Exception {
      File file = new File("left");
      file.deleteOnExit();
      System.out.print("Content-Type: text/plain\n\n" + file.createNewFile());
      System.out.flush();
      new CountDownLatch(1).await();
    }
  }

  public static final class SetsLogWriter {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n");
      try {
        DriverManager.setLogWriter(new PrintWriter(System.out, true));
      } catch (UnsupportedOperationException e) {
        System.out.print(e.getMessage());
      }
    }
  }

  public static final class ForLock {
    public static void main(String[] args) throws InterruptedException {
      if (goes()) {
        return;
      }
      ReentrantLock lock = new ReentrantLock();
      CountDownLatch locked = new CountDownLatch(1);
      Thread holder =
          new Thread(
              () -> {
                lock.lock();
                try {
                  locked.countDown();
                  while (true) {
                    Thread.onSpinWait();
                  }
                } finally {
                  lock.unlock();
                }
              });
      holder.start();
      locked.await();
      lock.lock();
    }
  }

  /** Reads a body that never comes. */
  public static final class InRead {
    public static void main(String[] args) throws Exception {
      if (goes()) {
        return;
      }
      Process process = new ProcessBuilder("sleep", "1000").start();
      process.getInputStream().read();
    }
  }

  /** Inside the JDK, where nothing of the program is asked. */
  public static final class InRegex {
    public static void main(String[] args) {
      if (goes()) {
        return;
      }
      System.out.println(Pattern.matches("(x+x+)+\\1y", "x".repeat(45)));
    }
  }

  /**
   * In the system, which opens a named pipe when somebody opens its other end. Then it waits for a
   * line, with the lock that a close needs.
   */
  public static final class InPipe {
    public static void main(String[] args) throws Exception {
      if (!goes()) {
        System.out.print(new BufferedReader(new FileReader("fifo")).readLine());
      }
    }
  }

  public static final class WritesForEver {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n");
      if (goes()) {
        return;
      }
      while (true) {
        System.out.println("more and more");
      }
    }
  }

  public static final class OutOfMemory {
    public static void main(String[] args) {
      if (goes()) {
        return;
      }
      long[][] all = new long[1_000_000][];
      for (int i = 0; i < all.length; i++) {
        all[i] = new long[50_000_000];
      }
    }
  }

  public static final class OutOfStack {
    public static void main(String[] args) {
      if (!goes()) {
        main(args);
      }
    }
  }

  public static final class SetsForAll {
    private interface Setter {
      void set() throws Throwable;
    }

    public static void main(String[] args) throws Throwable {
      System.out.print("Content-Type: text/plain\n\n");
      List<Setter> setters =
          List.of(
              () -> Authenticator.setDefault(null),
              () -> HttpsURLConnection.setFollowRedirects(true),
              () -> URLConnection.setDefaultUseCaches("jar", true),
              () -> NamingManager.setObjectFactoryBuilder(null),
              () -> RMISocketFactory.setFailureHandler(null),
              () -> ImageIO.setCacheDirectory(null),
              () ->
                  CookieHandler.class
                      .getMethod("setDefault", CookieHandler.class)
                      .invoke(null, (Object) null),
              () ->
                  MethodHandles.lookup()
                      .findStatic(
                          ProxySelector.class,
                          "setDefault",
                          MethodType.methodType(void.class, ProxySelector.class)));
      for (Setter setter : setters) {
        try {
          setter.set();
          System.out.println("set");
        } catch (UnsupportedOperationException e) {
          System.out.println(e.getMessage());
        }
      }
    }
  }
}

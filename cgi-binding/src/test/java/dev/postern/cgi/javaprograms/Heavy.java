package dev.postern.cgi.javaprograms;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.Executors;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** Programs that move much, open much, or leave much behind. */
public final class Heavy {
  private Heavy() {}

  /** Counts its body. */
  public static final class Upload {
    public static void main(String[] args) throws Exception {
      byte[] block = new byte[64 * 1024];
      long count = 0;
      long sum = 0;
      for (int read = System.in.read(block); read >= 0; read = System.in.read(block)) {
        count += read;
        sum += block[0];
      }
      System.out.print("Content-Type: text/plain\n\n" + count + " " + (sum >= 0));
    }
  }

  /** Writes as many MiB as its query says. */
  public static final class Flood {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n");
      byte[] block = new byte[1 << 20];
      for (int i = Integer.parseInt(System.getenv("QUERY_STRING")); i > 0; i--) {
        System.out.write(block, 0, block.length);
      }
    }
  }

  /** Each line is to be seen before the next one is there. */
  public static final class Ticks {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      for (int i = 0; i < 3; i++) {
        System.out.println("tick " + i);
        System.out.flush();
        Thread.sleep(50);
      }
    }
  }

  /** Adds one to the number in a file, which only its lock makes right. */
  public static final class CountsInFile {
    public static final int TIMES = 20;

    public static void main(String[] args) throws Exception {
      Path file = Path.of("number");
      for (int i = 0; i < TIMES; i++) {
        try (FileChannel channel =
                FileChannel.open(
                    Path.of("count"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.lock()) {
          int number = Files.exists(file) ? Integer.parseInt(Files.readString(file)) : 0;
          Thread.yield();
          Files.writeString(file, Integer.toString(lock.isValid() ? number + 1 : -1));
        }
      }
      System.out.print("Content-Type: text/plain\n\ntrue");
    }
  }

  /** Tries a lock twice: its own is no other's. */
  public static final class LocksTwice {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      Path file = Path.of("twice-" + System.getenv("QUERY_STRING"));
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        FileLock lock = channel.tryLock();
        System.out.println(lock.isValid());
        try {
          channel.lock();
        } catch (java.nio.channels.OverlappingFileLockException e) {
          System.out.println("overlaps");
        }
        lock.release();
        System.out.println(channel.tryLock() != null);
      }
      Files.delete(file);
    }
  }

  /** Opens the same things many times. The JDK closes the first of them by itself. */
  public static final class OpensAgainAndAgain {
    public static void main(String[] args) throws Exception {
      for (int i = 0; i < 50; i++) {
        new FileInputStream("/dev/null");
        try (Stream<Path> all = Files.list(Path.of("."))) {
          all.forEach(each -> {});
        }
        Files.newDirectoryStream(Path.of(".")).close();
      }
      try (FileChannel channel =
          FileChannel.open(
              Path.of("locked"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        for (int i = 0; i < 50; i++) {
          channel.lock().release();
        }
      }
      System.out.print("done");
    }
  }

  /** Opens all that there is to open, and closes nothing. */
  public static final class OpensEverything {
    static final List<Object> OPEN = new ArrayList<>();

    public static void main(String[] args) throws Exception {
      if (Hangs.goes()) {
        return;
      }
      for (int i = 0; i < 20; i++) {
        String name = "open-" + i;
        OPEN.add(new FileOutputStream(name));
        OPEN.add(new FileInputStream(name));
        OPEN.add(new RandomAccessFile(new File(name), "rw"));
        OPEN.add(FileChannel.open(Path.of(name), StandardOpenOption.READ));
        OPEN.add(Files.newInputStream(Path.of(name)));
        OPEN.add(Files.list(Path.of(".")));
        OPEN.add(new ServerSocket(0));
        new File(name).deleteOnExit();
      }
      OPEN.add(new ProcessBuilder("sleep", "600").start());
      OPEN.add(DriverManager.drivers().count());
      System.setOut(new java.io.PrintStream(OutputStream.nullOutputStream()));
      System.setIn(InputStream.nullInputStream());
      System.setProperty("opened", "yes");
      Locale.setDefault(Locale.CHINA);
      Logger.getLogger("").setUseParentHandlers(false);
      OPEN.add(Executors.newFixedThreadPool(2).submit(() -> 1));
      new Timer("never")
          .schedule(
              new TimerTask() {
                @Override
                public void run() {
                  System.out.println("no");
                }
              },
              600_000);
      System.exit(0);
    }
  }

  /** Exits from wherever it can, all at once. */
  public static final class ExitsEverywhere {
    public static void main(String[] args) throws Exception {
      if (Hangs.goes()) {
        return;
      }
      System.out.print("Content-Type: text/plain\n\nleft");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> System.exit(3)));
      Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
      for (int i = 0; i < 4; i++) {
        Thread thread = new Thread(() -> System.exit(0));
        thread.setUncaughtExceptionHandler((t, e) -> System.exit(4));
        thread.start();
      }
      try {
        System.exit(0);
      } catch (Throwable e) {
        System.exit(5);
      } finally {
        System.exit(6);
      }
    }
  }

  /** Hangs in main, in each thread, in its hooks and in its handlers. */
  public static final class HangsEverywhere {
    public static void main(String[] args) throws Exception {
      if (Hangs.goes()) {
        return;
      }
      Runtime.getRuntime().addShutdownHook(new Thread(HangsEverywhere::forEver));
      for (int i = 0; i < 3; i++) {
        new Thread(HangsEverywhere::forEver).start();
      }
      synchronized (Hangs.class) {
        try {
          Hangs.class.wait();
        } catch (InterruptedException e) {
          forEver();
        } finally {
          forEver();
        }
      }
    }

    private static void forEver() {
      while (true) {
        try {
          Thread.sleep(10_000);
        } catch (Throwable e) {
          forEver();
        }
      }
    }
  }
}

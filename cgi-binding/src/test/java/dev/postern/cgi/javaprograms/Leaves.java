package dev.postern.cgi.javaprograms;

import java.security.Provider;
import java.security.Security;
import java.util.ServiceLoader;
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

  /** Says another thing each time. */
  public static final class NeverTheSame {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n" + System.nanoTime());
    }
  }
}

package dev.postern.cgi.javaprograms;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Programs that keep what they should forget, and rely on when classes are initialized. */
public final class Statics {
  private Statics() {}

  static void head() {
    System.out.print("Content-Type: text/plain\n\n");
  }

  public static final class Counts {
    static int count;
    static final AtomicInteger FINAL = new AtomicInteger();
    static final List<String> SEEN = new ArrayList<>();
    static final ThreadLocal<Integer> LOCAL = ThreadLocal.withInitial(() -> 0);

    public static void main(String[] args) {
      head();
      SEEN.add(System.getenv("QUERY_STRING"));
      LOCAL.set(LOCAL.get() + 1);
      System.out.println(
          ++count
              + " "
              + FINAL.incrementAndGet()
              + " "
              + SEEN
              + " "
              + LOCAL.get()
              + " "
              + Holder.next());
    }

    static final class Holder {
      private static final Holder ONE = new Holder();
      private int used;

      static int next() {
        return ++ONE.used;
      }
    }
  }

  static class Parent {
    static final StringBuilder ORDER = new StringBuilder("parent ");
  }

  static final class Child extends Parent {
    static {
      ORDER.append("child ");
    }

    static String order() {
      return ORDER.toString();
    }
  }

  static final class Left {
    static final int VALUE = Right.VALUE + 1;
  }

  static final class Right {
    static final int VALUE = Left.VALUE + 1;
  }

  static final class Fails {
    static final int VALUE = fail();

    private static int fail() {
      throw new IllegalArgumentException("no value");
    }
  }

  static final class Made {
    static {
      System.out.println("initialized");
    }

    Made(int value) {
      System.out.println("made " + value);
    }
  }

  private static int argument() {
    System.out.println("argument");
    return 1;
  }

  /** Superclass first, cycles, failures, and NEW before its arguments. */
  public static final class InitializationOrder {
    public static void main(String[] args) {
      head();
      System.out.println(Child.order());
      System.out.println(Right.VALUE + " " + Left.VALUE);
      for (int i = 0; i < 2; i++) {
        try {
          System.out.println(Fails.VALUE);
        } catch (ExceptionInInitializerError e) {
          System.out.println(e.getCause());
        } catch (NoClassDefFoundError e) {
          System.out.println("no class");
        }
      }
      new Made(argument());
    }
  }

  static final class Slow {
    static final int VALUE;

    static {
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      VALUE = 42;
    }
  }

  public static final class InitializedByTwoThreads {
    public static void main(String[] args) throws InterruptedException {
      head();
      int[] seen = new int[2];
      Thread[] threads = new Thread[2];
      for (int i = 0; i < 2; i++) {
        int at = i;
        threads[i] = new Thread(() -> seen[at] = Slow.VALUE);
        threads[i].start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      System.out.println(seen[0] + " " + seen[1]);
    }
  }

  static final class Written implements Serializable {
    private static final long serialVersionUID = 1;
    static final List<String> LOG = new ArrayList<>();
    final String name;

    Written(String name) {
      this.name = name;
    }

    String log() {
      LOG.add(name);
      return LOG.toString();
    }
  }

  public static final class Deserializes {
    public static void main(String[] args) throws Exception {
      head();
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
        out.writeObject(new Written("one"));
      }
      try (ObjectInputStream in =
          new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
        System.out.println(((Written) in.readObject()).log());
      }
    }
  }

  enum Color {
    RED,
    GREEN;

    private static final Map<String, Color> BY_NAME = new HashMap<>();

    static {
      for (Color color : values()) {
        BY_NAME.put(color.name(), color);
      }
    }

    static Color of(String name) {
      return BY_NAME.get(name);
    }
  }

  interface Constants {
    List<String> WORDS = List.of("a", "b");
    Comparable<String> SAME = other -> 0;
  }

  record Point(int x, int y) {
    static final Point ORIGIN = new Point(0, 0);
  }

  public static final class EnumsAndInterfaces {
    public static void main(String[] args) {
      head();
      EnumMap<Color, Integer> map = new EnumMap<>(Color.class);
      map.put(Color.of("GREEN"), 1);
      switch (Color.valueOf("RED")) {
        case RED -> System.out.println("red " + map);
        default -> System.out.println("other");
      }
      System.out.println(Constants.WORDS + " " + Constants.SAME.compareTo("x"));
      System.out.println(Point.ORIGIN + " " + Statics.class.desiredAssertionStatus());
    }
  }

  enum Mutable {
    ONE;

    int count;
  }

  /** An enum cannot be initialized again. */
  public static final class MutableEnum {
    public static void main(String[] args) {
      head();
      System.out.println(++Mutable.ONE.count);
    }
  }

  interface Holds {
    AtomicInteger COUNT = new AtomicInteger();
  }

  /** An interface can, in a class beside it. */
  public static final class MutableInterface {
    public static void main(String[] args) {
      head();
      System.out.println(Holds.COUNT.incrementAndGet());
    }
  }

  public static final class ByName {
    static int count;

    public static void main(String[] args) throws Exception {
      head();
      Class<?> type = Class.forName(Counts.class.getName());
      System.out.println(type.getDeclaredField("count").getInt(null));
      var method = ByName.class.getDeclaredMethod("next");
      System.out.println(method.invoke(null));
      System.out.println(ByName.class.getDeclaredConstructor().newInstance() != null);
    }

    private static int next() {
      return ++count;
    }
  }
}

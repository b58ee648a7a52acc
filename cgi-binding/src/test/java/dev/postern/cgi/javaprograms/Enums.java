package dev.postern.cgi.javaprograms;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Enums that keep more in statics than their constants. */
public final class Enums {
  private Enums() {}

  enum Kind {
    SMALL("s"),
    LARGE("l") {
      @Override
      String label() {
        return "L" + SEEN.size();
      }
    };

    private static final List<String> SEEN = new ArrayList<>();
    private static int asked = 10;
    private static final Map<Kind, String> NAMES = new EnumMap<>(Kind.class);

    static {
      for (Kind kind : values()) {
        NAMES.put(kind, kind.text);
      }
      System.out.println("kinds " + Kind.values().length);
    }

    private final String text;

    Kind(String text) {
      this.text = text;
      // Before the statics are there.
      Counter.made++;
    }

    String label() {
      return text;
    }

    static String ask() {
      SEEN.add("x");
      return SEEN + " " + ++asked + " " + NAMES;
    }
  }

  static final class Counter {
    static int made;
  }

  public static final class WithStatics {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n");
      System.out.println(Kind.LARGE.label());
      System.out.println(Kind.ask());
      System.out.println(Kind.valueOf("SMALL").label() + Kind.LARGE.label());
      System.out.println(new EnumMap<Kind, Integer>(Map.of(Kind.LARGE, 1)));
      switch (Kind.values()[0]) {
        case SMALL -> System.out.println("small");
        default -> System.out.println("other");
      }
    }
  }
}

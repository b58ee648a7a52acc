package dev.postern.web;

import static java.util.Objects.requireNonNull;

import dev.postern.HttpException;
import dev.postern.internal.Escapes;
import dev.postern.web.internal.Ascii;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Names and values of a query, a form or a {@code Cookie} header. They keep their order and their
 * repeats. Case in names counts.
 *
 * <p>Immutable, thread-safe.
 */
public final class Parameters implements Iterable<Map.Entry<String, String>> {
  private static final Parameters EMPTY = new Parameters(new String[0]);

  /** Names at even places, values at odd ones. */
  private final String[] pairs;

  Parameters(String[] pairs) {
    this.pairs = pairs;
  }

  /** No parameters. */
  public static Parameters of() {
    return EMPTY;
  }

  /**
   * Parameters from names and values in turn.
   *
   * @throws IllegalArgumentException when a value is missing
   */
  public static Parameters of(String... namesAndValues) {
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException(
          "parameters must be names and values in turn: a value is missing for "
              + Escapes.quote(namesAndValues[namesAndValues.length - 1]));
    }
    for (String text : namesAndValues) {
      requireNonNull(text, "name or value");
    }
    return new Parameters(namesAndValues.clone());
  }

  /**
   * Reads {@code application/x-www-form-urlencoded} text as a browser does (WHATWG URL, 5.1). A
   * percent sign that is not followed by two digits stays, and bytes that are not UTF-8 become
   * U+FFFD. Nothing is refused. {@link Request#query()} and {@link Request#form()} refuse both.
   *
   * @param encoded text; other characters than those of ASCII stand for themselves
   */
  public static Parameters parse(String encoded) {
    return UrlEncoded.parse(Ascii.bytes(encoded), false, Integer.MAX_VALUE, 400);
  }

  /** The first value of that name, or null. */
  public @Nullable String get(String name) {
    for (int i = 0; i < pairs.length; i += 2) {
      if (pairs[i].equals(name)) {
        return pairs[i + 1];
      }
    }
    return null;
  }

  /** The first value of that name, or {@code otherwise}. */
  public String get(String name, String otherwise) {
    String value = get(name);
    return value == null ? otherwise : value;
  }

  /**
   * The first value of that name.
   *
   * @throws HttpException with status 400 when there is none
   */
  public String required(String name) {
    String value = get(name);
    if (value == null) {
      throw new HttpException(400, "request must have the parameter " + Escapes.quote(name));
    }
    return value;
  }

  /**
   * The first value of that name as a number, or {@code otherwise} when there is none.
   *
   * @throws HttpException with status 400 when the value is no decimal number in the range of an
   *     int
   */
  public int integer(String name, int otherwise) {
    String value = get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new HttpException(400, "parameter must be a number: " + Escapes.quote(name));
    }
  }

  /** All values of that name, in order. */
  public List<String> all(String name) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < pairs.length; i += 2) {
      if (pairs[i].equals(name)) {
        values.add(pairs[i + 1]);
      }
    }
    return List.copyOf(values);
  }

  /** Whether there is a parameter of that name. */
  public boolean contains(String name) {
    return get(name) != null;
  }

  /** The different names, in the order in which they come first. */
  public Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    for (int i = 0; i < pairs.length; i += 2) {
      names.add(pairs[i]);
    }
    return names;
  }

  /** How many parameters there are, repeats counted. */
  public int size() {
    return pairs.length / 2;
  }

  /** Whether there are no parameters. */
  public boolean isEmpty() {
    return pairs.length == 0;
  }

  /** These parameters and one more at the end. */
  public Parameters plus(String name, String value) {
    String[] more = Arrays.copyOf(pairs, pairs.length + 2);
    more[pairs.length] = requireNonNull(name, "name");
    more[pairs.length + 1] = requireNonNull(value, "value");
    return new Parameters(more);
  }

  /** As {@code application/x-www-form-urlencoded} (WHATWG URL, 5.2): {@code a=b+c&d=%C3%A4}. */
  public String encoded() {
    return UrlEncoded.encode(pairs);
  }

  @Override
  public Iterator<Map.Entry<String, String>> iterator() {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < pairs.length;
      }

      @Override
      public Map.Entry<String, String> next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        next += 2;
        return Map.entry(pairs[next - 2], pairs[next - 1]);
      }
    };
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Parameters that && Arrays.equals(pairs, that.pairs);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(pairs);
  }

  /** The names only, as {@code Parameters[a, b]}: values may be secrets. */
  @Override
  public String toString() {
    return "Parameters" + names();
  }
}

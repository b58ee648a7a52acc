package dev.postern;

import static java.util.Objects.requireNonNull;

import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of a response. They keep their order and their repeats. Case in names does not
 * count (RFC 9110 5).
 *
 * <p>Every name is a token, and no value has control characters other than a tab. So an object of
 * this class cannot split a response. Values are text of ISO-8859-1; white space around a value is
 * not part of it (RFC 9110 5.5).
 *
 * <p>Immutable, thread-safe.
 */
public final class Headers implements Iterable<Map.Entry<String, String>> {
  private static final Headers EMPTY = new Headers(new String[0]);

  /** Names at even places, values at odd ones. */
  private final String[] fields;

  private Headers(String[] fields) {
    this.fields = fields;
  }

  /** No header fields. */
  public static Headers of() {
    return EMPTY;
  }

  /**
   * Header fields from names and values in turn: {@code of("Content-Type", "text/plain", "Vary",
   * "Accept")}.
   *
   * @throws IllegalArgumentException when a name is no token, a value holds a control character or
   *     text beyond ISO-8859-1, or a value is missing
   */
  public static Headers of(String... namesAndValues) {
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException(
          "headers must be names and values in turn: a value is missing for "
              + Escapes.quote(namesAndValues[namesAndValues.length - 1]));
    }
    String[] fields = new String[namesAndValues.length];
    for (int i = 0; i < fields.length; i += 2) {
      fields[i] = checkedName(namesAndValues[i]);
      fields[i + 1] = checkedValue(namesAndValues[i], namesAndValues[i + 1]);
    }
    return fields.length == 0 ? EMPTY : new Headers(fields);
  }

  /**
   * A builder, for many fields. Each {@link #plus} copies all fields so far; a builder does not.
   */
  public static Builder builder() {
    return new Builder();
  }

  /** The value of the first field of that name, or null. */
  public @Nullable String get(String name) {
    int i = indexOf(name, 0);
    return i < 0 ? null : fields[i + 1];
  }

  /** The values of all fields of that name, in order. */
  public List<String> all(String name) {
    List<String> values = new ArrayList<>();
    for (int i = indexOf(name, 0); i >= 0; i = indexOf(name, i + 2)) {
      values.add(fields[i + 1]);
    }
    return List.copyOf(values);
  }

  /** Whether there is a field of that name. */
  public boolean contains(String name) {
    return indexOf(name, 0) >= 0;
  }

  /**
   * These fields with exactly one field of that name, which has that value. It stands where the
   * first field of that name stood, or at the end if there was none.
   *
   * @throws IllegalArgumentException as {@link #of(String...)}
   */
  public Headers with(String name, String value) {
    checkedName(name);
    String checked = checkedValue(name, value);
    int first = indexOf(name, 0);
    if (first < 0) {
      return appended(name, checked);
    }
    String[] kept = new String[fields.length];
    int n = 0;
    for (int i = 0; i < fields.length; i += 2) {
      if (i == first) {
        kept[n++] = name;
        kept[n++] = checked;
      } else if (!fields[i].equalsIgnoreCase(name)) {
        kept[n++] = fields[i];
        kept[n++] = fields[i + 1];
      }
    }
    return new Headers(Arrays.copyOf(kept, n));
  }

  /**
   * These fields and one more at the end, even if there is one of that name already. Use this for
   * fields that may be repeated, such as {@code Set-Cookie} and {@code Link}.
   *
   * @throws IllegalArgumentException as {@link #of(String...)}
   */
  public Headers plus(String name, String value) {
    return appended(checkedName(name), checkedValue(name, value));
  }

  /** These fields without those of that name. */
  public Headers without(String name) {
    if (indexOf(name, 0) < 0) {
      return this;
    }
    String[] kept = new String[fields.length];
    int n = 0;
    for (int i = 0; i < fields.length; i += 2) {
      if (!fields[i].equalsIgnoreCase(name)) {
        kept[n++] = fields[i];
        kept[n++] = fields[i + 1];
      }
    }
    return n == 0 ? EMPTY : new Headers(Arrays.copyOf(kept, n));
  }

  /** How many fields there are, repeats counted. */
  public int size() {
    return fields.length / 2;
  }

  /** The name of a field, by its place. */
  String name(int field) {
    return fields[2 * field];
  }

  String value(int field) {
    return fields[2 * field + 1];
  }

  /** Whether there are no fields. */
  public boolean isEmpty() {
    return fields.length == 0;
  }

  /** The fields in order. Each repeat is an entry of its own. */
  @Override
  public Iterator<Map.Entry<String, String>> iterator() {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < fields.length;
      }

      @Override
      public Map.Entry<String, String> next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        next += 2;
        return Map.entry(fields[next - 2], fields[next - 1]);
      }
    };
  }

  /**
   * Two objects are equal when they have equal fields in the same order. Case in names does not
   * count.
   */
  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof Headers that) || fields.length != that.fields.length) {
      return false;
    }
    for (int i = 0; i < fields.length; i += 2) {
      if (!fields[i].equalsIgnoreCase(that.fields[i])
          || !fields[i + 1].equals(that.fields[i + 1])) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    int hash = 1;
    for (int i = 1; i < fields.length; i += 2) {
      hash = 31 * hash + fields[i].hashCode();
    }
    return hash;
  }

  /** The names only, as {@code Headers[Content-Type, Set-Cookie]}: values may be secrets. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Headers[");
    for (int i = 0; i < fields.length; i += 2) {
      text.append(i == 0 ? "" : ", ").append(fields[i]);
    }
    return text.append(']').toString();
  }

  private int indexOf(String name, int from) {
    for (int i = from; i < fields.length; i += 2) {
      if (fields[i].equalsIgnoreCase(name)) {
        return i;
      }
    }
    return -1;
  }

  private Headers appended(String name, String checkedValue) {
    String[] more = Arrays.copyOf(fields, fields.length + 2);
    more[fields.length] = name;
    more[fields.length + 1] = checkedValue;
    return new Headers(more);
  }

  /** {@code field-name = token} (RFC 9110 5.1). */
  private static String checkedName(String name) {
    requireNonNull(name, "name");
    if (!Text.isToken(name)) {
      throw new IllegalArgumentException("header name must be a token: " + Escapes.quote(name));
    }
    return name;
  }

  /**
   * {@code field-value = *( VCHAR / obs-text / SP / HTAB )} (RFC 9110 5.5). The message never shows
   * the value.
   */
  private static String checkedValue(String name, String value) {
    requireNonNull(value, "value");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c > 0xFF) {
        throw new IllegalArgumentException(
            "header value must be ISO-8859-1 text, encode others as RFC 8187 says: " + name);
      }
      if (c < ' ' && c != '\t' || c == 0x7F) {
        throw new IllegalArgumentException("header value must hold no control characters: " + name);
      }
    }
    return Text.trimmed(value);
  }

  /** Collects header fields, in order. Not thread-safe. */
  public static final class Builder {
    private String[] fields = new String[16];
    private int count;

    private Builder() {}

    /**
     * Adds a field, whether or not there is one of that name.
     *
     * @throws IllegalArgumentException as {@link Headers#of(String...)}
     */
    public Builder add(String name, String value) {
      String checkedName = checkedName(name);
      String checkedValue = checkedValue(name, value);
      if (count == fields.length) {
        fields = Arrays.copyOf(fields, 2 * count);
      }
      fields[count++] = checkedName;
      fields[count++] = checkedValue;
      return this;
    }

    /** Adds all these fields, in their order. */
    public Builder addAll(Headers headers) {
      String[] more = headers.fields;
      if (fields.length - count < more.length) {
        fields = Arrays.copyOf(fields, Math.max(2 * count, count + more.length));
      }
      System.arraycopy(more, 0, fields, count, more.length);
      count += more.length;
      return this;
    }

    /** The fields so far. The builder can be used further. */
    public Headers build() {
      return count == 0 ? EMPTY : new Headers(Arrays.copyOf(fields, count));
    }
  }
}

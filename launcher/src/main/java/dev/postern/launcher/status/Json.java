package dev.postern.launcher.status;

import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, lists, texts, numbers, durations and truth values as JSON (RFC 8259). */
public final class Json {
  private final StringBuilder text = new StringBuilder(512);

  private Json() {}

  /**
   * Returns the value in one line; control characters are escaped. Entries of a map whose value is
   * null are left out. A duration is a number of seconds, to the microsecond.
   *
   * @throws IllegalArgumentException when JSON has no such value
   */
  public static String of(@Nullable Object value) {
    Json json = new Json();
    json.write(value);
    return json.text.toString();
  }

  private void write(@Nullable Object value) {
    if (value == null || value instanceof Boolean || isFinite(value)) {
      text.append(value);
    } else if (value instanceof Duration time) {
      text.append(String.format(Locale.ROOT, "%.6f", time.toNanos() / 1e9));
    } else if (value instanceof CharSequence string) {
      string(string);
    } else if (value instanceof Map<?, ?> map) {
      object(map);
    } else if (value instanceof Collection<?> list) {
      array(list);
    } else {
      throw new IllegalArgumentException("JSON must have such a value: " + value);
    }
  }

  private static boolean isFinite(Object value) {
    return value instanceof Number number && Double.isFinite(number.doubleValue());
  }

  private void object(Map<?, ?> map) {
    text.append('{');
    int begun = text.length();
    map.forEach(
        (name, value) -> {
          if (value != null) {
            if (text.length() > begun) {
              text.append(',');
            }
            string(String.valueOf(name));
            text.append(':');
            write(value);
          }
        });
    text.append('}');
  }

  private void array(Collection<?> list) {
    text.append('[');
    int begun = text.length();
    for (Object value : list) {
      if (text.length() > begun) {
        text.append(',');
      }
      write(value);
    }
    text.append(']');
  }

  /** Writes a string. Characters that would end a line in a log or in a script are escaped, too. */
  private void string(CharSequence value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < 0x20 || c >= 0x7f && c <= 0x9f || c == '\u2028' || c == '\u2029') {
        text.append(String.format("\\u%04x", (int) c));
      } else {
        text.append(c);
      }
    }
    text.append('"');
  }
}

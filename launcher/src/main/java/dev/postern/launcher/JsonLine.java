package dev.postern.launcher;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** An object of JSON in one line of a log. Values that are null are left out. */
final class JsonLine {
  private final StringBuilder text = new StringBuilder(256).append('{');

  JsonLine add(String name, @Nullable String value) {
    if (value != null) {
      name(name);
      string(value);
    }
    return this;
  }

  JsonLine add(String name, long value) {
    name(name);
    text.append(value);
    return this;
  }

  JsonLine add(String name, boolean value) {
    name(name);
    text.append(value);
    return this;
  }

  /** In seconds, to the microsecond. */
  JsonLine add(String name, @Nullable Duration value) {
    if (value != null) {
      name(name);
      text.append(String.format(Locale.ROOT, "%.6f", value.toNanos() / 1e9));
    }
    return this;
  }

  String end() {
    return text.append("}\n").toString();
  }

  private void name(String name) {
    if (text.length() > 1) {
      text.append(',');
    }
    string(name);
    text.append(':');
  }

  private void string(String value) {
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

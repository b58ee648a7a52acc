package dev.postern.web.internal;

import dev.postern.internal.Text;
import java.util.ArrayList;
import java.util.List;

/** Values of header fields: lists, parameters and quoted strings (RFC 9110 5.6). */
public final class FieldList {
  private FieldList() {}

  /**
   * The elements between separators that stand outside of quoted strings, trimmed; empty ones are
   * left out (RFC 9110 5.6.1.2).
   */
  public static List<String> split(String value, char separator) {
    List<String> elements = new ArrayList<>(4);
    boolean quoted = false;
    int start = 0;
    for (int i = 0; i <= value.length(); i++) {
      char c = i == value.length() ? separator : value.charAt(i);
      if (quoted && i < value.length()) {
        if (c == '\\') {
          i++;
        } else {
          quoted = c != '"';
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == separator) {
        String element = Text.trimmed(value, start, Math.min(i, value.length()));
        if (!element.isEmpty()) {
          elements.add(element);
        }
        start = i + 1;
      }
    }
    if (start < value.length()) {
      // The value ends inside of a quoted string.
      elements.add(Text.trimmed(value, start, value.length()));
    }
    return elements;
  }

  /** Whether no quoted string of the value lacks its end. */
  public static boolean isClosed(String value) {
    boolean quoted = false;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (quoted && c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      }
    }
    return !quoted;
  }

  /** Whether this is a {@code quoted-string}, whose last quote must not be an escaped one. */
  public static boolean isQuoted(String value) {
    if (value.length() < 2 || value.charAt(0) != '"') {
      return false;
    }
    int end = 1;
    while (end < value.length() && value.charAt(end) != '"') {
      end += value.charAt(end) == '\\' ? 2 : 1;
    }
    return end == value.length() - 1;
  }

  /** The text of {@code token / quoted-string}, without the quotes and their backslashes. */
  public static String unquoted(String value) {
    if (value.length() < 2 || value.charAt(0) != '"' || value.charAt(value.length() - 1) != '"') {
      return value;
    }
    StringBuilder text = new StringBuilder(value.length());
    for (int i = 1; i < value.length() - 1; i++) {
      char c = value.charAt(i);
      if (c == '\\' && i + 1 < value.length() - 1) {
        i++;
        c = value.charAt(i);
      }
      text.append(c);
    }
    return text.toString();
  }

  /** {@code quoted-string}, for a text without control characters. */
  public static String quoted(String text) {
    StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\');
      }
      quoted.append(c);
    }
    return quoted.append('"').toString();
  }

  /** Whether a list of tokens has this one, without regard to case. */
  public static boolean hasToken(String list, String token) {
    for (String element : split(list, ',')) {
      if (element.equalsIgnoreCase(token)) {
        return true;
      }
    }
    return false;
  }
}

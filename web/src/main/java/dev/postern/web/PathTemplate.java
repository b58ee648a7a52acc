package dev.postern.web;

import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import dev.postern.web.internal.Ascii;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A path with parameters: {@code /users/{id}/files/{path...}}. A parameter is a whole segment of at
 * least one character; a parameter with dots takes the rest of the path, which may be nothing.
 */
final class PathTemplate implements Comparable<PathTemplate> {
  private final String text;

  /** Bytes of literal segments, one char each; names of parameters in braces. */
  private final List<String> segments;

  private final boolean rest;

  private PathTemplate(String text, List<String> segments, boolean rest) {
    this.text = text;
    this.segments = segments;
    this.rest = rest;
  }

  static PathTemplate parse(String text) {
    if (text.isEmpty()) {
      return new PathTemplate(text, List.of(), false);
    }
    if (text.charAt(0) != '/') {
      throw new IllegalArgumentException(
          "template must start with a slash: " + Escapes.quote(text));
    }
    List<String> segments = new ArrayList<>();
    Set<String> names = new HashSet<>();
    boolean rest = false;
    for (int start = 1; start <= text.length(); ) {
      int slash = text.indexOf('/', start);
      int end = slash < 0 ? text.length() : slash;
      String segment = text.substring(start, end);
      boolean open = segment.startsWith("{");
      if (rest || open != segment.endsWith("}") || segment.indexOf('{', 1) >= 0) {
        throw malformed(text);
      }
      if (open) {
        rest = segment.endsWith("...}");
        String name = segment.substring(1, segment.length() - (rest ? 4 : 1));
        if (!Text.isToken(name) || !names.add(name)) {
          throw malformed(text);
        }
        segments.add("{" + name);
      } else {
        segments.add(Ascii.bytes(segment));
      }
      start = end + 1;
    }
    return new PathTemplate(text, List.copyOf(segments), rest);
  }

  private static IllegalArgumentException malformed(String text) {
    return new IllegalArgumentException(
        "template must have parameters that are whole segments, each name once: "
            + Escapes.quote(text));
  }

  /**
   * Whether a path of bytes matches. Adds the bytes of the template's parameters to {@code
   * parameters}.
   */
  boolean match(String path, Map<String, String> parameters) {
    if (segments.isEmpty()) {
      return path.isEmpty();
    }
    int start = 0;
    for (int i = 0; i < segments.size(); i++) {
      if (start >= path.length() || path.charAt(start) != '/') {
        return false;
      }
      String segment = segments.get(i);
      boolean last = i == segments.size() - 1;
      if (last && rest) {
        parameters.put(segment.substring(1), path.substring(start + 1));
        return true;
      }
      int slash = path.indexOf('/', start + 1);
      int end = slash < 0 ? path.length() : slash;
      String value = path.substring(start + 1, end);
      if (isParameter(segment) ? value.isEmpty() : !value.equals(segment)) {
        return false;
      }
      if (isParameter(segment)) {
        parameters.put(segment.substring(1), value);
      }
      start = end;
    }
    return start == path.length();
  }

  private static boolean isParameter(String segment) {
    return segment.startsWith("{");
  }

  /**
   * The template that says more about the path comes first. A literal comes before a parameter, and
   * a parameter before the rest.
   */
  @Override
  public int compareTo(PathTemplate other) {
    int common = Math.min(segments.size(), other.segments.size());
    for (int i = 0; i < common; i++) {
      int kind = kind(i) - other.kind(i);
      if (kind != 0) {
        return kind;
      }
      if (kind(i) == 0) {
        int order = segments.get(i).compareTo(other.segments.get(i));
        if (order != 0) {
          return order;
        }
      }
    }
    return other.segments.size() - segments.size();
  }

  private int kind(int i) {
    return !isParameter(segments.get(i)) ? 0 : rest && i == segments.size() - 1 ? 2 : 1;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PathTemplate that && compareTo(that) == 0;
  }

  @Override
  public int hashCode() {
    return segments.size();
  }

  @Override
  public String toString() {
    return text;
  }
}

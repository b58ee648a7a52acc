package dev.postern.servlet;

import org.jspecify.annotations.Nullable;

/**
 * The bytes of PATH_INFO from a request's URI. A container's own path info is decoded text. It has
 * lost bytes that are not UTF-8, empty segments and {@code ;parameters}.
 */
final class PathInfo {
  private PathInfo() {}

  /**
   * What follows {@code script} in {@code uri}, decoded once. If the container has found another
   * path, the result is {@code info}. That happens if the URI is that of another resource, and with
   * dot segments or an encoded slash. The container has applied its rules of access to its own
   * path, so the application must see that path, too.
   *
   * @param uri the path as it was sent, or null
   * @param script context path and servlet path, decoded
   * @param info the path info as the container decoded it
   */
  static String of(@Nullable String uri, String script, String info) {
    if (uri == null || isConcatenation(uri, script, info)) {
      return info;
    }
    int start = after(uri, script);
    String decoded = start < 0 ? null : Bytes.decoded(uri.substring(start));
    if (decoded == null || start < uri.length() && uri.charAt(start) != '/') {
      return info;
    }
    String meant = Bytes.decoded(withoutParameters(uri.substring(start)));
    return meant != null && outline(meant).equals(outline(info)) ? decoded : info;
  }

  private static boolean isConcatenation(String uri, String script, String info) {
    return uri.length() == script.length() + info.length()
        && uri.startsWith(script)
        && uri.endsWith(info);
  }

  /** The place in the URI at which the script's segments end, or -1 when they are not its first. */
  private static int after(String uri, String script) {
    int at = 0;
    for (int from = 0; from < script.length(); ) {
      int slash = script.indexOf('/', from + 1);
      int to = slash < 0 ? script.length() : slash;
      while (at + 1 < uri.length() && uri.charAt(at) == '/' && uri.charAt(at + 1) == '/') {
        at++;
      }
      int end = endOfSegment(uri, at);
      if (end < 0) {
        return -1;
      }
      String segment = Bytes.decoded(withoutParameters(uri.substring(at, end)));
      if (segment == null || !segment.equals(script.substring(from, to))) {
        return -1;
      }
      at = end;
      from = to;
    }
    return at;
  }

  /** Where the segment ends that starts with the slash at {@code at}; -1 when there is none. */
  private static int endOfSegment(String uri, int at) {
    if (at >= uri.length() || uri.charAt(at) != '/') {
      return -1;
    }
    int slash = uri.indexOf('/', at + 1);
    return slash < 0 ? uri.length() : slash;
  }

  /** A path as sent, without what follows a semicolon in each segment (RFC 3986 3.3). */
  static String withoutParameters(String path) {
    int semicolon = path.indexOf(';');
    if (semicolon < 0) {
      return path;
    }
    StringBuilder plain = new StringBuilder(path.length());
    int from = 0;
    while (semicolon >= 0) {
      plain.append(path, from, semicolon);
      int slash = path.indexOf('/', semicolon);
      from = slash < 0 ? path.length() : slash;
      semicolon = path.indexOf(';', from);
    }
    return plain.append(path, from, path.length()).toString();
  }

  /**
   * What two ways to decode a path have in common: its ASCII characters, without empty segments.
   *
   * <p>That is enough, because both texts come from one URI. The container has decoded the URI's
   * bytes over 7F by rules of its own (UTF-8, ISO-8859-1, or U+FFFD for what is ill-formed). No
   * such rule makes an ASCII character of such a byte, or such a byte of an ASCII character. So two
   * paths with the same outline have the same segments, with dots and slashes at the same places.
   * Rules of access that the container has applied to one path also hold for the other.
   */
  private static String outline(String path) {
    StringBuilder outline = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      boolean repeated = c == '/' && i > 0 && path.charAt(i - 1) == '/';
      if (c < 0x80 && !repeated) {
        outline.append(c);
      }
    }
    return outline.toString();
  }
}

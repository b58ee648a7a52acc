package dev.postern.program;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.internal.Escapes;
import dev.postern.internal.Percent;
import dev.postern.wire.Refusal;
import java.io.File;

/**
 * The rules for the path of a request to a hosted program, encoded and decoded. They look at each
 * byte once, and know no letters but ASCII's.
 */
public final class RequestPath {
  private static final boolean BACKSLASH_IS_SLASH = File.separatorChar == '\\';

  private RequestPath() {}

  /**
   * Refuses the part of a path that names a program if {@link #checkDecoded} refuses it, or if it
   * has a backslash, which some programs take for a slash.
   *
   * @throws GatewayException with status 400
   */
  public static void checkScript(String path) throws GatewayException {
    checkDecoded(path);
    if (path.indexOf('\\') >= 0) {
      throw backslash(path);
    }
  }

  /** The refusal of a backslash in the part that names a program: status 400. */
  static GatewayException backslash(String path) {
    return refused("path-character", "path must name a program without a backslash", path);
  }

  /**
   * Refuses a decoded path with control characters or dot segments. A backslash is allowed as a
   * character of a name, except on a system that takes it for a slash.
   *
   * @throws GatewayException with status 400
   */
  public static void checkDecoded(String path) throws GatewayException {
    if (!path.isEmpty() && path.charAt(0) != '/') {
      throw refused("path", "path must start with a slash", path);
    }
    for (int i = 0; i < path.length(); i++) {
      checkCharacter(path.charAt(i), path);
    }
    checkSegments(path);
  }

  /**
   * Refuses an encoded path that hides control characters or dot segments. Also refuses an encoded
   * slash, unless it is allowed, because no program can tell it from one that is not encoded.
   *
   * @return the path, decoded once
   * @throws GatewayException with status 400
   */
  public static String checkEncoded(String path, boolean encodedSlash) throws GatewayException {
    StringBuilder decoded = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '%') {
        int value = Percent.byteAt(path, i);
        if (value < 0) {
          throw refused("bad-escape", "path must encode bytes as % and two digits", path);
        }
        c = (char) value;
        i += 2;
        if (c == '/' && !encodedSlash) {
          throw refused("encoded-slash", "path must hold no encoded slash", path);
        }
      }
      checkCharacter(c, path);
      decoded.append(c);
    }
    checkSegments(decoded.toString());
    return decoded.toString();
  }

  /** The path of a request target (RFC 9112 3.2), still encoded; "" when there is none. */
  public static String ofTarget(String target) {
    int end = target.indexOf('?');
    String path = end < 0 ? target : target.substring(0, end);
    if (path.startsWith("/")) {
      return path;
    }
    int scheme = path.indexOf("://");
    int slash = scheme < 0 ? -1 : path.indexOf('/', scheme + 3);
    return slash < 0 ? "" : path.substring(slash);
  }

  private static void checkCharacter(char c, String path) throws GatewayException {
    if (c < ' ' || c == 0x7F || c == '\\' && BACKSLASH_IS_SLASH) {
      throw refused("path-character", "path must hold no control characters", path);
    }
  }

  /**
   * Refuses dot segments. What follows a semicolon does not count, because some programs take
   * {@code ..;x} for {@code ..}.
   */
  private static void checkSegments(String path) throws GatewayException {
    int start = 0;
    while (start < path.length()) {
      int end = endOfSegment(path, start);
      int params = path.indexOf(';', start);
      int length = (params < 0 || params > end ? end : params) - start;
      if (length > 0 && length <= 2 && path.startsWith("..".substring(0, length), start)) {
        throw refused("dot-segment", "path must have no dot segments", path);
      }
      start = end + 1;
    }
  }

  /** The end of a segment. A backslash ends one too, because some programs take it for a slash. */
  private static int endOfSegment(String path, int start) {
    int end = start;
    while (end < path.length() && path.charAt(end) != '/' && path.charAt(end) != '\\') {
      end++;
    }
    return end;
  }

  private static GatewayException refused(String rule, String message, String path) {
    return Refusal.of(400, rule, message + ": " + Escapes.quote(path));
  }

  /** A variable as bytes, one char each; "" when it is absent. */
  public static String bytes(Environ environ, String name) {
    String value = environ.variable(name);
    return value == null ? "" : value;
  }
}

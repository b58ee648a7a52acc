package dev.postern.cgi;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.wire.Escapes;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the program that a path names below a directory. Works on bytes; follows nothing out of the
 * directory. Thread-safe.
 */
final class ProgramFinder {
  private static final List<String> LEFT_BEHIND = List.of("~", ".bak", ".orig", ".swp", ".tmp");

  /** What the JDK makes file names of. */
  private static final Charset NAMES = nameCharset();

  private final Path root;
  private final @Nullable String index;
  private final @Nullable Set<String> allowed;

  /**
   * A finder.
   *
   * @param root a real path
   */
  ProgramFinder(Path root, @Nullable String index, @Nullable Set<String> allowed) {
    this.root = root;
    this.index = index;
    this.allowed = allowed;
  }

  /**
   * A program and the request's path as it sees it.
   *
   * @param file its real path
   * @param scriptName bytes as chars
   * @param pathInfo bytes as chars
   */
  record Found(Path file, String scriptName, String pathInfo) {}

  /**
   * Walks along PATH_INFO; the first regular file is the program, and no other is tried.
   *
   * @throws GatewayException 404 when there is none, 403 when there is something else in its place,
   *     400 when a name cannot be one
   */
  Found find(Environ environ) throws GatewayException {
    String path = RequestRules.bytes(environ, "PATH_INFO");
    String script = RequestRules.bytes(environ, "SCRIPT_NAME");
    Path at = root;
    int start = 0;
    while (start < path.length()) {
      int end = path.indexOf('/', start + 1);
      end = end < 0 ? path.length() : end;
      String name = path.substring(start + 1, end);
      if (name.isEmpty()) {
        if (end == path.length()) {
          break;
        }
        throw notFound(path);
      }
      at = step(at, name, path, environ);
      start = end;
      if (Files.isRegularFile(at)) {
        return new Found(checked(at, path), script + path.substring(0, end), path.substring(end));
      }
      if (!Files.isDirectory(at)) {
        throw Files.exists(at)
            ? new GatewayException(
                403, "program must be a regular file: " + Escapes.quote(path) + " [no-file]")
            : notFound(path);
      }
    }
    return indexOf(at, script, path, start);
  }

  private Found indexOf(Path directory, String script, String path, int start)
      throws GatewayException {
    if (index != null) {
      Path file = directory.resolve(index);
      if (Files.isRegularFile(file)) {
        return new Found(
            checked(file, path), script + path.substring(0, start), path.substring(start));
      }
    }
    throw notFound(path);
  }

  /** One segment further down, by its bytes. */
  private Path step(Path directory, String bytes, String path, Environ environ)
      throws GatewayException {
    if (bytes.charAt(0) == '.' || hasParameters(bytes, environ)) {
      throw notFound(path);
    }
    for (String end : LEFT_BEHIND) {
      if (bytes.endsWith(end)) {
        throw notFound(path);
      }
    }
    byte[] raw = bytes.getBytes(StandardCharsets.ISO_8859_1);
    String name = new String(raw, NAMES);
    if (!Arrays.equals(name.getBytes(NAMES), raw)) {
      throw new GatewayException(
          400,
          "path must be bytes that "
              + NAMES
              + " can carry: "
              + Escapes.quote(path)
              + " [not-encodable]");
    }
    return directory.resolve(name);
  }

  /**
   * Whether a segment carries parameters. An encoded semicolon is part of a name; the raw target
   * tells which of the two it is, and without one it counts as parameters.
   */
  private static boolean hasParameters(String segment, Environ environ) {
    if (segment.indexOf(';') < 0) {
      return false;
    }
    String target = environ.variable("REQUEST_URI");
    return target == null || RequestRules.rawPath(target).indexOf(';') >= 0;
  }

  /**
   * The file's real path, if that lies below the root, has the name that was asked for, and may run
   * at all.
   */
  private Path checked(Path file, String path) throws GatewayException {
    try {
      Path real = file.toRealPath();
      Path listed = file.toRealPath(LinkOption.NOFOLLOW_LINKS);
      String name = String.valueOf(file.getFileName());
      if (!real.startsWith(root)
          || !name.equals(String.valueOf(listed.getFileName()))
          || allowed != null && !allowed.contains(name)) {
        throw notFound(path);
      }
      return real;
    } catch (GatewayException e) {
      throw e;
    } catch (IOException e) {
      throw notFound(path);
    }
  }

  private static GatewayException notFound(String path) {
    return new GatewayException(
        404, "path must name a program: " + Escapes.quote(path) + " [no-program]");
  }

  private static Charset nameCharset() {
    String name = System.getProperty("sun.jnu.encoding");
    return name != null && Charset.isSupported(name)
        ? Charset.forName(name)
        : Charset.defaultCharset();
  }
}

package dev.postern.program;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.internal.Escapes;
import dev.postern.internal.PathBytes;
import dev.postern.system.FileNames;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the program that a path names below a directory. It compares names byte by byte, follows
 * only links that are allowed, and looks at the disk for each request. Thread-safe.
 */
public final class ProgramFinder {
  private final Path root;
  private final @Nullable String index;
  private final @Nullable Set<String> allowed;
  private final LinkRules links;

  /**
   * A finder.
   *
   * @param root a real path
   */
  public ProgramFinder(
      Path root, @Nullable String index, @Nullable Set<String> allowed, LinkRules links) {
    this.root = root;
    this.index = index;
    this.allowed = allowed;
    this.links = links;
  }

  /**
   * A program, and the request's path from the program's point of view.
   *
   * @param file the file that the path names, below the root; it may be a link
   * @param real its real path
   * @param scriptName bytes as chars
   * @param pathInfo bytes as chars
   * @param slashMissing whether this is the index of a directory and the path lacks the directory's
   *     last slash; links in the index's page would then lead beside that directory
   */
  public record Found(
      Path file, Path real, String scriptName, String pathInfo, boolean slashMissing) {}

  /**
   * Walks along PATH_INFO. The first regular file is the program, and no other file is tried.
   *
   * @throws GatewayException 404 when there is no program, 403 when there is something else in its
   *     place, 400 when the path has a backslash
   */
  public Found find(Environ environ) throws GatewayException {
    String path = RequestPath.bytes(environ, "PATH_INFO");
    String script = RequestPath.bytes(environ, "SCRIPT_NAME");
    boolean parameters = hasParameters(environ);
    Path at = root;
    int start = 0;
    while (start < path.length()) {
      int end = path.indexOf('/', start + 1);
      end = end < 0 ? path.length() : end;
      String name = path.substring(start + 1, end);
      if (name.isEmpty() && end == path.length()) {
        break;
      }
      if (name.isEmpty() || parameters && name.indexOf(';') >= 0) {
        throw notFound(path);
      }
      at = step(at, name, path);
      start = end;
      if (Files.isRegularFile(at)) {
        return new Found(
            at, program(at, path), script + path.substring(0, end), path.substring(end), false);
      }
      if (!Files.isDirectory(at)) {
        real(at, path);
        throw Refusal.of(403, "no-file", "program must be a regular file: " + Escapes.quote(path));
      }
    }
    return index(at, script, path);
  }

  private Found index(Path directory, String script, String path) throws GatewayException {
    real(directory, path);
    if (index != null) {
      Path file = directory.resolve(index);
      if (Files.isRegularFile(file)) {
        String place = (script + path).isEmpty() ? "/" : script + path;
        boolean slash = place.endsWith("/");
        return new Found(file, program(file, path), place + (slash ? "" : "/") + index, "", !slash);
      }
    }
    throw Refusal.of(403, "directory", "path must not end at a directory: " + Escapes.quote(path));
  }

  /** Goes one segment further down. The name on disk must have the same bytes as the segment. */
  private static Path step(Path directory, String bytes, String path) throws GatewayException {
    if (bytes.indexOf('\\') >= 0) {
      throw RequestPath.backslash(path);
    }
    if (bytes.charAt(0) == '.' || LeftBehind.is(bytes)) {
      throw Refusal.of(
          404,
          "left-behind",
          "path must name no hidden file and none that an editor or installer has left: "
              + Escapes.quote(path));
    }
    String name = FileNames.ofBytes(bytes);
    if (name == null) {
      Path listed = PathBytes.listed(directory, bytes);
      if (listed == null) {
        throw notFound(path);
      }
      return listed;
    }
    Path file = directory.resolve(name);
    if (mayBeFolded(directory, name, file) && !isListed(directory, name)) {
      throw notFound(path);
    }
    return file;
  }

  /**
   * Whether the file could have another name on disk. Some file systems take capitals and small
   * letters for the same. On them the file is also there by the name with all capitals and small
   * letters swapped. A name with other letters than ASCII has more forms than can be tried, so for
   * such a name any file counts.
   */
  private static boolean mayBeFolded(Path directory, String name, Path file) {
    StringBuilder swapped = new StringBuilder(name);
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c >= 0x80) {
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
      }
      if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
        swapped.setCharAt(i, (char) (c ^ 0x20));
      }
    }
    String other = swapped.toString();
    return !other.equals(name)
        // Usually there is no such file, and this form of exists() then throws no exception inside.
        // A link that leads nowhere is no program under either name.
        && Files.exists(directory.resolve(other))
        && Files.exists(file, LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether a directory lists that name, byte for byte. */
  private static boolean isListed(Path directory, String name) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        if (String.valueOf(file.getFileName()).equals(name)) {
          return true;
        }
      }
    } catch (IOException | RuntimeException e) {
      // If the directory cannot be listed, nothing proves that the name is the same.
      return false;
    }
    return false;
  }

  /**
   * Whether the path has parameters after a semicolon. An encoded semicolon is part of a name. Only
   * the raw target shows whether a semicolon was encoded. Without a raw target every semicolon
   * counts as parameters.
   */
  private static boolean hasParameters(Environ environ) {
    String target = environ.variable("REQUEST_URI");
    return target == null || RequestPath.ofTarget(target).indexOf(';') >= 0;
  }

  /** The program's real path, if it may be named at all. */
  private Path program(Path file, String path) throws GatewayException {
    if (allowed != null && !allowed.contains(String.valueOf(file.getFileName()))) {
      throw notFound(path);
    }
    return real(file, path);
  }

  /** The real path, if links may lead there. */
  private Path real(Path file, String path) throws GatewayException {
    Path real;
    try {
      real = file.toRealPath();
    } catch (IOException e) {
      // The file is not there, or has gone meanwhile.
      throw notFound(path);
    }
    String problem = links.problem(root, file, real);
    if (problem != null) {
      throw Refusal.of(
          404, "link", "link must lead to a program: " + Escapes.quote(path) + ": " + problem);
    }
    return real;
  }

  private static GatewayException notFound(String path) {
    return Refusal.of(404, "no-program", "path must name a program: " + Escapes.quote(path));
  }
}

package dev.postern.launcher;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The programs of all mounts, which no mount of files shows, as nobody may read a program's text. A
 * link to a program may be switched while the server runs, so each request follows the links anew.
 * Thread-safe.
 */
final class HiddenFiles {
  /** The end of the names of scripts that a FastCGI server runs. */
  private static final String SCRIPT = ".php";

  private final Set<Path> programs = ConcurrentHashMap.newKeySet();
  private final Set<Path> roots = ConcurrentHashMap.newKeySet();

  /** Hides a file, or a directory with all that it has; nothing for null. */
  void addProgram(@Nullable String program) {
    add(programs, program);
  }

  /** Hides the scripts below the root of a FastCGI server; nothing for null. */
  void addScripts(@Nullable String root) {
    add(roots, root);
  }

  /**
   * Adds the path in an option, and the file that it leads to now. If a link on the path is
   * switched later, the old file stays hidden.
   */
  private static void add(Set<Path> hidden, @Nullable String text) {
    if (text == null) {
      return;
    }
    try {
      Path path = Path.of(text).toAbsolutePath();
      hidden.add(path);
      hidden.add(path.toRealPath());
    } catch (IOException | InvalidPathException e) {
      // There is no such file, which the maker of the application reports.
    }
  }

  /**
   * Returns whether a file is hidden.
   *
   * @throws IOException when there is no such file
   */
  boolean contains(Path file) throws IOException {
    Path named = file.normalize();
    Path real = file.toRealPath();
    return isBelow(programs, named, real)
        || (isScript(named) || isScript(real)) && isBelow(roots, named, real);
  }

  private static boolean isScript(Path file) {
    return file.toString().endsWith(SCRIPT);
  }

  private static boolean isBelow(Set<Path> hidden, Path named, Path real) {
    for (Path each : hidden) {
      // The names are compared, too, as a link may be switched between two looks at it.
      if (named.startsWith(each.normalize()) || real.startsWith(real(each))) {
        return true;
      }
    }
    return false;
  }

  private static Path real(Path program) {
    try {
      return program.toRealPath();
    } catch (IOException e) {
      // The file went away.
      return program;
    }
  }
}

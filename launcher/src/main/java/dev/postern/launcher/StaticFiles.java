package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.web.Files;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Serves the files of a directory, but no program of another mount, as nobody may read a program's
 * text. A link to a program may be switched while the server runs, so each request follows the
 * links anew. Thread-safe.
 */
final class StaticFiles implements Application {
  private final Path directory;
  private final String index;
  private final Set<Path> programs;
  private final Files files;

  /**
   * @param index the file that answers for a directory; null for index.html
   * @param programs files and directories of programs, as absolute paths; may grow until the first
   *     request
   */
  StaticFiles(Path directory, @Nullable String index, Set<Path> programs) {
    this.directory = directory.toAbsolutePath();
    this.index = index == null ? "index.html" : index;
    this.programs = programs;
    this.files = Files.builder(directory).index(this.index).build();
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    if (isProgram(environ.pathInfo())) {
      startResponse.start(404, Headers.of("Content-Type", "text/plain; charset=utf-8"));
      return Body.of("404 Not Found\n");
    }
    return files.call(environ, startResponse);
  }

  private boolean isProgram(String pathInfo) {
    try {
      Path asked = directory.resolve(pathInfo.replaceFirst("^/+", ""));
      Path sent = java.nio.file.Files.isDirectory(asked) ? asked.resolve(index) : asked;
      Path real = sent.toRealPath();
      for (Path program : programs) {
        // The names are compared, too, as a link may be switched between two looks at it.
        if (sent.normalize().startsWith(program.normalize()) || real.startsWith(real(program))) {
          return true;
        }
      }
      return false;
    } catch (IOException | InvalidPathException e) {
      // There is no such file, so the answer of {@code files} says that.
      return false;
    }
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

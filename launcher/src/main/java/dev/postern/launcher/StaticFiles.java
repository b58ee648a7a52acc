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
import org.jspecify.annotations.Nullable;

/** Serves the files of a directory, but no program of another mount. Thread-safe. */
final class StaticFiles implements Application {
  private final Path directory;
  private final String index;
  private final HiddenFiles hidden;
  private final Files files;

  /**
   * @param index the file that answers for a directory; null for index.html
   * @param hidden may grow until the first request
   */
  StaticFiles(Path directory, @Nullable String index, HiddenFiles hidden) {
    this.directory = directory.toAbsolutePath();
    this.index = index == null ? "index.html" : index;
    this.hidden = hidden;
    this.files = Files.builder(directory).index(this.index).build();
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    if (isHidden(environ.pathInfo())) {
      startResponse.start(404, Headers.of("Content-Type", "text/plain; charset=utf-8"));
      return Body.of("404 Not Found\n");
    }
    return files.call(environ, startResponse);
  }

  private boolean isHidden(String pathInfo) {
    try {
      Path asked = directory.resolve(pathInfo.replaceFirst("^/+", ""));
      return hidden.contains(java.nio.file.Files.isDirectory(asked) ? asked.resolve(index) : asked);
    } catch (IOException | InvalidPathException e) {
      // There is no such file, so the answer of {@code files} says that.
      return false;
    }
  }
}

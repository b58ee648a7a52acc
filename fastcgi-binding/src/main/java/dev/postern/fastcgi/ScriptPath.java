package dev.postern.fastcgi;

import dev.postern.GatewayException;
import dev.postern.internal.Escapes;
import dev.postern.internal.PathBytes;
import dev.postern.process.ProgramText;
import dev.postern.system.FileNames;
import dev.postern.wire.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Which script a path names. The script ends with the first segment that ends in the extension, and
 * the rest of the path is the script's PATH_INFO. All of this is bytes, one char each.
 *
 * @param script the path of the script from the root on, such as {@code /index.php}
 * @param pathInfo what follows, such as {@code /apps/files}
 */
record ScriptPath(String script, String pathInfo) {
  /**
   * The script of a path.
   *
   * @param index answers for a path that ends in a slash; with {@code front} only for {@code /}
   * @param front answers for any path without a script, except {@code /}; null for none
   * @return null when the path names no script
   */
  static @Nullable ScriptPath of(
      String path, String extension, String index, @Nullable String front) {
    int start = 0;
    while (start < path.length()) {
      int end = path.indexOf('/', start + 1);
      end = end < 0 ? path.length() : end;
      if (end - start - 1 > extension.length()
          && path.startsWith(extension, end - extension.length())) {
        return new ScriptPath(path.substring(0, end), path.substring(end));
      }
      start = end;
    }
    if (front != null && !path.equals("/")) {
      return new ScriptPath(front, "");
    }
    return path.endsWith("/") ? new ScriptPath(path + index, "") : null;
  }

  /** The path for SCRIPT_FILENAME. */
  String file(Path root) {
    String bytes = ProgramText.toBytes(root);
    return bytes.equals("/") ? script : bytes + script;
  }

  /**
   * Refuses a script that is no file. If a path is no file, PHP runs the file that a part of the
   * path names. So {@code /a.jpg/x.php} would run an uploaded {@code a.jpg}.
   *
   * @throws GatewayException with status 404
   */
  void checkFile(Path root) throws GatewayException {
    Path file = root;
    for (int start = 1; file != null && start <= script.length(); ) {
      int slash = script.indexOf('/', start);
      int end = slash < 0 ? script.length() : slash;
      file = child(file, script.substring(start, end));
      start = end + 1;
    }
    if (file == null || !Files.isRegularFile(file)) {
      throw none(script);
    }
  }

  private static @Nullable Path child(Path directory, String bytes) {
    String name = FileNames.ofBytes(bytes);
    return name == null ? PathBytes.listed(directory, bytes) : directory.resolve(name);
  }

  /** The refusal of a path that names no script: status 404. */
  static GatewayException none(String path) {
    return Refusal.of(404, "no-script", "path must name a script: " + Escapes.quote(path));
  }
}

package dev.postern.spring;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether the programs are still there: each directory can be read, and each program is a file.
 * This check runs no program. Thread-safe.
 */
final class ProgramHealth {
  private final PosternProperties properties;
  private final GatewayServlets servlets;

  ProgramHealth(PosternProperties properties, GatewayServlets servlets) {
    this.properties = properties;
    this.servlets = servlets;
  }

  boolean isUp() {
    return properties.cgi().values().stream().allMatch(ProgramHealth::isThere);
  }

  /** For each name: whether it is there, and how many requests were refused so far. */
  Map<String, Object> details() {
    Map<String, Object> details = new LinkedHashMap<>();
    properties
        .cgi()
        .forEach(
            (name, cgi) ->
                details.put(
                    name,
                    Map.of(
                        "there",
                        isThere(cgi),
                        "refusals",
                        refusals(servlets.programs().get(name)))));
    return details;
  }

  static long refusals(@Nullable Application programs) {
    if (programs instanceof CgiDirectory directory) {
      return directory.refusals().total();
    }
    return programs instanceof CgiApplication program ? program.refusals().total() : 0;
  }

  private static boolean isThere(PosternProperties.Cgi cgi) {
    Path directory = cgi.directory();
    Path program = cgi.program();
    return directory != null
        ? Files.isDirectory(directory) && Files.isReadable(directory)
        : program != null && Files.isRegularFile(program);
  }
}

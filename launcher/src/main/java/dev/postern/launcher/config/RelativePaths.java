package dev.postern.launcher.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Makes the paths in a configuration file absolute. A relative path starts at the directory of the
 * file.
 */
final class RelativePaths {
  private static final String UNIX = "unix:";

  private final @Nullable Path directory;

  private RelativePaths(@Nullable Path directory) {
    this.directory = directory;
  }

  static RelativePaths of(Path file) {
    return new RelativePaths(file.toAbsolutePath().getParent());
  }

  /** Returns the value of the option, with each path in it made absolute. */
  String resolved(OptionSpec option, String text) {
    String label = option.paramLabel();
    String form = label.substring(label.indexOf('=') + 1);
    if (form.startsWith("ADDRESS")) {
      int comma = form.endsWith(",ROOT]") ? text.indexOf(',') : -1;
      return comma < 0
          ? address(text)
          : address(text.substring(0, comma)) + ',' + path(text.substring(comma + 1));
    }
    return switch (form) {
      case "OPTION:VALUE,..." -> group(text);
      case "CP" -> classPath(text);
      case "PROGRAM" -> isClass(option, text) ? text : path(text);
      // A callable after the colon stays there.
      case "DIR", "FILE", "FILE|-", "FILE[:CALLABLE]", "PATH" -> path(text);
      default -> text;
    };
  }

  /**
   * Returns whether the text is a class on the class path, as a program inside the server may be.
   */
  private static boolean isClass(OptionSpec option, String text) {
    return option.longestName().equals("--java-cgi")
        && !text.endsWith(".jar")
        && !text.endsWith(".java");
  }

  private String address(String text) {
    return text.startsWith(UNIX) ? UNIX + path(text.substring(UNIX.length())) : text;
  }

  /** Resolves the directory in {@code NAME=OPTION:VALUE,…}. */
  private String group(String text) {
    int begin = text.indexOf('=') + 1;
    List<String> options = new ArrayList<>();
    for (String option : text.substring(begin).split(",", -1)) {
      int value = option.indexOf(':') + 1;
      String name = option.substring(0, value).replace("-", "");
      options.add(
          name.equalsIgnoreCase("workingDirectory:")
              ? option.substring(0, value) + path(option.substring(value))
              : option);
    }
    return text.substring(0, begin) + String.join(",", options);
  }

  private String classPath(String text) {
    List<String> entries = new ArrayList<>();
    for (String entry : text.split(":", -1)) {
      entries.add(path(entry));
    }
    return String.join(":", entries);
  }

  /**
   * Makes a path absolute. A text that can be no path stays as it is, and the code that uses it
   * reports the mistake.
   */
  private String path(String text) {
    return directory == null || text.equals("-") || text.startsWith("/") || text.indexOf('\0') >= 0
        ? text
        : directory.resolve(text).normalize().toString();
  }
}

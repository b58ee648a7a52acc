package dev.postern.launcher.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;

/** Paths of a file that are not absolute: they start at the directory of that file. */
final class RelativePaths {
  private static final String UNIX = "unix:";

  private final @Nullable Path directory;

  private RelativePaths(@Nullable Path directory) {
    this.directory = directory;
  }

  static RelativePaths of(Path file) {
    return new RelativePaths(file.toAbsolutePath().getParent());
  }

  /** The value of that option, with each path in it made absolute. */
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
      case "CP" -> classPath(text);
      case "PROGRAM" -> isClass(option, text) ? text : path(text);
      // The callable after the colon stays where it is.
      case "DIR", "FILE", "FILE|-", "FILE[:CALLABLE]", "PATH" -> path(text);
      default -> text;
    };
  }

  /** A program inside the server may be a class on the class path. */
  private static boolean isClass(OptionSpec option, String text) {
    return option.longestName().equals("--java-cgi")
        && !text.endsWith(".jar")
        && !text.endsWith(".java");
  }

  private String address(String text) {
    return text.startsWith(UNIX) ? UNIX + path(text.substring(UNIX.length())) : text;
  }

  private String classPath(String text) {
    List<String> entries = new ArrayList<>();
    for (String entry : text.split(":", -1)) {
      entries.add(path(entry));
    }
    return String.join(":", entries);
  }

  /** As it is where it can be no path: whoever uses it tells what is wrong with it. */
  private String path(String text) {
    return directory == null || text.equals("-") || text.startsWith("/") || text.indexOf('\0') >= 0
        ? text
        : directory.resolve(text).normalize().toString();
  }
}

package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.launcher.values.LauncherException;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of {@code postern cgi}, read without picocli. A CGI executable loads this class
 * when it starts, so it uses no lambda, no regular expression and no library.
 */
final class CgiArguments {
  private static final String CLASSPATH = "--classpath";

  private final @Nullable String classpath;
  private final String className;

  CgiArguments(@Nullable String classpath, String className) {
    this.classpath = classpath;
    this.className = className;
  }

  /** Returns null if these are no arguments of {@code cgi}, or if anything about them is odd. */
  static @Nullable CgiArguments parse(String... args) {
    if (args.length < 2 || !args[0].equals("cgi")) {
      return null;
    }
    String classpath = null;
    String className = null;
    for (int i = 1; i < args.length; i++) {
      String arg = args[i];
      String value = null;
      if (arg.equals(CLASSPATH) && i + 1 < args.length) {
        value = args[++i];
      } else if (arg.startsWith(CLASSPATH + "=")) {
        value = arg.substring(CLASSPATH.length() + 1);
      }
      if (value != null && classpath == null) {
        classpath = value;
      } else if (value == null && className == null && !arg.startsWith("-")) {
        className = arg;
      } else {
        return null;
      }
    }
    return className == null ? null : new CgiArguments(classpath, className);
  }

  /**
   * Loads the application that the arguments name.
   *
   * @throws LauncherException when it cannot be created
   */
  Application load() {
    return ApplicationLoader.of(classpath).load(className);
  }
}

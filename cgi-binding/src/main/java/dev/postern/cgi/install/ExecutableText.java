package dev.postern.cgi.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The text of an executable file. */
final class ExecutableText {
  /** Linux took no more of a first line before 5.1. */
  private static final int FIRST_LINE = 127;

  private ExecutableText() {}

  /**
   * Starts java for each request. Where the paths allow it, the kernel does so itself: a shell in
   * between costs a millisecond. It appends the file's own path and the server's arguments, all of
   * them behind the main class and so without meaning to java.
   */
  static String cold(JavaRuntime runtime, Path arguments, String applicationClass)
      throws IOException {
    String first = "#!" + runtime.java() + " @" + arguments;
    if (isFirstLine(first, 1)) {
      return first + "\n" + head(arguments, applicationClass);
    }
    return "#!/bin/sh\n"
        + head(arguments, applicationClass)
        + "exec "
        + shellQuoted(runtime.java().toString())
        + " "
        + shellQuoted("@" + arguments)
        + "\n";
  }

  /** What every executable says about itself. */
  static String head(Path inside, String applicationClass) {
    return "# "
        + applicationClass
        + " as a CGI executable, written by `postern install`.\n"
        + InstallDirectory.MARK
        + inside.getParent()
        + "\n";
  }

  /** Whether the kernel understands it as we do: an interpreter and that many arguments. */
  static boolean isFirstLine(String line, int arguments) {
    int blanks = 0;
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) < ' ') {
        return false;
      }
      blanks += line.charAt(i) == ' ' ? 1 : 0;
    }
    return blanks == arguments && line.getBytes(StandardCharsets.UTF_8).length < FIRST_LINE;
  }

  static String shellQuoted(String word) throws IOException {
    if (word.indexOf('\n') >= 0) {
      throw new IOException("path must be of one line: " + word);
    }
    return "'" + word.replace("'", "'\\''") + "'";
  }
}

package dev.postern.cgi;

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
    boolean plain = first.indexOf(' ') == first.lastIndexOf(' ') && isPlain(first);
    if (plain && first.getBytes(StandardCharsets.UTF_8).length < FIRST_LINE) {
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

  private static boolean isPlain(String line) {
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) < ' ') {
        return false;
      }
    }
    return true;
  }

  static String shellQuoted(String word) throws IOException {
    if (word.indexOf('\n') >= 0) {
      throw new IOException("path must be of one line: " + word);
    }
    return "'" + word.replace("'", "'\\''") + "'";
  }
}

package dev.postern.cgi.install;

import dev.postern.program.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The text of an executable file. */
final class ExecutableText {
  /** Linux before 5.1 read no more bytes of a first line. */
  private static final int FIRST_LINE = 127;

  private ExecutableText() {}

  /**
   * The text of a cold executable, which starts java for each request. If the paths allow it, the
   * kernel starts java directly, because a shell in between costs a millisecond. The kernel appends
   * the file's own path and the server's arguments. They all follow the main class, so they mean
   * nothing to java.
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

  /** The comment lines of every executable: what it is, and where its installation is. */
  static String head(Path inside, String applicationClass) {
    return "# "
        + applicationClass
        + " as a CGI executable, written by `postern install`.\n"
        + Program.INSTALLED
        + inside.getParent()
        + "\n";
  }

  /** Whether the kernel reads the line as one interpreter and that many arguments. */
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

package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Passes on variables, words of a command and a working directory that {@link ProcessBuilder}
 * cannot write, because the charset that it encodes with lacks some of their bytes. /bin/sh makes
 * the bytes from ASCII, and then becomes the program. This costs one exec more, and a fork for each
 * such variable and word.
 */
final class ShellEnvironment {
  private static final Path SHELL = Path.of("/bin/sh");

  /**
   * How much of a value goes into one word. A word of a command is no longer than 128 KiB, and one
   * byte takes up to four chars here.
   */
  private static final int PIECE = 16 * 1024;

  /**
   * The arguments of this script are pairs of a name and a format of {@code printf}, then {@code
   * --}, then the command. A value of several pieces has several pairs. A shell removes line feeds
   * from the end of what a command prints, so each format ends in a dot, which the script removes.
   * The script first removes the variables that a shell adds to its environment.
   */
  private static final String VARIABLES =
      "unset PWD OLDPWD SHLVL _; "
          + "while [ \"$1\" != -- ]; do "
          + "eval \"$1=\\${$1}\\$(printf -- \\\"\\$2\\\"); $1=\\${$1%.}\"; "
          + "export \"$1\"; shift 2; done; "
          + "shift; ";

  private static final String SCRIPT = VARIABLES + "exec \"$@\"";

  /**
   * The same for a command whose words are formats too. A format for the working directory stands
   * before them. The loop takes the first word away and puts its bytes behind the others, until it
   * has made all words.
   */
  private static final String WORDS_SCRIPT =
      VARIABLES
          + "postern_word=$(printf -- \"$1\"); cd -- \"${postern_word%.}\" || exit 126; shift;"
          + " unset PWD OLDPWD; for postern_word; do shift;"
          + " postern_word=$(printf -- \"$postern_word\"); set -- \"$@\" \"${postern_word%.}\";"
          + " done; unset postern_word; exec \"$@\"";

  private ShellEnvironment() {}

  /** Whether a shell passes on all bytes. One program is started once to try that. */
  static boolean isExact() {
    return Proof.EXACT;
  }

  /**
   * The command that sets variables and becomes a program.
   *
   * @param variables names of letters, digits and {@code _}, and values as bytes, one char each
   */
  static List<String> command(Map<String, String> variables, List<String> command) {
    List<String> words = start(SCRIPT, variables);
    words.addAll(command);
    return words;
  }

  /**
   * The command that sets variables, goes to a directory and becomes a program. All are bytes, one
   * char each.
   */
  static List<String> command(
      Map<String, String> variables, String directory, List<String> command) {
    List<String> words = start(WORDS_SCRIPT, variables);
    words.add(format(directory, 0, directory.length()));
    for (String word : command) {
      words.add(format(word, 0, word.length()));
    }
    return words;
  }

  private static List<String> start(String script, Map<String, String> variables) {
    List<String> words = new ArrayList<>(List.of(SHELL.toString(), "-c", script, "sh"));
    variables.forEach(
        (name, value) -> {
          for (int start = 0; start < value.length(); start += PIECE) {
            words.add(name);
            words.add(format(value, start, Math.min(value.length(), start + PIECE)));
          }
        });
    words.add("--");
    return words;
  }

  /** The format from which {@code printf} makes these bytes and a dot. */
  private static String format(String value, int start, int end) {
    StringBuilder format = new StringBuilder(end - start + 16);
    for (int i = start; i < end; i++) {
      char c = value.charAt(i);
      if (c >= ' ' && c < 0x7F && c != '\\' && c != '%') {
        format.append(c);
      } else {
        format.append('\\').append((char) ('0' + (c >> 6 & 7)));
        format.append((char) ('0' + (c >> 3 & 7))).append((char) ('0' + (c & 7)));
      }
    }
    return format.append('.').toString();
  }

  private static final class Proof {
    static final boolean EXACT = tried();

    @SuppressWarnings("OrphanedFormatString") // The text must come out of printf unchanged.
    private static boolean tried() {
      if (!Files.isExecutable(SHELL)) {
        return false;
      }
      StringBuilder all = new StringBuilder("-e \\ %s\\n '\"$(x)`");
      for (char c = ' '; c <= 0xFF; c++) {
        all.append(c);
      }
      all.append(".\n\n");
      ProcessBuilder builder =
          new ProcessBuilder(command(Map.of("P", all.toString()), List.of("/usr/bin/env")));
      builder.environment().clear();
      try {
        Process env = Headroom.start(builder.redirectError(ProcessBuilder.Redirect.DISCARD));
        env.getOutputStream().close();
        try (InputStream output = env.getInputStream()) {
          return new String(output.readAllBytes(), StandardCharsets.ISO_8859_1)
              .equals("P=" + all + "\n");
        }
      } catch (IOException e) {
        return false;
      }
    }
  }
}

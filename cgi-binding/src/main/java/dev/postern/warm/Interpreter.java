package dev.postern.warm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringTokenizer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What runs a script: the words that the kernel, or the configuration, puts in front of its name.
 *
 * @param words the interpreter's absolute path and its options
 */
record Interpreter(Language language, List<String> words) {
  /** Switches of Perl that need not be in its command when a script's first line has them. */
  private static final Pattern OWN_SWITCH = Pattern.compile("-(?:[wXU]|l[0-7]*)+|-I[\\w:/.,=+-]+");

  /** How much of a script the kernel looks at. */
  private static final int FIRST_LINE = 256;

  /**
   * The interpreter of a program; null when it cannot become a server.
   *
   * @param command what is started: the file itself, or a configured interpreter and the file
   */
  static @Nullable Interpreter of(List<String> command) throws IOException {
    String file = command.get(command.size() - 1);
    List<String> words =
        command.size() > 1 ? command.subList(0, command.size() - 1) : firstLine(Path.of(file));
    if (words.isEmpty()) {
      return null;
    }
    List<String> all = new ArrayList<>();
    for (String word : words) {
      for (StringTokenizer parts = new StringTokenizer(word, " \t"); parts.hasMoreTokens(); ) {
        all.add(parts.nextToken());
      }
    }
    int program = name(all.get(0)).equals("env") ? afterEnv(all) : 0;
    if (program == all.size()) {
      return null;
    }
    for (Language language : Language.values()) {
      if (name(all.get(program)).matches(language.program() + "[0-9.]*")) {
        boolean allowed = all.subList(program + 1, all.size()).stream().allMatch(language::allows);
        return allowed ? new Interpreter(language, List.copyOf(words)) : null;
      }
    }
    return null;
  }

  /**
   * The interpreter with the switches of the script's first line. Perl reads them there for its
   * main program, however that was started, and a script that is run again and again is not the
   * main program. Null when a worker cannot have them.
   */
  @Nullable Interpreter withSwitchesOf(Path script) throws IOException {
    String line = language == Language.PERL ? line(script) : "";
    if (line == null || line.isEmpty()) {
      return line == null ? null : this;
    }
    int perl = Math.max(line.indexOf("perl -"), line.indexOf("perl"));
    if (perl < 0) {
      // Perl starts the other interpreter that the line names.
      return null;
    }
    List<String> all = new ArrayList<>(words);
    StringTokenizer parts = new StringTokenizer(line.substring(perl), " \t");
    parts.nextToken();
    while (parts.hasMoreTokens()) {
      String part = parts.nextToken();
      if (!words.contains(part)) {
        if (!OWN_SWITCH.matcher(part).matches()) {
          return null;
        }
        all.add(part);
      }
    }
    return new Interpreter(language, List.copyOf(all));
  }

  /**
   * Finds PROGRAM in {@code env [-S] PROGRAM}. With anything else, {@code env} may do what we do
   * not know.
   */
  private static int afterEnv(List<String> all) {
    int next = all.size() > 1 && all.get(1).equals("-S") ? 2 : 1;
    return next < all.size() && !all.get(next).startsWith("-") && !all.get(next).contains("=")
        ? next
        : all.size();
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** What follows {@code #!}; "" without that, and null when we do not know how it is read. */
  private static @Nullable String line(Path file) throws IOException {
    byte[] start = new byte[FIRST_LINE];
    try (InputStream in = Files.newInputStream(file)) {
      start = Arrays.copyOf(start, in.readNBytes(start, 0, start.length));
    }
    String text = new String(start, StandardCharsets.ISO_8859_1);
    if (!text.startsWith("#!")) {
      return "";
    }
    int end = text.indexOf('\n');
    if (end < 0) {
      return null;
    }
    String line = withoutBlanks(text.substring(2, end));
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) < ' ' && line.charAt(i) != '\t' || line.charAt(i) > '~') {
        return null;
      }
    }
    return line;
  }

  /** The kernel ignores spaces and tabs alone at the ends. A CR is part of the last word. */
  private static String withoutBlanks(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isBlank(text.charAt(start))) {
      start++;
    }
    while (start < end && isBlank(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  /** {@code #! INTERPRETER [ARGUMENT]}: all after the first space is one argument. */
  private static List<String> firstLine(Path file) throws IOException {
    String line = line(file);
    if (line == null || !line.startsWith("/")) {
      return List.of();
    }
    int space = 0;
    while (space < line.length() && !isBlank(line.charAt(space))) {
      space++;
    }
    String argument = withoutBlanks(line.substring(space));
    return argument.isEmpty()
        ? List.of(line.substring(0, space))
        : List.of(line.substring(0, space), argument);
  }
}

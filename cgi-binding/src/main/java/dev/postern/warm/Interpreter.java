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
import org.jspecify.annotations.Nullable;

/**
 * What runs a script: the words that the kernel, or the configuration, puts in front of its name.
 *
 * @param words the interpreter's absolute path and its options
 */
record Interpreter(Language language, List<String> words) {
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

  /** {@code #! INTERPRETER [ARGUMENT]}: all after the first space is one argument. */
  private static List<String> firstLine(Path file) throws IOException {
    byte[] start = new byte[FIRST_LINE];
    try (InputStream in = Files.newInputStream(file)) {
      start = Arrays.copyOf(start, in.readNBytes(start, 0, start.length));
    }
    String text = new String(start, StandardCharsets.ISO_8859_1);
    int end = text.indexOf('\n');
    if (!text.startsWith("#!") || end < 0) {
      return List.of();
    }
    String line = text.substring(2, end).strip();
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) < ' ' && line.charAt(i) != '\t' || line.charAt(i) > '~') {
        return List.of();
      }
    }
    int space = 0;
    while (space < line.length() && line.charAt(space) != ' ' && line.charAt(space) != '\t') {
      space++;
    }
    String argument = line.substring(space).strip();
    return !line.startsWith("/")
        ? List.of()
        : argument.isEmpty()
            ? List.of(line.substring(0, space))
            : List.of(line.substring(0, space), argument);
  }
}

package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/log-messages.md has the lines that the code logs. */
class LogMessagesPageTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  /** Nobody runs these as a server. */
  private static final Set<String> OTHERS = Set.of("benchmarks", "examples", "src-test-fixtures");

  private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*+)\"");

  /** A call of a method {@code log} with all its arguments. */
  private static final Pattern CALL =
      Pattern.compile("\\blog\\((?:[^;\"]++|" + LITERAL.pattern() + ")*+;");

  /** So much of a message is enough to find it. */
  private static final int ENOUGH = 40;

  @Test
  void everyMessageOfTheCode_isOnThePage() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/log-messages.md"));
    Map<String, Path> messages = new TreeMap<>();
    for (Path file : code()) {
      Matcher call = CALL.matcher(Files.readString(file));
      while (call.find()) {
        messages.put(message(call.group()), file.getFileName());
      }
    }

    assertThat(messages).hasSizeGreaterThan(25);
    messages.keySet().removeIf(page::contains);
    assertThat(messages).isEmpty();
  }

  private static List<Path> code() throws IOException {
    List<Path> code = new ArrayList<>();
    try (DirectoryStream<Path> modules = Files.newDirectoryStream(ROOT)) {
      for (Path module : modules) {
        Path sources = module.resolve("src/main");
        if (Files.isDirectory(sources) && !OTHERS.contains(module.getFileName().toString())) {
          try (Stream<Path> files = Files.walk(sources)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(code::add);
          }
        }
      }
    }
    return code;
  }

  /** The start of the longest text in a call; empty for a message that is made elsewhere. */
  private static String message(String call) {
    String longest = "";
    Matcher literal = LITERAL.matcher(call);
    while (literal.find()) {
      String text = literal.group(1).replaceFirst("^[ :]+", "").replaceFirst("[ :]+$", "");
      longest = text.contains(" ") && text.length() > longest.length() ? text : longest;
    }
    return longest.substring(0, Math.min(ENOUGH, longest.length()));
  }
}

package dev.postern.warm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What an interpreter is told, and what it does when nobody tells it all. */
@Timeout(60)
class LanguageTest {
  private static final Map<Language, String> SCRIPTS =
      Map.of(
          Language.PERL, "BEGIN { open F, '>', '%1$s' } open F, '>', '%1$s';\n",
          Language.PYTHON, "open('%s', 'w')\n",
          Language.RUBY, "File.write('%s', '')\n");

  @TempDir Path directory;

  static Stream<Arguments> earlyEnds() {
    return Stream.of(Language.values())
        .flatMap(
            language ->
                Stream.of(Language.Mode.values())
                    .filter(mode -> mode != Language.Mode.REUSE || language.isReusable())
                    .flatMap(
                        mode ->
                            Stream.of("", "reset = 1")
                                .map(told -> Arguments.of(language, mode, told))));
  }

  /** As when the JVM ends just then. */
  @ParameterizedTest
  @MethodSource("earlyEnds")
  void textThatEndsEarly_runsNoScript(Language language, Language.Mode mode, String told)
      throws Exception {
    String interpreter =
        Tools.require(language == Language.PYTHON ? "python3" : language.program());
    Path marker = directory.resolve("ran");
    Path script = directory.resolve("script");
    Files.writeString(script, SCRIPTS.get(language).formatted(marker));
    List<String> command = new ArrayList<>(List.of(interpreter));
    command.addAll(language.words(mode, script.toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (OutputStream text = process.getOutputStream()) {
      text.write(told.getBytes(StandardCharsets.US_ASCII));
    }
    process.waitFor();
    assertThat(marker).doesNotExist();
  }
}

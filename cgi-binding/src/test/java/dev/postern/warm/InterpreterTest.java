package dev.postern.warm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** First lines of scripts, as the kernel reads them. */
class InterpreterTest {
  @TempDir Path directory;

  private Interpreter of(String line) throws Exception {
    Path script = directory.resolve("script");
    Files.writeString(script, line + "\n", StandardCharsets.ISO_8859_1);
    return Interpreter.of(List.of(script.toString()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "#!/usr/bin/python3 -u",
        "#! \t/usr/bin/python3 \t -u \t",
        "#!/usr/bin/python3\t-u"
      })
  void blanks_areLeftOut(String line) throws Exception {
    assertThat(of(line).words()).containsExactly("/usr/bin/python3", "-u");
  }

  /** The kernel looks for an interpreter of that name, or passes it on. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "#!/usr/bin/python3 -u\r",
        "#!/usr/bin/python3\r",
        "#!/usr/bin/perl\f",
        "#!/usr/bin/perl -w\u000b",
      })
  void otherWhiteSpace_isPartOfAWord(String line) throws Exception {
    assertThat(of(line)).isNull();
  }
}

package dev.postern.launcher.workers;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A glob of URL paths, as far as it is about what is below a mount. */
class GlobTest {
  @ParameterizedTest
  @CsvSource({
    "/**, /cgi-bin, /**",
    "/cgi-bin/**.pl, /cgi-bin, /**.pl",
    "/cgi-bin/*.pl, /cgi-bin, /*.pl",
    "/*/a.pl, /cgi-bin, /a.pl",
    "/a/b/c, /a/b, /c",
    "/**.pl, '', /**.pl",
    "/other/**, /cgi-bin, ",
    "/cgi-bin, /cgi-bin, ",
  })
  void globBelowAPrefix_isWhatIsLeft(String glob, String prefix, String left) {
    assertThat(Workers.below(glob, prefix)).isEqualTo(left);
  }
}

package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What deals with text must not depend on the machine's language: "I" is no "i" in Turkish. */
class TurkishLocaleTest {
  private static final Locale BEFORE = Locale.getDefault();

  @BeforeAll
  static void speakTurkish() {
    Locale.setDefault(new Locale("tr", "TR"));
  }

  @AfterAll
  static void speakAsBefore() {
    Locale.setDefault(BEFORE);
  }

  @Test
  void locale_isTurkish() {
    assertThat("TITLE".toLowerCase(Locale.getDefault())).isEqualTo("t\u0131tle");
  }

  @Nested
  class OfHeaders extends HeadersTest {}

  @Nested
  class OfEnviron extends EnvironTest {}

  @Nested
  class OfStart extends ExchangeStartTest {}

  @Nested
  class OfCommit extends ExchangeCommitTest {}
}

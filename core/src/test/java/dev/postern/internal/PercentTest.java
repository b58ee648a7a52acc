package dev.postern.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PercentTest {
  @ParameterizedTest
  @CsvSource({"/a, /a", "/%41, /A", "/%2f%2F, ///", "%41%42c, ABc", "/%252e, /%2e"})
  void decoded_once(String encoded, String expected) {
    assertThat(Percent.decoded(encoded)).isEqualTo(expected);
  }

  @Test
  void decoded_everyByteIsAChar() {
    assertThat(Percent.decoded("%C3%a9%00%fF")).isEqualTo("\u00c3\u00a9\u0000\u00ff");
  }

  @ParameterizedTest
  @ValueSource(strings = {"%", "%4", "a%", "%zz", "%4g", "%g4", "%%41", "%\u0664\u0661"})
  void decoded_isNullForBadEscapes(String encoded) {
    assertThat(Percent.decoded(encoded)).isNull();
  }
}

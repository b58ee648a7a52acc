package dev.postern.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldNamesTest {
  @Test
  void variable_isUpperCaseInAnyLocale() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("tr"));
      assertThat(FieldNames.variable("x-title-1")).isEqualTo("HTTP_X_TITLE_1");
    } finally {
      Locale.setDefault(before);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x_y", "x.y", "x+y", "x ", "\u0131d", "x\u00e9", "a=b", "a\u0000"})
  void variable_isNullForNamesThatCouldBeMistaken(String field) {
    assertThat(FieldNames.variable(field)).isNull();
  }

  @Test
  void connectionOptions_areVariables() {
    assertThat(FieldNames.connectionOptions("close, X-Real-IP ,,bad name,Cookie"))
        .containsExactlyInAnyOrder("HTTP_CLOSE", "HTTP_X_REAL_IP", "HTTP_COOKIE");
    assertThat(FieldNames.connectionOptions(null)).isEmpty();
    assertThat(FieldNames.connectionOptions("")).isEmpty();
  }

  @Test
  void hopByHop_isForTheConnection() {
    assertThat(FieldNames.isHopByHop("HTTP_TE")).isTrue();
    assertThat(FieldNames.isHopByHop("HTTP_COOKIE")).isFalse();
    assertThat(FieldNames.isNeverGiven("HTTP_PROXY")).isTrue();
    assertThat(FieldNames.isNeverGiven("HTTP_HOST")).isFalse();
  }
}

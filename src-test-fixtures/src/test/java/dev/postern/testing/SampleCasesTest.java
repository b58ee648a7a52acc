package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SampleCasesTest {
  @ParameterizedTest
  @MethodSource("dev.postern.testing.SampleCases#all")
  void sampleApp_answersAsExpected(SampleCases.Case request) {
    request.check("/a/mount", SampleCases.call(new SampleApp(), request, "/a/mount"));
    request.check("", SampleCases.call(new SampleApp(), request, ""));
  }

  @ParameterizedTest
  @MethodSource("dev.postern.testing.SampleCases#all")
  void otherApp_failsEachCase(SampleCases.Case request) {
    Application other =
        Application.of(
            environ -> Response.of(200, Headers.of("Content-Type", "text/x"), Body.of("x")));
    SampleCases.Answer answer = SampleCases.call(other, request, "");

    assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> request.check("", answer));
  }

  @Test
  void names_areUnique() {
    assertThat(SampleCases.all()).extracting(SampleCases.Case::name).doesNotHaveDuplicates();
  }
}

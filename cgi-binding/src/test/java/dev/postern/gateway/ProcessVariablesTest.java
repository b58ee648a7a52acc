package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessVariablesTest {
  private static Map<String, String> parse(String environment) {
    return ProcessVariables.parse(environment.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** env(1) and some shells make such names, and they must not stop an executable. */
  @ParameterizedTest
  @ValueSource(strings = {"", "a.b", "A\nB", "\t", "A\u007f", "\u0001", "BASH_FUNC_x.y%%"})
  void name_thatNoEnvironTakes_isDropped(String name) {
    Map<String, String> variables = parse("REQUEST_METHOD=GET\0" + name + "=x\0PATH_INFO=/a\0");
    assertThat(variables)
        .containsExactlyInAnyOrderEntriesOf(Map.of("REQUEST_METHOD", "GET", "PATH_INFO", "/a"));
    ProcessVariables.complete(variables);
    assertThat(ProcessVariables.environ(variables, null, null, null, true).pathInfo())
        .isEqualTo("/a");
  }

  @Test
  void value_keepsWhatANameMustNotHave() {
    assertThat(parse("A=b.c\n=\u007f\0BASH_FUNC_x%%=() {\n}\0noEquals\0"))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("A", "b.c\n=\u007f", "BASH_FUNC_x%%", "() {\n}"));
  }
}

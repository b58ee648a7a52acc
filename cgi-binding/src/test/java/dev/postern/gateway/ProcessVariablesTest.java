package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

  /** They are about what the client has asked for, which the page or the part is not. */
  @ParameterizedTest
  @CsvSource({
    "REDIRECT_STATUS=404, HTTP_ACCEPT_ENCODING HTTP_X",
    "SERVER_PROTOCOL=INCLUDED, HTTP_X",
    "REDIRECT_STATUS=200, HTTP_ACCEPT_ENCODING HTTP_IF_NONE_MATCH HTTP_RANGE HTTP_X"
  })
  void conditions_areNotForAnErrorPageOrAPart(String variable, String left) {
    Map<String, String> variables =
        parse(
            variable
                + "\0REQUEST_METHOD=GET\0HTTP_RANGE=bytes=0-1\0HTTP_IF_NONE_MATCH=\"1\"\0"
                + "HTTP_ACCEPT_ENCODING=gzip\0HTTP_X=1\0");
    ProcessVariables.complete(variables);
    assertThat(new TreeSet<>(variables.keySet()).subSet("HTTP_", "HTTP_Z"))
        .containsExactly(left.split(" "));
  }

  @Test
  void h18_attackG05_fieldsOfTheConnection_areDropped() {
    Map<String, String> variables =
        parse(
            "REQUEST_METHOD=GET\0HTTP_CONNECTION=close, X-A\0HTTP_KEEP_ALIVE=5\0HTTP_TE=trailers\0"
                + "HTTP_TRANSFER_ENCODING=chunked\0HTTP_UPGRADE=h2c\0HTTP_HTTP2_SETTINGS=AA\0"
                + "HTTP_PROXY_CONNECTION=close\0HTTP_TRAILER=X\0HTTP_X_A=set by the server\0");
    ProcessVariables.complete(variables);
    assertThat(new TreeSet<>(variables.keySet()).subSet("HTTP_", "HTTP_Z"))
        .containsExactly("HTTP_X_A");
  }

  @Test
  void protocol_thatIsEmpty_isAsAnAbsentOne() {
    Map<String, String> variables = parse("REQUEST_METHOD=GET\0SERVER_PROTOCOL=\0");
    ProcessVariables.complete(variables);
    assertThat(variables).containsEntry("SERVER_PROTOCOL", "HTTP/1.0");
  }

  @Test
  void value_keepsWhatANameMustNotHave() {
    assertThat(parse("A=b.c\n=\u007f\0BASH_FUNC_x%%=() {\n}\0noEquals\0"))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("A", "b.c\n=\u007f", "BASH_FUNC_x%%", "() {\n}"));
  }
}

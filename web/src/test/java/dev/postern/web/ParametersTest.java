package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Environ;
import dev.postern.HttpException;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParametersTest {
  /** The cases that the web platform's own tests have for application/x-www-form-urlencoded. */
  static Stream<Arguments> whatwg() {
    return Stream.of(
        Arguments.of("test", List.of("test", "")),
        Arguments.of("\ufefftest=\ufeff", List.of("\ufefftest", "\ufeff")),
        Arguments.of("%EF%BB%BFtest=%EF%BB%BF", List.of("\ufefftest", "\ufeff")),
        Arguments.of("%EF%BF%BF=%EF%BF%BF", List.of("\uffff", "\uffff")),
        Arguments.of("%FE%FF", List.of("\ufffd\ufffd", "")),
        Arguments.of("%FF%FE", List.of("\ufffd\ufffd", "")),
        Arguments.of("\u2020&\u2020=x", List.of("\u2020", "", "\u2020", "x")),
        Arguments.of("%C2", List.of("\ufffd", "")),
        Arguments.of("%C2x", List.of("\ufffdx", "")),
        Arguments.of(
            "_charset_=windows-1252&test=%C2x",
            List.of("_charset_", "windows-1252", "test", "\ufffdx")),
        Arguments.of("", List.of()),
        Arguments.of("a", List.of("a", "")),
        Arguments.of("a=b", List.of("a", "b")),
        Arguments.of("a=", List.of("a", "")),
        Arguments.of("=b", List.of("", "b")),
        Arguments.of("&", List.of()),
        Arguments.of("&a", List.of("a", "")),
        Arguments.of("a&", List.of("a", "")),
        Arguments.of("a&a", List.of("a", "", "a", "")),
        Arguments.of("a&b&c", List.of("a", "", "b", "", "c", "")),
        Arguments.of("a=b&c=d", List.of("a", "b", "c", "d")),
        Arguments.of("a=b&c=d&", List.of("a", "b", "c", "d")),
        Arguments.of("&&&a=b&&&&c=d&", List.of("a", "b", "c", "d")),
        Arguments.of("a=a&a=b&a=c", List.of("a", "a", "a", "b", "a", "c")),
        Arguments.of("a==a", List.of("a", "=a")),
        Arguments.of("a=a+b+c+d", List.of("a", "a b c d")),
        Arguments.of("%=a", List.of("%", "a")),
        Arguments.of("%a=a", List.of("%a", "a")),
        Arguments.of("%a_=a", List.of("%a_", "a")),
        Arguments.of("%61=a", List.of("a", "a")),
        Arguments.of("%61+%4d%4D=", List.of("a MM", "")),
        Arguments.of("id=0&value=%", List.of("id", "0", "value", "%")),
        Arguments.of("b=%2sf%2a", List.of("b", "%2sf*")),
        Arguments.of("b=%2%2af%2a", List.of("b", "%2*f*")),
        Arguments.of("b=%%2a", List.of("b", "%*")));
  }

  // Without the pairs in its name: XML, which the reports are, has no U+FFFF.
  @ParameterizedTest(name = "[{index}] {0}")
  @MethodSource("whatwg")
  void parse_readsAsBrowsersDo(String encoded, List<String> pairs) {
    assertThat(Parameters.parse(encoded)).isEqualTo(Parameters.of(pairs.toArray(new String[0])));
  }

  @Test
  void query_keepsOrderAndRepeats() {
    Parameters query = Web.request("QUERY_STRING", "b=1&a=%C3%A4+x&b=2&c").query();
    assertThat(query.names()).containsExactly("b", "a", "c");
    assertThat(query.all("b")).containsExactly("1", "2");
    assertThat(query.get("b")).isEqualTo("1");
    assertThat(query.get("a")).isEqualTo("\u00e4 x");
    assertThat(query.get("c")).isEmpty();
    assertThat(query.get("d")).isNull();
    assertThat(query.get("d", "e")).isEqualTo("e");
    assertThat(query.size()).isEqualTo(4);
    assertThat(query.encoded()).isEqualTo("b=1&a=%C3%A4+x&b=2&c=");
    assertThat(query).hasToString("Parameters[b, a, c]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a=%", "a=%4", "a=%zz", "%=a", "a=%ff", "%C2x=", "a=%C3", "a=b&c=%e2%82"})
  void query_malformed_is400(String query) {
    assertThat(status(() -> Web.request("QUERY_STRING", query).query())).isEqualTo(400);
  }

  @Test
  void query_tooMany_is400() {
    Environ environ = Web.environ("QUERY_STRING", "a&b&c");
    assertThat(Request.of(environ, Limits.of().withParameters(3)).query().size()).isEqualTo(3);
    assertThat(status(() -> Request.of(environ, Limits.of().withParameters(2)).query()))
        .isEqualTo(400);
  }

  @Test
  void required_andInteger_refuseWithA400() {
    Parameters parameters = Parameters.of("n", "12", "x", "1e3", "big", "99999999999");
    assertThat(parameters.required("n")).isEqualTo("12");
    assertThat(parameters.integer("n", 0)).isEqualTo(12);
    assertThat(parameters.integer("m", 7)).isEqualTo(7);
    assertThat(status(() -> parameters.required("m"))).isEqualTo(400);
    assertThat(status(() -> parameters.integer("x", 0))).isEqualTo(400);
    assertThat(status(() -> parameters.integer("big", 0))).isEqualTo(400);
    assertThatIllegalArgumentException().isThrownBy(() -> Parameters.of("a"));
  }

  // ---- forms ----

  private static final String FORM = "application/x-www-form-urlencoded";

  @Test
  void form_isRead_once() throws Exception {
    Environ environ = Web.post(FORM + "; charset=UTF-8", "a=1&a=%E2%82%AC&b=x+y");
    assertThat(Request.of(environ).form().all("a")).containsExactly("1", "\u20ac");
    assertThat(Request.of(environ.copy()).form("b")).isEqualTo("x y");
  }

  @Test
  void form_rawBytesOfUtf8_areText() throws Exception {
    assertThat(Request.of(Web.post(FORM, "a=\u00c3\u00a4")).form("a")).isEqualTo("\u00e4");
  }

  @Test
  void form_withoutBody_isEmpty() throws Exception {
    assertThat(Web.request().form().isEmpty()).isTrue();
  }

  @Test
  void form_thatIsNone_is415() {
    assertThat(formStatus("application/json", "{}", Limits.of())).isEqualTo(415);
    assertThat(formStatus(FORM + ";charset=iso-8859-1", "a", Limits.of())).isEqualTo(415);
    assertThat(formStatus(FORM + ";charset=none-such", "a", Limits.of())).isEqualTo(415);
    assertThat(formStatus("", "a=b", Limits.of())).isEqualTo(415);
  }

  @Test
  void form_malformed_is400() {
    assertThat(formStatus(FORM, "a=%x", Limits.of())).isEqualTo(400);
    assertThat(formStatus(FORM, "a=\u00ff", Limits.of())).isEqualTo(400);
    assertThat(formStatus("form", "a=b", Limits.of())).isEqualTo(400);
  }

  @Test
  void form_tooLargeOrTooMany_is413() {
    assertThat(formStatus(FORM, "abc=d", Limits.of().withBodyBytes(4))).isEqualTo(413);
    assertThat(formStatus(FORM, "a&b&c", Limits.of().withParameters(2))).isEqualTo(413);
    assertThat(formStatus(FORM, "abc=d", Limits.of().withBodyBytes(5))).isZero();
  }

  private static int formStatus(String type, String body, Limits limits) {
    return status(() -> Request.of(Web.post(type, body), limits).form());
  }

  /** The status of the HttpException, or 0. */
  static int status(ThrowingCallable call) {
    try {
      call.call();
      return 0;
    } catch (HttpException e) {
      return e.status();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void status_isThatOfTheException() {
    assertThatExceptionOfType(HttpException.class)
        .isThrownBy(() -> Web.request("QUERY_STRING", "%").query("a"))
        .withMessageContaining("percent sign");
  }
}

package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.web.Cookie.SameSite;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CookieTest {
  /** What user agents send, as the http-state test suite has it, and what else comes. */
  static Stream<Arguments> headers() {
    return Stream.of(
        Arguments.of("foo=bar", List.of("foo", "bar")),
        Arguments.of("foo=bar; baz=qux", List.of("foo", "bar", "baz", "qux")),
        Arguments.of("foo=bar;baz=qux", List.of("foo", "bar", "baz", "qux")),
        Arguments.of("foo=\"bar\"", List.of("foo", "\"bar\"")),
        Arguments.of("foo=bar=baz", List.of("foo", "bar=baz")),
        Arguments.of("foo=  bar  ", List.of("foo", "bar")),
        Arguments.of("  foo  =bar", List.of("foo", "bar")),
        Arguments.of("foo=", List.of("foo", "")),
        Arguments.of("foo", List.of("", "foo")),
        Arguments.of("=bar", List.of("", "bar")),
        Arguments.of("=", List.of()),
        Arguments.of("", List.of()),
        Arguments.of(";;;", List.of()),
        Arguments.of("; foo=bar;", List.of("foo", "bar")),
        Arguments.of("a=1; a=2", List.of("a", "1", "a", "2")),
        Arguments.of("a=b,c", List.of("a", "b,c")),
        Arguments.of("a=%41", List.of("a", "%41")),
        Arguments.of("a=\u00c3\u00a4", List.of("a", "\u00c3\u00a4")),
        Arguments.of("Foo=bar", List.of("Foo", "bar")),
        Arguments.of("$Version=1; foo=bar", List.of("$Version", "1", "foo", "bar")),
        Arguments.of("name with spaces=x", List.of("name with spaces", "x")),
        Arguments.of("foo=\"bar", List.of("foo", "\"bar")),
        Arguments.of("foo=\"  bar \"", List.of("foo", "\"  bar \"")),
        Arguments.of("foo=\"bar=baz\"", List.of("foo", "\"bar=baz\"")),
        Arguments.of("foo=\"bar, baz=qux\"", List.of("foo", "\"bar, baz=qux\"")),
        Arguments.of("z=y, a=b", List.of("z", "y, a=b")),
        Arguments.of("aBc=\"zzz \"   \"ppp\"", List.of("aBc", "\"zzz \"   \"ppp\"")),
        Arguments.of("aBc=A\"B", List.of("aBc", "A\"B")),
        Arguments.of("A=== BC", List.of("A", "== BC")),
        Arguments.of("test=\"fubar! = foo", List.of("test", "\"fubar! = foo")),
        Arguments.of("\"a=b\"=bar", List.of("\"a", "b\"=bar")),
        Arguments.of(
            "1=a; $=b; !a=c; @a=d; #a=e; $a=f; %a=g; ^a=h; &a=i; *a=j; (a=k; )a=l; -a=m; _a=n; +=o",
            List.of(
                "1", "a", "$", "b", "!a", "c", "@a", "d", "#a", "e", "$a", "f", "%a", "g", "^a",
                "h", "&a", "i", "*a", "j", "(a", "k", ")a", "l", "-a", "m", "_a", "n", "+", "o")),
        Arguments.of("foo bar=baz", List.of("foo bar", "baz")),
        Arguments.of(
            "key=val1; key=val2; key=val4; key=val5",
            List.of("key", "val1", "key", "val2", "key", "val4", "key", "val5")),
        // Names and values in UTF-8, as bytes.
        Arguments.of(
            "\u00e6\u0098\u00a5=\u00e5\u00ae\u00b6\u00c2\u00b7",
            List.of("\u00e6\u0098\u00a5", "\u00e5\u00ae\u00b6\u00c2\u00b7")));
  }

  @ParameterizedTest
  @MethodSource("headers")
  void cookies_areReadAsTheyWereSent(String header, List<String> pairs) {
    Request request = Web.request("HTTP_COOKIE", header);
    assertThat(request.cookies()).isEqualTo(Parameters.of(pairs.toArray(new String[0])));
    for (String name : request.cookies().names()) {
      if (!name.isEmpty()) {
        assertThat(request.cookie(name)).isEqualTo(request.cookies().get(name));
      }
    }
  }

  @Test
  void cookie_isFoundByItsWholeName() {
    Request request = Web.request("HTTP_COOKIE", "xa=1; ab=2; a=3; A=4; a=5");
    assertThat(request.cookie("a")).isEqualTo("3");
    assertThat(request.cookie("A")).isEqualTo("4");
    assertThat(request.cookie("b")).isNull();
    assertThat(Web.request().cookie("a")).isNull();
  }

  @Test
  void cookies_tooMany_is431() {
    Request request =
        Request.of(Web.environ("HTTP_COOKIE", "a=1; b=2"), Limits.of().withParameters(1));
    assertThat(ParametersTest.status(request::cookies)).isEqualTo(431);
    Request longOne = Web.request("HTTP_COOKIE", "a=" + "x".repeat(70_000));
    assertThat(ParametersTest.status(() -> longOne.cookie("a"))).isEqualTo(431);
    assertThat(ParametersTest.status(longOne::cookies)).isEqualTo(431);
  }

  @Test
  void header_hasSafeAttributesByDefault() {
    assertThat(Cookie.of("a", "b").header()).isEqualTo("a=b; Path=/; HttpOnly; SameSite=Lax");
  }

  @Test
  void header_hasWhatWasSet() {
    Cookie cookie =
        Cookie.of("__Secure-id", "x")
            .withPath("/app")
            .withDomain("example.org")
            .withSecure(true)
            .withHttpOnly(false)
            .withSameSite(SameSite.NONE)
            .withPartitioned(true);
    assertThat(cookie.header())
        .isEqualTo(
            "__Secure-id=x; Path=/app; Domain=example.org; Secure; SameSite=None; Partitioned");
    assertThat(Cookie.of("a", "b").withMaxAge(Duration.ofHours(1)).header())
        .startsWith("a=b; Max-Age=3600; Expires=")
        .endsWith(" GMT; Path=/; HttpOnly; SameSite=Lax");
    assertThat(Cookie.expired("a").header())
        .isEqualTo(
            "a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax");
    assertThat(Cookie.of("a", "b").withPath(null).withSameSite(null).withHttpOnly(false).header())
        .isEqualTo("a=b");
  }

  @Test
  void addTo_keepsOthers() {
    Response response = Response.of(204, Headers.of());
    response = Cookie.of("a", "1").addTo(Cookie.of("b", "2").addTo(response));
    assertThat(response.headers().all("Set-Cookie")).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a=b", "a;b", "a\r\nb", "\u00e4", "a,b", "\"a\""})
  void of_badName_isRefused(String name) {
    assertThatIllegalArgumentException().isThrownBy(() -> Cookie.of(name, "x"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nSet-Cookie: x=y", "\u00e4", "\u007f"})
  void of_badValue_isRefused(String value) {
    assertThatIllegalArgumentException().isThrownBy(() -> Cookie.of("a", value));
  }

  @Test
  void of_tooLong_isRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> Cookie.of("a", "x".repeat(4096)));
    assertThatIllegalArgumentException().isThrownBy(() -> Cookie.of("a", "b").withPath("/;Secure"));
    assertThatIllegalArgumentException().isThrownBy(() -> Cookie.of("a", "b").withDomain("a\r\nb"));
  }

  @Test
  void header_thatBrowsersIgnore_isRefused() {
    Cookie host = Cookie.of("__Host-id", "x");
    assertThatIllegalStateException().isThrownBy(host::header);
    assertThat(host.withSecure(true).header()).startsWith("__Host-id=x; Path=/; Secure");
    assertThatIllegalStateException()
        .isThrownBy(() -> host.withSecure(true).withPath("/a").header());
    assertThatIllegalStateException()
        .isThrownBy(() -> host.withSecure(true).withDomain("example.org").header());
    assertThatIllegalStateException().isThrownBy(() -> Cookie.of("__secure-a", "x").header());
    assertThatIllegalStateException()
        .isThrownBy(() -> Cookie.of("a", "x").withSameSite(SameSite.NONE).header());
    assertThatIllegalStateException()
        .isThrownBy(() -> Cookie.of("a", "x").withPartitioned(true).header());
    assertThat(host).hasToString("Cookie[__Host-id]");
  }
}

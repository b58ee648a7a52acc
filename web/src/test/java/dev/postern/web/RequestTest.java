package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Environ;
import dev.postern.HttpException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTest {
  // ---- bodies ----

  @Test
  void text_isInTheCharsetOfItsType() throws Exception {
    assertThat(Request.of(Web.post("text/plain", "\u00c3\u00a4")).text()).isEqualTo("\u00e4");
    assertThat(Request.of(Web.post("text/plain; charset=ISO-8859-1", "\u00e4")).text())
        .isEqualTo("\u00e4");
    assertThat(Request.of(Web.post("", "x")).text()).isEqualTo("x");
  }

  @Test
  void text_malformed_is400_unknownCharset415_tooLong413() {
    assertThat(textStatus("text/plain", "\u00ff", Limits.of())).isEqualTo(400);
    assertThat(textStatus("text/plain;charset=klingon", "x", Limits.of())).isEqualTo(415);
    assertThat(textStatus("text/plain;charset=\"a b\"", "x", Limits.of())).isEqualTo(415);
    assertThat(textStatus("text/plain", "xyz", Limits.of().withBodyBytes(2))).isEqualTo(413);
    assertThat(textStatus("text", "x", Limits.of())).isEqualTo(400);
  }

  private static int textStatus(String type, String body, Limits limits) {
    return ParametersTest.status(() -> Request.of(Web.post(type, body), limits).text());
  }

  @Test
  void requireType_anotherType_is415() {
    Request json = Request.of(Web.post("application/json; charset=utf-8", "{}"));
    json.requireType("text/plain", "application/json");
    assertThat(ParametersTest.status(() -> json.requireType("text/plain"))).isEqualTo(415);
    assertThat(ParametersTest.status(() -> Web.request().requireType("text/plain"))).isEqualTo(415);
  }

  @ParameterizedTest
  @CsvSource({
    "text/html, text/html",
    "TEXT/HTML;Charset=\"utf-8\", text/html; charset=utf-8",
    "'text/html ; charset=utf-8', text/html; charset=utf-8",
    "'a/b; c=\"x;\\\"y\"', 'a/b; c=\"x;\\\"y\"'",
    "text,",
    "text/,",
    "/html,",
    "text/html; charset,",
    "'text/html; charset=\"a',",
    "'text/html; a=b c',",
    "'',"
  })
  void mediaType_isParsed(String text, String expected) {
    MediaType type = MediaType.parse(text);
    assertThat(type == null ? null : type.toString()).isEqualTo(expected);
  }

  // ---- negotiation: values of RFC 9110 12.5.1 and of Rack's and Plack's tests ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          audio/*; q=0.2, audio/basic                              | audio/basic audio/mp3  | audio/basic
          text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c | text/x-dvi text/html  | text/html
          text/*, text/plain, text/plain;format=flowed, */*        | image/png text/plain;format=flowed | image/png
          text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5 | text/html image/jpeg | image/jpeg
          text/*;q=0.3, text/plain;q=0.7, */*;q=0.5                | text/html text/plain   | text/plain
          text/html;q=0, */*                                       | text/html text/plain   | text/plain
          text/html                                                | application/json       |
          */*;q=0                                                  | text/html              |
          application/json, garbage, ;q=1, x/y;q=7                 | x/y application/json   | application/json
          TEXT/HTML                                                | text/html              | text/html
          text/html;level=1                                        | text/html text/html;level=1 | text/html;level=1
          text/html;q=0.001                                        | text/html              | text/html
          text/html;q=1.001                                        | text/html              | text/html
          ,                                                        | text/html              | text/html
          """)
  void accepts_choosesTheBest(String header, String offers, String expected) {
    assertThat(Web.request("HTTP_ACCEPT", header).accepts(offers.split(" "))).isEqualTo(expected);
  }

  @Test
  void accepts_withoutHeader_isTheFirst() {
    assertThat(Web.request().accepts("text/html", "text/plain")).isEqualTo("text/html");
    assertThat(Web.request().accepts()).isNull();
    assertThatIllegalArgumentException().isThrownBy(() -> Web.request().accepts("html"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          compress, gzip           | br gzip identity | gzip
          ''                       | gzip identity    | identity
          *                        | gzip identity    | gzip
          compress;q=0.5, gzip;q=1 | compress gzip    | gzip
          gzip;q=1.0, identity; q=0.5, *;q=0 | br gzip identity | gzip
          identity;q=0             | gzip identity    |
          *;q=0                    | gzip identity    |
          gzip;q=0                 | gzip identity    | identity
          GZIP                     | gzip identity    | gzip
          """)
  void acceptsEncoding_choosesTheBest(String header, String offers, String expected) {
    assertThat(Web.request("HTTP_ACCEPT_ENCODING", header).acceptsEncoding(offers.split(" ")))
        .isEqualTo(expected);
  }

  @Test
  void acceptsEncoding_withoutHeader_isIdentity() {
    assertThat(Web.request().acceptsEncoding("gzip", "identity")).isEqualTo("identity");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          da, en-gb;q=0.8, en;q=0.7 | en-GB de | en-GB
          en                        | en-US de | en-US
          de-CH                     | de fr    | de
          fr;q=0.5, *;q=0.1         | de fr    | fr
          en-US, en;q=0             | en       |
          it                        | de fr    |
          """)
  void acceptsLanguage_choosesTheBest(String header, String offers, String expected) {
    assertThat(Web.request("HTTP_ACCEPT_LANGUAGE", header).acceptsLanguage(offers.split(" ")))
        .isEqualTo(expected);
  }

  // ---- conditions (RFC 9110 13) ----

  private static final Instant MODIFIED = Instant.parse("1994-11-15T12:45:26.5Z");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET  | IF_NONE_MATCH     | "xyzzy"                       | 304
          GET  | IF_NONE_MATCH     | W/"xyzzy"                     | 304
          GET  | IF_NONE_MATCH     | "a", "xyzzy" , "c"            | 304
          GET  | IF_NONE_MATCH     | *                             | 304
          GET  | IF_NONE_MATCH     | "xyzz"                        | 0
          GET  | IF_NONE_MATCH     | xyzzy                         | 0
          HEAD | IF_NONE_MATCH     | "xyzzy"                       | 304
          PUT  | IF_NONE_MATCH     | *                             | 412
          GET  | IF_MATCH          | "xyzzy"                       | 0
          GET  | IF_MATCH          | W/"xyzzy"                     | 412
          PUT  | IF_MATCH          | "other"                       | 412
          PUT  | IF_MATCH          | *                             | 0
          GET  | IF_MODIFIED_SINCE | Tue, 15 Nov 1994 12:45:26 GMT | 304
          GET  | IF_MODIFIED_SINCE | Tuesday, 15-Nov-94 12:45:26 GMT | 304
          GET  | IF_MODIFIED_SINCE | Tue Nov 15 12:45:26 1994      | 304
          GET  | IF_MODIFIED_SINCE | Tue, 15 Nov 1994 12:45:25 GMT | 0
          GET  | IF_MODIFIED_SINCE | yesterday                     | 0
          POST | IF_MODIFIED_SINCE | Tue, 15 Nov 1994 12:45:26 GMT | 0
          GET  | IF_UNMODIFIED_SINCE | Tue, 15 Nov 1994 12:45:26 GMT | 0
          PUT  | IF_UNMODIFIED_SINCE | Tue, 15 Nov 1994 12:45:25 GMT | 412
          PUT  | IF_UNMODIFIED_SINCE | Tue, 15 Nov 1994 12:45 GMT  | 0
          """)
  void condition_followsTheOrderOfTheStandard(
      String method, String header, String value, int expected) {
    Request request = Web.request("REQUEST_METHOD", method, "HTTP_" + header, value);
    assertThat(request.condition("\"xyzzy\"", MODIFIED)).isEqualTo(expected);
  }

  @Test
  void condition_tagsComeBeforeDates() {
    Request request =
        Web.request(
            "HTTP_IF_NONE_MATCH",
            "\"other\"",
            "HTTP_IF_MODIFIED_SINCE",
            "Tue, 15 Nov 1994 12:45:26 GMT");
    assertThat(request.condition("\"xyzzy\"", MODIFIED)).isZero();
    assertThat(Web.request("HTTP_IF_NONE_MATCH", "\"a\\b\"").condition("\"a\\b\"", null))
        .isEqualTo(304);
    assertThat(Web.request("HTTP_IF_MATCH", "*").condition(null, null)).isZero();
  }

  // ---- ranges (RFC 9110 14.1.2) ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          bytes=0-499          | 0-499
          bytes=500-999        | 500-999
          bytes=-500           | 9500-9999
          bytes=9500-          | 9500-9999
          bytes=0-0,-1         | 0-0 9999-9999
          bytes= 0-999, 4500-5499, -1000 | 0-999 4500-5499 9000-9999
          bytes=500-600,601-999 | 500-600 601-999
          bytes=500-700,601-999 | 500-700 601-999
          bytes=9999-          | 9999-9999
          bytes=0-99999999999999999999 | 0-9999
          bytes=-10001         | 0-9999
          bytes=10000-,0-1     | 0-1
          BYTES=0-1            | 0-1
          bytes=10000-         | 416
          bytes=-0             | 416
          bytes=20000-20001,10000-10001 | 416
          bytes=               |
          bytes=,              |
          bytes=5              |
          bytes=-              |
          bytes=5-4            |
          bytes=a-b            |
          bytes=0x1-2          |
          bytes=1-2-3          |
          bytes=+1-2           |
          bytes                |
          items=0-5            |
          bytes=0-9999,0-9999  |
          """)
  void ranges_areThoseOfTheStandard(String header, String expected) {
    Request request = Web.request("HTTP_RANGE", header);
    String actual;
    try {
      List<ByteRange> ranges = request.ranges(10_000, null, null);
      StringBuilder text = new StringBuilder();
      for (ByteRange range : ranges == null ? List.<ByteRange>of() : ranges) {
        text.append(text.length() == 0 ? "" : " ").append(range.first()).append('-');
        text.append(range.last());
      }
      actual = ranges == null ? null : text.toString();
    } catch (HttpException e) {
      assertThat(e.headers().get("Content-Range")).isEqualTo("bytes */10000");
      actual = Integer.toString(e.status());
    }
    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void ranges_ofManyOrOfNothing_areTheWhole() {
    assertThat(Web.request("HTTP_RANGE", "bytes=0-1").ranges(0, null, null)).isNull();
    assertThat(Web.request("HTTP_RANGE", "bytes=" + "0-0,".repeat(33)).ranges(100, null, null))
        .isNull();
    assertThat(Web.request("HTTP_RANGE", "bytes=" + "0-0,".repeat(32)).ranges(100, null, null))
        .hasSize(32);
    assertThat(
            Web.request("HTTP_RANGE", "bytes=0-1", "REQUEST_METHOD", "HEAD").ranges(9, null, null))
        .isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "xyzzy"                       | true
          W/"xyzzy"                     | false
          "other"                       | false
          Tue, 15 Nov 1994 12:45:26 GMT | true
          Tue, 15 Nov 1994 12:45:27 GMT | false
          nonsense                      | false
          """)
  void ranges_ifRange_decides(String condition, boolean ranged) {
    Request request = Web.request("HTTP_RANGE", "bytes=0-1", "HTTP_IF_RANGE", condition);
    assertThat(request.ranges(9, "\"xyzzy\"", MODIFIED) != null).isEqualTo(ranged);
    assertThat(request.ranges(9, null, MODIFIED) != null).isEqualTo(ranged && isDate(condition));
    assertThat(request.ranges(9, "W/\"xyzzy\"", null)).isNull();
  }

  private static boolean isDate(String condition) {
    return condition.endsWith("GMT");
  }

  // ---- who and where ----

  @Test
  void credentials_areSplit() {
    String basic =
        Base64.getEncoder()
            .encodeToString("Aladdin:open: s\u00e9same".getBytes(StandardCharsets.UTF_8));
    Credentials credentials = Web.request("HTTP_AUTHORIZATION", "BASIC  " + basic).credentials();
    assertThat(credentials.scheme()).isEqualTo("basic");
    assertThat(credentials.user()).isEqualTo("Aladdin");
    assertThat(credentials.password()).isEqualTo("open: s\u00e9same");
    assertThat(credentials.token()).isNull();
    assertThat(credentials).hasToString("Credentials[basic]");
    assertThat(Web.request("HTTP_AUTHORIZATION", "Bearer mF_9.B5f").credentials().token())
        .isEqualTo("mF_9.B5f");
    assertThat(Web.request().credentials()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Basic", "Basic ", "Basic ???", "Basic YQ==", "Digest x=y", "bearer"})
  void credentials_malformed_haveNoUser(String header) {
    Credentials credentials = Web.request("HTTP_AUTHORIZATION", header).credentials();
    assertThat(credentials.user()).isNull();
    assertThat(credentials.password()).isNull();
    assertThat(credentials.token()).isNull();
  }

  @Test
  void links_areEncoded() {
    Request request =
        Web.request(
            "SCRIPT_NAME", "/a b", "PATH_INFO", "/c/d", "QUERY_STRING", "x=y", "HTTP_HOST", "h:81");
    assertThat(request.baseUrl()).isEqualTo("http://h:81/a%20b");
    assertThat(request.link("/\u00e4")).isEqualTo("/a%20b/%C3%A4");
    assertThat(request.relativeLink("/e")).isEqualTo("../e");
    assertThat(Web.request("PATH_INFO", "/").relativeLink("/a:b")).isEqualTo("./a:b");
    assertThat(Web.request("PATH_INFO", "/x/").relativeLink("/")).isEqualTo("../");
    assertThat(Web.request("SCRIPT_NAME", "/app", "PATH_INFO", "").relativeLink("/e"))
        .isEqualTo("./app/e");
    assertThatIllegalArgumentException().isThrownBy(() -> request.link("x"));
  }

  /** As for {@code GET //evil.example/p}, which a web server may pass on as it is. */
  @Test
  void link_namesNoOtherHost() {
    Request request = Web.request("PATH_INFO", "//evil.example/p");
    assertThat(request.link(request.environ().pathInfo() + "/")).isEqualTo("/.//evil.example/p/");
    assertThat(Web.request("SCRIPT_NAME", "//evil.example").link("/"))
        .isEqualTo("/.//evil.example/");
    assertThat(Web.request("SCRIPT_NAME", "/app").link("//a")).isEqualTo("/app//a");
  }

  // ---- proxies ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          FORWARDED       | for=192.0.2.60;proto=http;by=203.0.113.43       | 192.0.2.60
          FORWARDED       | for=192.0.2.43, for=198.51.100.17               | 198.51.100.17
          FORWARDED       | For="[2001:db8:cafe::17]:4711"                  | 2001:db8:cafe::17
          FORWARDED       | for=192.0.2.43, for=10.1.1.1                    | 192.0.2.43
          FORWARDED       | for=_hidden, for=10.2.2.2                       | 10.2.2.2
          FORWARDED       | proto=https                                     | 10.0.0.1
          X_FORWARDED_FOR | 1.2.3.4                                         | 1.2.3.4
          X_FORWARDED_FOR | 9.9.9.9, 1.2.3.4, 10.3.3.3                      | 1.2.3.4
          X_FORWARDED_FOR | 1.2.3.4:5678                                    | 1.2.3.4
          X_FORWARDED_FOR | ::1                                             | ::1
          X_FORWARDED_FOR | ", 1.2.3.4                                      | 1.2.3.4
          X_FORWARDED_FOR | 6.6.6.6, x", 1.2.3.4                            | 1.2.3.4
          """)
  void trustedProxies_sayWhoTheClientIs(String header, String value, String client) {
    Environ environ = Web.environ("REMOTE_ADDR", "10.0.0.1", "HTTP_" + header, value);
    assertThat(TrustedProxies.of("10.0.0.0/8").apply(environ).remoteAddr()).isEqualTo(client);
    assertThat(TrustedProxies.of("11.0.0.0/8", "::1").apply(environ)).isSameAs(environ);
  }

  @Test
  void trustedProxies_leaveNothingOfTheProxysConnection() {
    for (String header : List.of("X_FORWARDED_FOR: 1.2.3.4", "FORWARDED: for=\"1.2.3.4:56\"")) {
      String[] field = header.split(": ");
      Environ environ =
          Web.environ(
              "REMOTE_ADDR",
              "10.0.0.1",
              "REMOTE_HOST",
              "10.0.0.1",
              "REMOTE_PORT",
              "4711",
              "HTTP_" + field[0],
              field[1]);
      Environ applied = TrustedProxies.of("10.0.0.0/8").apply(environ);
      assertThat(applied.variable("REMOTE_ADDR")).isEqualTo("1.2.3.4");
      assertThat(applied.variable("REMOTE_HOST")).isEqualTo("1.2.3.4");
      assertThat(applied.variable("REMOTE_PORT")).isNull();
    }
    Environ unnamed = Web.environ("REMOTE_ADDR", "10.0.0.1", "HTTP_X_FORWARDED_FOR", "1.2.3.4");
    assertThat(TrustedProxies.of("10.0.0.0/8").apply(unnamed).variable("REMOTE_HOST")).isNull();
  }

  /** What a client sends so that the proxy's own entry, at the end, is lost or not believed. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          FORWARDED       | for=6.6.6.6;proto=https;host=evil;x=", for=203.0.113.9
          FORWARDED       | for=6.6.6.6;x=", for=203.0.113.9;host="a\\"b"
          FORWARDED       | for=6.6.6.6;x="\\, for=203.0.113.9
          FORWARDED       | "for=
          FORWARDED       | for=unknown
          FORWARDED       | for=_hidden
          FORWARDED       | for=
          FORWARDED       | for=192.0.2.1, evil
          X_FORWARDED_FOR | "
          X_FORWARDED_FOR | evil<script>
          X_FORWARDED_FOR | 1.2.3.4, unknown
          """)
  void trustedProxies_lastClientThatCannotBeRead_isRefused(String header, String value) {
    Environ environ = Web.environ("REMOTE_ADDR", "10.0.0.1", "HTTP_" + header, value);
    TrustedProxies proxies = TrustedProxies.of("10.0.0.0/8");
    assertThatExceptionOfType(HttpException.class)
        .isThrownBy(() -> proxies.apply(environ))
        .satisfies(e -> assertThat(e.status()).isEqualTo(400))
        .withMessageContaining("of a trusted proxy must name a client: \"");
    assertThat(TrustedProxies.of("11.0.0.0/8").apply(environ)).isSameAs(environ);
  }

  /** A proxy sets headers of one kind, and a client may send the other kind through it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          for=6.6.6.6                        | X_FORWARDED_FOR   | 1.2.3.4     | false
          proto=http                         | X_FORWARDED_FOR   | 1.2.3.4     | false
          for=1.2.3.4;proto=https            | X_FORWARDED_FOR   | 1.2.3.4     | false
          for=1.2.3.4;host=evil              | X_FORWARDED_FOR   | 1.2.3.4     | false
          for=1.2.3.4                        | X_FORWARDED_PROTO | https       | false
          for=1.2.3.4                        | X_FORWARDED_HOST  | evil        | false
          for=1.2.3.4                        | X_FORWARDED_FOR   | 1.2.3.4     | true
          for=6.6.6.6, for="1.2.3.4:80"      | X_FORWARDED_FOR   | ::1, 1.2.3.4 | true
          for=1.2.3.4;proto=http;host=inside | X_FORWARDED_FOR   | 1.2.3.4     | true
          """)
  void trustedProxies_headersOfBothKinds_mustAgree(
      String forwarded, String header, String value, boolean agree) {
    Environ environ =
        Web.environ(
            "REMOTE_ADDR",
            "10.0.0.1",
            "HTTP_HOST",
            "inside",
            "HTTP_FORWARDED",
            forwarded,
            "HTTP_" + header,
            value);
    TrustedProxies proxies = TrustedProxies.of("10.0.0.0/8");
    if (agree) {
      assertThat(proxies.apply(environ).remoteAddr()).isEqualTo("1.2.3.4");
    } else {
      assertThatExceptionOfType(HttpException.class)
          .isThrownBy(() -> proxies.apply(environ))
          .satisfies(e -> assertThat(e.status()).isEqualTo(400))
          .withMessageContaining("must name the same client, scheme and host");
    }
  }

  @Test
  void trustedProxies_sayWhatTheUrlWas() {
    Environ environ =
        Web.environ(
            "REMOTE_ADDR", "::1",
            "HTTP_HOST", "inside:8080",
            "HTTP_X_FORWARDED_PROTO", "https",
            "HTTP_X_FORWARDED_HOST", "evil.org, www.example.org");
    Environ applied = TrustedProxies.of("::1").apply(environ);
    assertThat(applied.url()).isEqualTo("https://www.example.org/");
    assertThat(applied.serverPort()).isEqualTo(443);
    assertThat(applied.variable("HTTPS")).isEqualTo("on");
    assertThat(environ.url()).isEqualTo("http://inside:8080/");
    environ.put("HTTP_X_FORWARDED_HOST", "a b");
    environ.put("HTTP_X_FORWARDED_PROTO", "javascript");
    assertThat(TrustedProxies.of("::1").apply(environ).url()).isEqualTo("http://inside:8080/");
    Environ standard =
        Web.environ(
            "REMOTE_ADDR", "::1",
            "HTTP_FORWARDED", "host=\"forwarded:8443\";proto=https;for=1.2.3.4");
    assertThat(TrustedProxies.of("::1").apply(standard).url()).isEqualTo("https://forwarded:8443/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "::1/129", "1.2.3", "a/8"})
  void trustedProxies_thatAreNoAddress_areRefused(String network) {
    assertThatIllegalArgumentException().isThrownBy(() -> TrustedProxies.of(network));
  }

  @Test
  void trustedProxies_networksCountBits() {
    TrustedProxies proxies = TrustedProxies.of("192.168.128.0/17", "fd00::/9", "0.0.0.0/32");
    assertThat(proxies.contains("192.168.200.1")).isTrue();
    assertThat(proxies.contains("192.168.127.255")).isFalse();
    assertThat(proxies.contains("fd7f::1")).isTrue();
    assertThat(proxies.contains("fd80::1")).isFalse();
    assertThat(proxies.contains("::ffff:192.168.200.1")).isTrue();
    assertThat(proxies.contains(null)).isFalse();
    assertThat(TrustedProxies.of("::/0").contains("8.8.8.8")).isTrue();
  }
}

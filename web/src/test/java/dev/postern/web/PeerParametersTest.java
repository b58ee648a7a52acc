package dev.postern.web;

import static dev.postern.web.ParametersTest.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.postern.Environ;
import dev.postern.web.Cookie.SameSite;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of Rack's tests of queries, cookies and media types (spec_utils.rb,
 * spec_query_parser.rb, spec_media_type.rb), of Plack's of requests (Plack-Request/params.t, uri.t,
 * cookie.t) and of Ring's of parameters, cookies and its codec.
 */
class PeerParametersTest {
  private static final String FORM = "application/x-www-form-urlencoded";

  // ---- queries ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          foo=bar                 | foo,bar
          foo="bar"               | foo,"bar"
          foo=bar&foo=quux        | foo,bar,foo,quux
          foo=1&bar=2             | foo,1,bar,2
          &foo=1&&bar=2           | foo,1,bar,2
          &&foo=bar               | foo,bar
          foo                     | foo,
          foo&foo=                | foo,,foo,
          &key&                   | key,
          key=                    | key,
          =                       | ,
          =value                  | ,value
          foo%3Dbaz=bar           | foo=baz,bar
          a=b&pid%3D1234=1023     | a,b,pid=1234,1023
          my+weird+field=q1%212%22%27w%245%267%2Fz8%29%3F | my weird field,q1!2"'w$5&7/z8)?
          foo=bar&biz=bat%25      | foo,bar,biz,bat%
          a+space=a%20space       | a space,a space
          fo%3Co%3Ebar            | fo<o>bar,
          0                       | 0,
          p%2F1=v%2F1&p%2F2=v%2F21&p%2F2=v%2F22 | p/1,v/1,p/2,v/21,p/2,v/22
          foo[]=bar&foo[          | foo[],bar,foo[,
          x[y][z]=1&x[y]z=2       | x[y][z],1,x[y]z,2
          foo=1;bar=2             | foo,1;bar=2
          ;key;                   | ;key;,
          post/2011/08/27/Deux-%22rat%C3%A9s%22-de-l-Universit | post/2011/08/27/Deux-"ratés"-de-l-Universit,
          """)
  void query_isPairsInOrder_flat(String query, String pairs) {
    Parameters expected = Parameters.of(pairs.split(",", -1));
    String bytes = new String(query.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    assertThat(Web.request("QUERY_STRING", bytes).query()).isEqualTo(expected);
    assertThat(Parameters.parse(query)).isEqualTo(expected);
    assertThat(Parameters.parse(expected.encoded())).isEqualTo(expected);
  }

  @Test
  void query_ofOneNameTwice_givesTheFirst_andAll() {
    Parameters query = Web.request("QUERY_STRING", "foo=bar&foo=baz&bar=baz").query();
    assertThat(query.get("foo")).isEqualTo("bar");
    assertThat(query.all("foo")).containsExactly("bar", "baz");
    assertThat(query.names()).containsExactly("foo", "bar");
  }

  @ParameterizedTest
  @ValueSource(strings = {"foo%81E=1", "a=%D", "%", "(%bad-params%)", "a=%u2603", "a=%c0%80"})
  void query_thatIsNoUtf8_orHasABarePercentSign_is400(String query) {
    assertThat(status(() -> Web.request("QUERY_STRING", query).query())).isEqualTo(400);
  }

  @Test
  void query_thatIsLong_orEndsInAPercentSign_isReadAtOnce() {
    String text = "A string that would make a regular expression go back and back %";
    assertThat(Parameters.parse(text.repeat(1000)).size()).isEqualTo(1);
    String deep = "foo" + "[a]".repeat(10_000) + "=bar";
    assertThat(Web.request("QUERY_STRING", deep).query().size()).isEqualTo(1);
  }

  @Test
  void limit_ofParameters_countsRepeats() {
    Limits two = Limits.of().withParameters(2);
    for (String query : new String[] {"a=a&b=b&c=c", "b[]=a&b[]=b&b[]=c"}) {
      Environ environ = Web.environ("QUERY_STRING", query);
      assertThat(status(() -> Request.of(environ, two).query())).isEqualTo(400);
      assertThat(status(() -> Request.of(Web.post(FORM, query), two).form())).isEqualTo(413);
    }
    assertThat(status(() -> Request.of(Web.environ("QUERY_STRING", "a=a&b=b"), two).query()))
        .isZero();
    Limits three = Limits.of().withBodyBytes(3);
    assertThat(status(() -> Request.of(Web.post(FORM, "a=a"), three).form())).isZero();
    assertThat(status(() -> Request.of(Web.post(FORM, "a=aa"), three).form())).isEqualTo(413);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          fo<o>bar             | fo%3Co%3Ebar
          a space              | a+space
          q1!2"'w$5&7/z8)?\\   | q1%212%22%27w%245%267%2Fz8%29%3F%5C
          foo+bar              | foo%2Bbar
          foo/bar              | foo%2Fbar
          まつもと             | %E3%81%BE%E3%81%A4%E3%82%82%E3%81%A8
          まつ もと            | %E3%81%BE%E3%81%A4+%E3%82%82%E3%81%A8
          """)
  void encoded_isAsOfAForm(String text, String encoded) {
    assertThat(Parameters.of(text, text).encoded()).isEqualTo(encoded + "=" + encoded);
    assertThat(Parameters.parse(encoded).get(text)).isEmpty();
  }

  // ---- forms ----

  @Test
  void form_andQuery_areApart() throws Exception {
    Environ environ = Web.post(FORM, "foo=bar");
    environ.put("QUERY_STRING", "bar=baz");
    assertThat(Request.of(environ).form()).isEqualTo(Parameters.of("foo", "bar"));
    assertThat(Request.of(environ).query()).isEqualTo(Parameters.of("bar", "baz"));
  }

  @ParameterizedTest
  @CsvSource({
    "application/json, '{foo: \"bar\"}', 415",
    "'', a=b, 415",
    "application/x-www-form-urlencoded;charset=UTF-16, hello=world, 415",
    "application/x-www-form-urlencoded;charset=UTF-8, hello=world, 0",
    "APPLICATION/X-WWW-FORM-URLENCODED, hello=world, 0",
    "application/x-www-form-urlencoded, (%bad-params%), 400",
    "application/x-www-form-urlencoded, '', 0"
  })
  void form_ofAnotherTypeOrCharset_is415(String type, String body, int expected) {
    assertThat(status(() -> Request.of(Web.post(type, body)).form())).isEqualTo(expected);
  }

  // ---- cookies ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          zoo=m                      | zoo  | m
          foo=%                      | foo  | %
          foo=bar;foo=car            | foo  | bar
          YYY=0; YYY=3               | YYY  | 0
          foo=bar;quux=h&m           | quux | h&m
          a=b; c=d,e=f               | c    | d,e=f
          a=b; c=d,e=f               | e    |
          a="b"                      | a    | "b"
          ZZZ="spaced out"           | ZZZ  | "spaced out"
          EMPTYQUOTE=""              | EMPTYQUOTE | ""
          EMPTY=                     | EMPTY | ~~
          BADSTART="data; x=y        | BADSTART | "data
          BADEND=data"               | BADEND | data"
          XXX=Foo%20Bar              | XXX  | Foo%20Bar
          a=hello+world              | a    | hello+world
          a=U3VwIFdpenpvcmxkCg==     | a    | U3VwIFdpenpvcmxkCg==
          a=U3VwIFdpenpvcmxkCg%3D%3D | a    | U3VwIFdpenpvcmxkCg%3D%3D
          a=%22/test%22              | a    | %22/test%22
          a=%D                       | a    | %D
          Foo=Bar,; Bar=Baz;         | Foo  | Bar,
          Foo=Bar; Bar=Baz           | undef |
          """)
  void cookie_isTheFirstOfItsName_asItWasSent(String header, String name, String value) {
    assertThat(Web.request("HTTP_COOKIE", header).cookie(name)).isEqualTo(value);
    assertThat(Web.request("HTTP_COOKIE", header).cookies().get(name)).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource({"STRICT, SameSite=Strict", "LAX, SameSite=Lax", "NONE, SameSite=None"})
  void setCookie_hasTheAttributesThatWereSet(SameSite site, String attribute) {
    Cookie cookie =
        Cookie.of("a", "b")
            .withSecure(true)
            .withSameSite(site)
            .withMaxAge(Duration.ofSeconds(94694400))
            .withPartitioned(true);
    assertThat(cookie.header().split("; "))
        .contains("a=b", "Path=/", "Secure", "HttpOnly", "Max-Age=94694400", "Partitioned")
        .contains(attribute)
        .doesNotContain("");
  }

  @Test
  void setCookie_thatAValueWouldBreak_orABrowserIgnore_isRefused() {
    for (String value : new String[] {"hello world", "a;b", "a\nb", "\"x\"", "é"}) {
      assertThatIllegalArgumentException().isThrownBy(() -> Cookie.of("a", value));
    }
    Cookie none = Cookie.of("a", "b").withSameSite(SameSite.NONE);
    assertThatIllegalStateException().isThrownBy(none::header);
    assertThatIllegalStateException().isThrownBy(Cookie.of("a", "b").withPartitioned(true)::header);
  }

  @ParameterizedTest
  @ValueSource(strings = {"fr-FR", "tr-TR", "ar-EG-u-nu-arab", "th-TH-u-ca-buddhist"})
  void setCookie_hasADateOfHttp_inEveryLocale(String tag) {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag(tag));
      assertThat(Cookie.of("a", "b").withMaxAge(Duration.ofDays(30)).header())
          .matches(
              "a=b; Max-Age=2592000; Expires=[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4}"
                  + " [0-9:]{8} GMT; Path=/; HttpOnly; SameSite=Lax");
    } finally {
      Locale.setDefault(before);
    }
  }

  // ---- media types ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          application/text                  | application/text |
          application/text;CHARSET="utf-8"  | application/text | utf-8
          application/text; charset=utf-8   | application/text | utf-8
          application/text;a=b;charset=x    | application/text | x
          APPLICATION/Text                  | application/text |
          application/text;                 | application/text |
          """)
  void contentType_isATypeAndItsParameters(String header, String essence, String charset) {
    MediaType type = Web.request("CONTENT_TYPE", header).contentType();
    assertThat(type.essence()).isEqualTo(essence);
    assertThat(type.parameter("charset")).isEqualTo(charset);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"application/text;CHARSET", "application/text;CHARSET=", "text", "/", "a/b/c"})
  void contentType_thatIsMalformed_is400(String header) {
    assertThat(status(() -> Web.request("CONTENT_TYPE", header).contentType())).isEqualTo(400);
  }

  @Test
  void contentType_thatIsMissing_isNull() {
    assertThat(Web.request().contentType()).isNull();
    assertThat(Web.request("CONTENT_TYPE", "").contentType()).isNull();
  }

  // ---- negotiation ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          text/html                     | text/html              | text/html
          text/*;q=0.5,text/html;q=1.0  | text/html              | text/html
          text/*;q=0.5,text/plain;q=1.0 | text/plain text/html   | text/plain
          application/json              | application/vnd.lotus-1-2-3 application/json | application/json
          text/*                        | text/html text/plain   | text/html
          text/plain,text/html          | text/html text/plain   | text/html
          application/json              | text/html text/plain   |
          """)
  void accept_choosesTheBest(String header, String offers, String expected) {
    assertThat(Web.request("HTTP_ACCEPT", header).accepts(offers.split(" "))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          identity;q=0               | identity               |
          *;q=0                      | identity               |
          compress, gzip             | identity               | identity
          compress, gzip             | compress gzip identity | compress
          compress;q=0.5, gzip       | compress gzip identity | gzip
          gzip, compress             | compress gzip identity | compress
          ''                         | foo bar identity       | identity
          *                          | foo bar identity       | foo
          *, foo;q=0.9               | foo bar identity       | bar
          foo;q=0, bar;q=0           | foo bar identity       | identity
          *;q=0, identity;q=0.1      | foo bar baz identity   | identity
          """)
  void acceptEncoding_choosesTheBest(String header, String offers, String expected) {
    assertThat(Web.request("HTTP_ACCEPT_ENCODING", header).acceptsEncoding(offers.split(" ")))
        .isEqualTo(expected);
  }

  // ---- URLs ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''       | /         | ''              | http://example.com/
          ''       | /foo bar  | ''              | http://example.com/foo%20bar
          /test.c  | ''        | ''              | http://example.com/test.c
          /test.c  | /info     | ''              | http://example.com/test.c/info
          /test    | ''        | dynamic=daikuma | http://example.com/test?dynamic=daikuma
          ''       | /         | 0               | http://example.com/?0
          /foo bar | /baz quux | ''              | http://example.com/foo%20bar/baz%20quux
          """)
  void url_isThatOfTheRequest(String script, String path, String query, String url) {
    Environ environ =
        Web.environ(
            "SCRIPT_NAME",
            script,
            "PATH_INFO",
            path,
            "QUERY_STRING",
            query,
            "HTTP_HOST",
            "example.com");
    assertThat(environ.url()).isEqualTo(url);
    assertThat(Request.of(environ).baseUrl())
        .isEqualTo("http://example.com" + script.replace(" ", "%20"));
  }
}

package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.web.internal.HttpDate;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The vectors of the http-state test suite, which are those of RFC 6265: each {@code Cookie} header
 * that its user agents send is read as the cookies that they mean, and dates of its cookies that
 * are no dates of HTTP are passed over.
 */
class HttpStateTest {
  /**
   * What is sent in each vector, pairs between {@code ;} and a space. By group: those without a
   * name 0001 to 0028, ATTRIBUTE, CHARSET, CHROMIUM, COMMA, DOMAIN, MOZILLA, NAME, ORDERING, PATH
   * and VALUE. Vectors that send the same are one line here.
   */
  private static final String SENT =
      """
      foo=bar
      foo2=bar2
      foo=qux
      foo1=bar; foo2=qux
      a=b; z=y
      z=y; a=b
      z=y, a=b
      z=y
      foo=b
      a=b; c=d
      a=b; x=; c=d
      foo=春节回家路·春运完全手册
      春节回=家路·春运完全手册
      春节回=家路·春运
      foo="春节回家路·春运完全手册"
      a=b
      aBc="zzz "
      aBc="zz
      aBc="zzz "   "ppp"
      aBc=A"B
      a="B
      ABC=
      A=BC
      A=== BC
      foo="zohNumRKgI0oxyhSsV3Z7D"
      foo=zohNumRKgI0oxyhSsV3Z7D
      AAA=BB
      foo=bar, baz=qux
      foo="bar, baz=qux"
      foo=bar; foo2=bar2
      foo2=bar2; foo=bar
      foo=bar; foo1=bar
      foo1=bar
      test="fubar! = foo
      test=six
      a=bar
      1=bar
      $=bar
      !a=bar
      @a=bar
      #a=bar
      $a=bar
      %a=bar
      ^a=bar
      &a=bar
      *a=bar
      (a=bar
      )a=bar
      -a=bar
      _a=bar
      +=bar
      "a=bar
      "a=b"=bar
      "a=qux
      $Version=1
      foo bar=baz
      key=val1; key=val2; key=val4; key=val5
      x=y; a=b
      a=b; x=y
      foo=qux; foo=bar
      foo="bar"
      foo="  bar "
      foo="bar
      foo="bar=baz"
      """;

  @ParameterizedTest
  @ValueSource(strings = {"; ", ";"})
  void cookies_areThoseThatTheAgentMeans(String separator) {
    for (String line : SENT.lines().toList()) {
      List<String> pairs = new ArrayList<>();
      for (String pair : line.split("; ")) {
        // The name has no equals sign, and the value may have one.
        pairs.add(bytes(pair.substring(0, pair.indexOf('='))));
        pairs.add(bytes(pair.substring(pair.indexOf('=') + 1)));
      }
      Request request = Web.request("HTTP_COOKIE", bytes(line.replace("; ", separator)));
      Parameters expected = Parameters.of(pairs.toArray(new String[0]));
      assertThat(request.cookies()).as(line).isEqualTo(expected);
      for (String name : expected.names()) {
        // Of several ones the first has the longest path: vectors PATH0032 and ORDERING0001.
        assertThat(request.cookie(name)).as(line).isEqualTo(expected.get(name));
      }
    }
  }

  private static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /** What a server sets in the vectors, as {@link Cookie} writes it. */
  @Test
  void setCookie_isAsInTheVectors() {
    Cookie bare = Cookie.of("foo", "bar").withPath(null).withHttpOnly(false).withSameSite(null);
    assertThat(bare.header()).isEqualTo("foo=bar");
    assertThat(bare.withSecure(true).header()).isEqualTo("foo=bar; Secure");
    assertThat(bare.withPath("/cookie-parser-result").header())
        .isEqualTo("foo=bar; Path=/cookie-parser-result");
    assertThat(bare.withDomain("home.example.org").header())
        .isEqualTo("foo=bar; Domain=home.example.org");
    assertThat(bare.withMaxAge(Duration.ofSeconds(10000)).header())
        .startsWith("foo=bar; Max-Age=10000; Expires=");
    // MOZILLA0001 and MOZILLA0005: a time that is over makes the agent forget the cookie.
    for (long seconds : new long[] {0, -1, -20}) {
      assertThat(bare.withMaxAge(Duration.ofSeconds(seconds)).header())
          .isEqualTo("foo=bar; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    }
    assertThat(Cookie.of("ABC", "").withPath(null).header()).startsWith("ABC=;");
  }

  /** The suite's dates: an agent reads each of them in a cookie; only one form is one of HTTP. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Wed, 09 Dec 2009 16:27:23 GMT      | 2009-12-09T16:27:23Z
          Wednesday, 01-Jan-10 00:00:00 GMT  | 2010-01-01T00:00:00Z
          Mon, 10-Dec-07 20:35:03 GMT        | 2007-12-10T20:35:03Z
          Mon, 10-Dec-2007 17:02:24 GMT      |
          Thursday, 01-Jan-1970 00:00:00 GMT |
          Mon Dec 10 16:32:30 2007 GMT       |
          Wed, 1 Jan 2020 00:00:00 GMT       |
          Saturday, 8-Dec-2012 21:24:09 GMT  |
          Thu, 31 Dec 23:55:55 2037 GMT      |
          Sun,  9 Dec 2012 13:42:05 GMT      |
          Wed Dec 12 2007 08:44:07 GMT-0500 (EST) |
          Mon, 01-Jan-2011 00: 00:00 GMT     |
          Sun, 1-Jan-1995 00:00:00 GMT       |
          Wednesday, 01-Jan-10 0:0:00 GMT    |
          Thu, 10 Dec 2009 13:57:2 GMT       |
          """)
  void date_ofACookie_isADateOfHttpOrNone(String date, String expected) {
    Instant read = HttpDate.parse(date);
    assertThat(read == null ? null : read.toString()).isEqualTo(expected);
  }
}

package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.Responses;
import dev.postern.web.Web;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of Rack's tests of entity tags and conditional GET (spec_etag.rb,
 * spec_conditional_get.rb), of Plack's (Plack-Middleware/conditionalget.t, conditionalget_writer.t)
 * and of Ring's of responses that were not modified, with the values that RFC 9110 gives them.
 */
class PeerETagTest {
  private static final String DATE = "Wed, 23 Sep 2009 13:36:33 GMT";
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private static TestResponse run(String method, Headers asked, int status, Headers sent) {
    TestRequest request = TestRequest.of(method, "/");
    for (var field : asked) {
      request = request.withHeader(field.getKey(), field.getValue());
    }
    Application application = Application.of(e -> Response.of(status, sent, Body.of("TEST")));
    return Web.run(ETag.of().wrap(application), request);
  }

  /** Condition, and what the application says of the response; T is its tag, D its date. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          GET    | 200 | T   | If-None-Match: "Foo"                              | 304
          GET    | 200 | T   | If-None-Match: W/"Foo"                            | 304
          GET    | 200 | T   | If-None-Match: "a", "Foo"                         | 304
          GET    | 200 | T   | If-None-Match: "a","b" , W/"Foo"                  | 304
          GET    | 200 | T   | If-None-Match: *                                  | 304
          GET    | 200 | T   | If-None-Match: "Bar"                              | 200
          GET    | 200 | T   | If-None-Match: "foo"                              | 200
          GET    | 200 | T   | If-None-Match: Foo                                | 200
          GET    | 200 | T   | If-None-Match: "Foo                               | 200
          GET    | 200 | T   | If-None-Match: ""                                 | 200
          HEAD   | 200 | T   | If-None-Match: "Foo"                              | 304
          POST   | 200 | T   | If-None-Match: "Foo"                              | 200
          PUT    | 200 | T   | If-None-Match: "Foo"                              | 200
          PATCH  | 200 | T   | If-None-Match: "Foo"                              | 200
          DELETE | 200 | T   | If-None-Match: "Foo"                              | 200
          GET    | 201 | T   | If-None-Match: "Foo"                              | 201
          GET    | 302 | T   | If-None-Match: "Foo"                              | 302
          GET    | 404 | T   | If-None-Match: "Foo"                              | 404
          GET    | 500 | T   | If-None-Match: "Foo"                              | 500
          GET    | 200 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT  | 304
          GET    | 200 | D   | If-Modified-Since: Wednesday, 23-Sep-09 13:36:33 GMT | 304
          GET    | 200 | D   | If-Modified-Since: Wed Sep 23 13:36:33 2009       | 304
          GET    | 200 | D   | If-Modified-Since: Wed, 23 Sep 2009 14:36:33 GMT  | 304
          GET    | 200 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:32 GMT  | 200
          GET    | 200 | D   | If-Modified-Since: 2009-09-23 13:36:33 +0000      | 200
          GET    | 200 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT; length=2 | 200
          GET    | 200 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 CEST | 200
          GET    | 200 | D   | If-Modified-Since: 0                              | 200
          HEAD   | 200 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT  | 304
          POST   | 200 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT  | 200
          DELETE | 200 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT  | 200
          GET    | 302 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT  | 302
          GET    | 404 | D   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT  | 404
          GET    | 200 | -   | If-None-Match: "12345"                            | 200
          GET    | 200 | -   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT  | 200
          GET    | 200 | T D | If-None-Match: "Foo"; If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT | 304
          GET    | 200 | T D | If-None-Match: "Foo"; If-Modified-Since: Wed, 23 Sep 2009 13:36:32 GMT | 304
          GET    | 200 | T D | If-None-Match: "Bar"; If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT | 200
          GET    | 200 | B   | If-Modified-Since: Wed, 23 Sep 2009 13:36:33 GMT  | 200
          """)
  void response_thatTheClientHas_is304(
      String method, int status, String validators, String conditions, int expected) {
    Headers sent = TEXT;
    sent = validators.contains("T") ? sent.plus("ETag", "\"Foo\"") : sent;
    sent = validators.contains("D") ? sent.plus("Last-Modified", DATE) : sent;
    sent =
        validators.contains("B") ? sent.plus("Last-Modified", "Jan, 23 Sep 2012 11:00 GMT") : sent;
    Headers asked = Headers.of();
    for (String condition : conditions.split("; (?=If-)")) {
      int colon = condition.indexOf(':');
      asked = asked.plus(condition.substring(0, colon), condition.substring(colon + 2));
    }
    TestResponse response = run(method, asked, status, sent);
    assertThat(response.status()).isEqualTo(expected);
    if (expected == 304) {
      assertThat(response.body()).isEmpty();
      // What describes the body is not sent; the validators are (RFC 9110 15.4.5).
      assertThat(response.headers().without("ETag"))
          .isEqualTo(sent.without("ETag").without("Content-Type"));
      assertThat(response.header("ETag")).isNotNull();
    } else if (!method.equals("HEAD")) {
      assertThat(response.text()).isEqualTo("TEST");
      assertThat(response.header("Content-Type")).isEqualTo("text/plain");
    }
  }

  @Test
  void notModified_keepsWhatCachesNeed() {
    Headers sent =
        TEXT.plus("ETag", "\"1234\"")
            .plus("Cache-Control", "max-age=60")
            .plus("Content-Location", "/x")
            .plus("Expires", DATE)
            .plus("Vary", "Accept")
            .plus("Set-Cookie", "a=b")
            .plus("Content-Length", "4")
            .plus("Content-Language", "de");
    TestResponse response = run("GET", Headers.of("If-None-Match", "\"1234\""), 200, sent);
    assertThat(response.status()).isEqualTo(304);
    assertThat(response.headers())
        .isEqualTo(
            sent.without("Content-Type").without("Content-Length").without("Content-Language"));
  }

  @Test
  void tag_thatIsNone_isComparedByItsBytes() {
    // Plack and Ring test with tags without quotes, which only a broken client sends back.
    Headers sent = TEXT.plus("ETag", "Foo");
    assertThat(run("GET", Headers.of("If-None-Match", "Foo"), 200, sent).status()).isEqualTo(304);
    assertThat(run("GET", Headers.of("If-None-Match", "Fo"), 200, sent).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "200, '', true",
    "200, Cache-Control: no-cache, true",
    "200, 'Cache-Control: no-cache, must-revalidate', true",
    "200, 'Cache-Control: private, no-store', false",
    "200, 'Last-Modified: Wed, 23 Sep 2009 13:36:33 GMT', true",
    "201, '', false",
    "401, '', false",
    "404, '', false"
  })
  void tag_isGivenTo200(int status, String header, boolean tagged) {
    int colon = header.indexOf(':');
    Headers sent =
        colon < 0 ? TEXT : TEXT.plus(header.substring(0, colon), header.substring(colon + 2));
    TestResponse response = run("GET", Headers.of(), status, sent);
    assertThat(response.header("ETag") != null).isEqualTo(tagged);
    // Rack adds a Cache-Control; here it stays what the application says.
    assertThat(response.header("Cache-Control")).isEqualTo(sent.get("Cache-Control"));
  }

  @Test
  void tag_isOfTheBytes_andStaysIfThereIsOne() {
    Application hello = Application.of(environ -> Responses.text("Hello, World!"));
    Application other = Application.of(environ -> Responses.text("Hello, world!"));
    Application own =
        Application.of(environ -> Responses.text("Hello, World!").withHeader("etag", "\"abc\""));
    TestRequest get = TestRequest.get("/");
    String tag = Web.run(ETag.of().wrap(hello), get).header("ETag");
    assertThat(tag).matches("\"[0-9a-f]{24}\"");
    assertThat(Web.run(ETag.of().wrap(hello), get).header("ETag")).isEqualTo(tag);
    assertThat(Web.run(ETag.of().wrap(other), get).header("ETag")).isNotEqualTo(tag);
    assertThat(Web.run(ETag.of().wrap(own), get).headers().all("ETag")).containsExactly("\"abc\"");
  }

  /** A body whose length is unknown may never end, so that it is not read; Plack passes it, too. */
  @Test
  void stream_isNotRead_andTheApplicationsTagCounts() {
    Body stream =
        Body.writing(
            out -> {
              for (String text : new String[] {"kling", "klang", "klong"}) {
                out.write(text.getBytes());
                out.flush();
              }
            });
    Application tagged =
        Application.of(e -> Response.of(200, TEXT.plus("ETag", "\"DEADBEEF\""), stream));
    TestRequest get = TestRequest.get("/");
    assertThat(Web.run(ETag.of().wrap(tagged), get).text()).isEqualTo("klingklangklong");
    TestResponse known =
        Web.run(ETag.of().wrap(tagged), get.withHeader("If-None-Match", "\"DEADBEEF\""));
    assertThat(known.status()).isEqualTo(304);
    assertThat(known.body()).isEmpty();
    Application untagged = Application.of(e -> Response.of(200, TEXT, stream));
    assertThat(Web.run(ETag.of().wrap(untagged), get).header("ETag")).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"none\"", "*"})
  void body_isClosedOnce(String condition) {
    AtomicInteger closed = new AtomicInteger();
    Application application =
        Application.of(
            e -> Response.of(200, TEXT, Body.of("TEST").onClose(closed::incrementAndGet)));
    Web.run(
        ETag.of().wrap(application), TestRequest.get("/").withHeader("If-None-Match", condition));
    assertThat(closed).hasValue(1);
  }
}

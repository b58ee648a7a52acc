package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.middleware.ErrorPages;
import dev.postern.web.middleware.RequestId;
import dev.postern.web.middleware.Rewrite;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of Rack's tests of responses and of pages for a status (spec_response.rb,
 * spec_show_status.rb), of Plack's of responses (Plack-Response/cookie.t, redirect.t),
 * Plack-Middleware-ReverseProxyPath's and -RequestId's, and of Ring's of responses.
 */
class PeerResponsesTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  // ---- cookies ----

  @Test
  void cookies_areOneFieldEach_alsoOfOneName() {
    Response response = Responses.text("");
    Cookie cookie = Cookie.of("foo", "bar").withPath(null).withHttpOnly(false).withSameSite(null);
    response = cookie.withDomain("sample.example.com").addTo(response);
    response = cookie.withDomain(".example.com").withPath("/cgi-bin").addTo(response);
    response = Cookie.of("foo2", "bar2").withSameSite(null).withHttpOnly(false).addTo(response);
    assertThat(response.headers().all("Set-Cookie"))
        .containsExactly(
            "foo=bar; Domain=sample.example.com",
            "foo=bar; Path=/cgi-bin; Domain=.example.com",
            "foo2=bar2; Path=/");
  }

  @Test
  void cookie_thatIsToBeForgotten_hasThePathAndDomainOfTheOther() {
    assertThat(Cookie.expired("foo").withPath("/path").withDomain(".example.com").header())
        .isEqualTo(
            "foo=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/path;"
                + " Domain=.example.com; HttpOnly; SameSite=Lax");
    assertThat(Cookie.of("t3", "123123").withMaxAge(Duration.ofSeconds(15)).header())
        .matches("t3=123123; Max-Age=15; Expires=..., \\d\\d ... \\d{4} [\\d:]{8} GMT; Path=/; .*");
    assertThat(Cookie.of("t4", "foo=bar&baz=qux").header()).startsWith("t4=foo=bar&baz=qux; ");
  }

  // ---- redirects, bodies ----

  @ParameterizedTest
  @CsvSource({
    "302, http://www.google.com/, http://www.google.com/",
    "301, http://www.google.com/, http://www.google.com/",
    "307, /foo, /foo",
    "303, http://example.com, http://example.com",
    "308, foobar/location, foobar/location"
  })
  void redirect_hasALocationAndNoBody(int status, String location, String expected) {
    TestResponse response =
        Web.run(environ -> Responses.redirect(status, location), TestRequest.get("/"));
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.header("Location")).isEqualTo(expected);
    assertThat(response.body()).isEmpty();
    assertThat(response.header("Content-Type")).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://www.google.com/\r\nX-Injection: true\r\n\r\nHello", "/a\nb", "/\0", "/\t"})
  void redirect_withAControlCharacter_isRefused(String location) {
    assertThatIllegalArgumentException().isThrownBy(() -> Responses.redirect(301, location));
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 304})
  void response_thatHasNoBody_isSentWithout_andItsBodyIsClosed(int status) {
    AtomicInteger closed = new AtomicInteger();
    Body body = Body.of("foobar").onClose(closed::incrementAndGet);
    TestResponse response =
        InMemoryGateway.builder(Application.of(e -> Response.of(status, Headers.of(), body)))
            .unlinted()
            .build()
            .run(TestRequest.get("/"));
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.body()).isEmpty();
    assertThat(response.header("Content-Type")).isNull();
    assertThat(closed).hasValue(1);
    assertThat(Responses.status(status).headers()).isEqualTo(Headers.of());
  }

  // ---- ErrorPages ----

  private static final ErrorPages PAGES =
      ErrorPages.of((environ, status) -> Responses.html("<h1>" + status + "</h1>"));

  private static TestResponse page(Response response) {
    return Web.run(PAGES.wrap(Application.of(e -> response)), TestRequest.get("/"));
  }

  @Test
  void page_isForAnErrorWithoutABody_andHasItsOtherHeaders() {
    AtomicInteger closed = new AtomicInteger();
    Headers sent = TEXT.plus("Content-Length", "0").plus("WWW-Authenticate", "Basic blah");
    TestResponse response =
        page(Response.of(401, sent, Body.empty().onClose(closed::incrementAndGet)));
    assertThat(response.status()).isEqualTo(401);
    assertThat(response.text()).isEqualTo("<h1>401</h1>");
    assertThat(response.headers().all("Content-Type")).containsExactly("text/html; charset=utf-8");
    assertThat(response.headers().all("Content-Length")).containsExactly("12");
    assertThat(response.header("WWW-Authenticate")).isEqualTo("Basic blah");
    assertThat(closed).hasValue(1);
  }

  @ParameterizedTest
  @CsvSource({"404, foo!, foo!", "200, '', ''", "302, '', ''", "500, foo!, foo!"})
  void page_neverReplacesABody_norAnotherStatus(int status, String body, String expected) {
    TestResponse response = page(Response.of(status, TEXT, Body.of(body)));
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.text()).isEqualTo(expected);
    assertThat(response.header("Content-Type")).isEqualTo("text/plain");
  }

  // ---- Rewrite ----

  private static final Application PLACE =
      Application.of(
          e -> Responses.text(e.variable("SCRIPT_NAME") + " " + e.variable("PATH_INFO")));

  /** Where the application is, what a trusted proxy says, the path, and what becomes of it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /wrapped      |             | /wrapped             | /wrapped
          /wrapped      |             | /wrapped/path        | /wrapped /path
          /deep/wrapped |             | /deep/wrapped/path   | /deep/wrapped /path
          ''            | /this       | /path                | /this /path
          ''            | /this       | /this/path           | /this /path
          ''            | /this       | /this                | /this
          ''            | /this       | /this/               | /this /
          ''            | /this       | /thisother           | /this /thisother
          ''            | /this/      | /path                | /this /path
          ''            | /this/deep  | /this/deep/path      | /this/deep /path
          ''            | /that that  | /path                | /that that /path
          ''            | this        | /path                | /path
          ''            | //evil.org  | /path                | /path
          ''            | /a//b       | /path                | /path
          ''            | ''          | /path                | /path
          ''            | /           | /path                | /path
          """)
  void rewrite_putsThePrefixOfTheProxyInFront(
      String mount, String prefix, String path, String expected) {
    Application application = Rewrite.forwarded(TrustedProxies.of("127.0.0.1")).wrap(PLACE);
    UrlMap map = UrlMap.builder().mount(mount, application).build();
    TestRequest request = TestRequest.get(path);
    TestResponse response =
        Web.run(map, prefix == null ? request : request.withHeader("X-Forwarded-Prefix", prefix));
    assertThat(response.text().trim()).isEqualTo(expected);
  }

  @Test
  void rewrite_ofAProxyThatNobodyTrusts_isNothing() {
    Application application = Rewrite.forwarded(TrustedProxies.of("10.0.0.1")).wrap(PLACE);
    for (String name :
        new String[] {"X-Forwarded-Prefix", "X-Forwarded-Script-Name", "X-Traversal-Path"}) {
      TestRequest request = TestRequest.get("/path").withHeader(name, "/this");
      assertThat(Web.run(application, request).text()).isEqualTo(" /path");
    }
  }

  // ---- RequestId ----

  @Test
  void requestId_isMade_orThatOfTheClient() {
    Application application =
        RequestId.of().wrap(Application.of(e -> Responses.text("" + RequestId.get(e))));
    TestResponse made = Web.get(application, "/");
    assertThat(made.status()).isEqualTo(200);
    assertThat(made.header("X-Request-Id")).matches("[0-9a-f-]{36}").isEqualTo(made.text());
    assertThat(Web.get(application, "/").text()).isNotEqualTo(made.text());
    TestResponse kept =
        Web.run(application, TestRequest.get("/").withHeader("X-Request-ID", "1234"));
    assertThat(kept.headers().all("X-Request-Id")).containsExactly("1234");
    assertThat(kept.text()).isEqualTo("1234");
  }
}

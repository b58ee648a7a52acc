package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.Response;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.Request;
import dev.postern.web.Responses;
import dev.postern.web.Web;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of Rack's tests of its logger, Basic authentication, HEAD, overridden methods and run
 * times (spec_common_logger.rb, spec_auth_basic.rb, spec_head.rb, spec_method_override.rb,
 * spec_runtime.rb), of rack-timeout's, of Plack's of the same and of errors
 * (Plack-Middleware/access_log.t, auth_basic.t, head.t, runtime.t, httpexceptions.t,
 * error_document.t, Plack-Middleware-MethodOverride) and of Ring's of HEAD and authorization.
 */
class PeerMiddlewaresTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final Application HELLO = Application.of(e -> Responses.text("Hello World"));

  private static TestResponse run(Middleware middleware, Application app, TestRequest request) {
    return Web.run(middleware.wrap(app), request);
  }

  // ---- AccessLog ----

  private static String logged(boolean combined, Application app, TestRequest request) {
    Clock clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    List<String> log = new ArrayList<>();
    run(AccessLog.lines(log::add, combined, clock), app, request);
    assertThat(log).hasSize(1);
    return log.get(0);
  }

  private static final String START = "127.0.0.1 - - [01/Jan/1970:00:00:00 +0000] ";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          GET  | /            | foobar | "GET / HTTP/1.1" 200 6
          GET  | /            | ~~     | "GET / HTTP/1.1" 200 -
          HEAD | /            | foobar | "HEAD / HTTP/1.1" 200 -
          GET  | /foo?bar=baz | foobar | "GET /foo?bar=baz HTTP/1.1" 200 6
          GET  | /?           | foobar | "GET /? HTTP/1.1" 200 6
          GET  | /a%20b%22    | foobar | "GET /a%20b%22 HTTP/1.1" 200 6
          POST | /foo         | foobar | "POST /foo HTTP/1.1" 200 6
          """)
  void accessLog_common_hasRequestStatusAndBytes(
      String method, String target, String body, String expected) {
    Application app = Application.of(e -> Response.of(200, TEXT, Body.of(body)));
    assertThat(logged(false, app, TestRequest.of(method, target))).isEqualTo(START + expected);
  }

  @Test
  void accessLog_bytes_areThoseThatWereSent_withoutALengthToo() {
    Application unknown =
        Application.of(e -> Response.of(200, TEXT, Body.writing(out -> out.write(new byte[123]))));
    assertThat(logged(false, unknown, TestRequest.get("/"))).endsWith("\" 200 123");
    Application none = Application.of(e -> Response.of(304, Headers.of()));
    assertThat(logged(false, none, TestRequest.get("/"))).endsWith("\" 304 -");
  }

  /** Rack takes what any client says for the client's address. */
  @ParameterizedTest
  @CsvSource({"X-Forwarded-For, 203.0.113.0", "Forwarded, for=203.0.113.0"})
  void accessLog_address_isThatOfTheConnection(String name, String value) {
    TestRequest request = TestRequest.get("/").withHeader(name, value);
    assertThat(logged(false, HELLO, request)).startsWith("127.0.0.1 - - [");
  }

  @Test
  void accessLog_combined_hasTwoHeadersMore_andTheUser() {
    TestRequest request =
        TestRequest.get("/").withHeader("User-Agent", "herp derp").withHeader("Referer", "0");
    assertThat(logged(true, HELLO, request))
        .isEqualTo(START + "\"GET / HTTP/1.1\" 200 11 \"0\" \"herp derp\"");
    assertThat(logged(true, HELLO, TestRequest.get("/"))).endsWith(" 200 11 \"-\" \"-\"");
    Application known = BasicAuth.of("r", (u, p) -> true).wrap(HELLO);
    assertThat(logged(false, known, basic("admin:s3cr3t")))
        .isEqualTo(START.replace("- - [", "- admin [") + "\"GET / HTTP/1.1\" 200 11");
    assertThat(logged(false, known, TestRequest.get("/")))
        .startsWith(START + "\"GET / HTTP/1.1\" 401 ");
  }

  @Test
  void accessLog_time_isThatOfItsZone() {
    List<String> log = new ArrayList<>();
    for (ZoneOffset zone : List.of(ZoneOffset.ofHours(2), ZoneOffset.ofHoursMinutes(-3, -30))) {
      Clock clock = Clock.fixed(Instant.EPOCH, zone);
      run(AccessLog.lines(log::add, false, clock), HELLO, TestRequest.get("/"));
    }
    assertThat(log.get(0)).contains("[01/Jan/1970:02:00:00 +0200]");
    assertThat(log.get(1)).contains("[31/Dec/1969:20:30:00 -0330]");
  }

  // ---- BasicAuth ----

  private static TestRequest basic(String pair) {
    byte[] bytes = pair.getBytes(StandardCharsets.UTF_8);
    return authorized("Basic " + Base64.getEncoder().encodeToString(bytes));
  }

  private static TestRequest authorized(String value) {
    return TestRequest.get("/").withHeader("Authorization", value);
  }

  private static final Application HI =
      Application.of(e -> Responses.text("Hi " + e.variable("REMOTE_USER")));

  private static final Middleware MAP =
      BasicAuth.of(
          "WallysWorld",
          (user, password) ->
              user.equals("admin") && password.equals("s3cr3t")
                  || user.equals("john") && password.equals("foo:bar")
                  || user.isEmpty() && password.equals("nobody")
                  || user.equals("bare") && password.isEmpty());

  @ParameterizedTest
  @CsvSource({
    "Basic YWRtaW46czNjcjN0, admin",
    "basic YWRtaW46czNjcjN0, admin",
    "BASIC YWRtaW46czNjcjN0, admin",
    "Basic   YWRtaW46czNjcjN0, admin",
    "Basic am9objpmb286YmFy, john",
    "Basic YmFyZTo=, bare",
    "Basic Om5vYm9keQ==, ''"
  })
  void basicAuth_userOfTheMap_isLetIn(String header, String user) {
    TestResponse response = run(MAP, HI, authorized(header));
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.text()).isEqualTo("Hi " + user);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Basic am9lOnBhc3N3b3Jk",
        "Digest params",
        "Bearer YWRtaW46czNjcjN0",
        "",
        "Basic",
        "Basic Zm9v",
        "Basic dGVzdA==",
        "Basic A=\"B\"",
        "Basic YWRtaW46czNjcjN0 x",
        "Basic YWRtaW46czNjcjN0=",
        "Basic YWRt aW46czNjcjN0",
        "Basic ====",
        "BasicYWRtaW46czNjcjN0",
        "YWRtaW46czNjcjN0"
      })
  void basicAuth_everyOtherRequest_isChallenged(String header) {
    TestResponse response = run(MAP, HI, authorized(header));
    assertThat(response.status()).isEqualTo(401);
    assertThat(response.header("WWW-Authenticate"))
        .isEqualTo("Basic realm=\"WallysWorld\", charset=\"UTF-8\"");
    assertThat(response.text()).isEqualTo("401 Unauthorized\n");
    assertThat(run(MAP, HI, TestRequest.get("/")).status()).isEqualTo(401);
  }

  @ParameterizedTest
  @CsvSource({
    "'', '', ''",
    "Basic, basic, ''",
    "Basic dGVzdA==, basic, dGVzdA==",
    "'Basic A=\"B\"', basic, 'A=\"B\"'",
    "'Digest a=1, b=2', digest, 'a=1, b=2'"
  })
  void credentials_areASchemeAndTheRest(String header, String scheme, String value) {
    var credentials = Web.request("HTTP_AUTHORIZATION", header).credentials();
    assertThat(credentials == null ? "" : credentials.scheme()).isEqualTo(scheme);
    assertThat(credentials == null ? "" : credentials.value()).isEqualTo(value);
  }

  // ---- HeadFromGet ----

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"})
  void headFromGet_isForHeadAlone(String method) {
    Application app =
        Application.of(
            e ->
                Responses.text("Hello World")
                    .withHeader("X-Method", e.method())
                    .withHeader("Content-Length", "11"));
    TestResponse response = run(HeadFromGet.of(), app, TestRequest.of(method, "/"));
    boolean head = method.equals("HEAD");
    assertThat(response.text()).isEqualTo(head ? "" : "Hello World");
    assertThat(response.header("Content-Length")).isEqualTo("11");
    assertThat(response.header("X-Method")).isEqualTo(head ? "GET" : method);
  }

  /** RFC 9110 14.2: Range is for GET alone. */
  @Test
  void headFromGet_rangeIsPassedOver() {
    Application app =
        Application.of(
            e ->
                Responses.text(
                    Request.of(e).ranges(9, null, null) + "" + e.variable("HTTP_IF_RANGE")));
    TestRequest head =
        TestRequest.of("HEAD", "/")
            .withHeader("Range", "bytes=0-1")
            .withHeader("If-Range", "\"a\"");
    assertThat(run(HeadFromGet.of(), app, head).header("Content-Length")).isEqualTo("8");
  }

  // ---- MethodOverride ----

  private static final Application METHOD =
      Application.of(e -> Responses.text(e.method() + " " + e.get("web.original_method")));

  @ParameterizedTest
  @CsvSource({
    "PUT, PUT POST",
    "put, PUT POST",
    "PATCH, PATCH POST",
    "Delete, DELETE POST",
    "GET, POST null",
    "HEAD, POST null",
    "OPTIONS, POST null",
    "TRACE, POST null",
    "CONNECT, POST null",
    "FOO, POST null",
    "EXEC, POST null",
    "'', POST null",
    "PUT PATCH, POST null"
  })
  void methodOverride_byHeaderOrField_isPutPatchOrDelete(String override, String expected) {
    TestRequest post = TestRequest.post("/", "text/plain", "x");
    assertThat(
            run(MethodOverride.of(), METHOD, post.withHeader("X-HTTP-Method-Override", override))
                .text())
        .isEqualTo(expected);
    TestRequest form =
        TestRequest.post(
            "/", "application/x-www-form-urlencoded", "_method=" + override.replace(" ", "+"));
    assertThat(run(MethodOverride.of(), METHOD, form).text()).isEqualTo(expected);
  }

  @Test
  void methodOverride_isForPostAlone_andNotInTheQuery() {
    for (String method : new String[] {"GET", "PUT", "DELETE"}) {
      TestRequest header =
          TestRequest.of(method, "/").withHeader("X-HTTP-Method-Override", "PATCH");
      assertThat(run(MethodOverride.of(), METHOD, header).text()).isEqualTo(method + " null");
    }
    assertThat(run(MethodOverride.of(), METHOD, TestRequest.get("/?_method=delete")).text())
        .isEqualTo("GET null");
    TestRequest query =
        TestRequest.post("/?_method=delete&x-tunneled-method=PUT", "text/plain", "");
    assertThat(run(MethodOverride.of(), METHOD, query).text()).isEqualTo("POST null");
  }

  @ParameterizedTest
  @CsvSource({
    "application/x-www-form-urlencoded, foo=bar, POST null",
    "application/x-www-form-urlencoded, foo=_method&name=Scott, POST null",
    "application/x-www-form-urlencoded, PUT=_method&_method=DELETE, DELETE POST",
    "application/x-www-form-urlencoded, _method=PUT&_method=DELETE, PUT POST",
    "application/json, '{\"_method\":\"put\"}', POST null",
    "multipart/form-data; boundary=AaB03x, --AaB03x, POST null"
  })
  void methodOverride_readsUrlencodedFormsAlone(String type, String body, String expected) {
    TestRequest request = TestRequest.post("/", type, body);
    assertThat(run(MethodOverride.of(), METHOD, request).text()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"_method=%BF", "(%bad-params%)"})
  void methodOverride_ofAMalformedForm_is400(String body) {
    TestRequest request = TestRequest.post("/", "application/x-www-form-urlencoded", body);
    TestResponse response = run(MethodOverride.of(), METHOD, request);
    assertThat(response.status()).isEqualTo(400);
    assertThat(response.text()).isEqualTo("400 Bad Request\n");
  }

  // ---- Runtime ----

  @Test
  void runtime_isOfTheOuterOne_andNoLessThanWhatItWraps() {
    long[] now = {0};
    Middleware inner = Runtime.of(() -> now[0] += 1_000_000);
    Application app = inner.wrap(HELLO);
    assertThat(Double.parseDouble(Web.get(app, "/").header("X-Runtime"))).isEqualTo(0.001);
    TestResponse response = run(Runtime.of(() -> now[0] += 1_000_000), app, TestRequest.get("/"));
    assertThat(response.headers().all("X-Runtime")).containsExactly("0.003000");
    Application own = Application.of(e -> Responses.text("x").withHeader("x-runtime", "foobar"));
    assertThat(run(inner, own, TestRequest.get("/")).headers().all("X-Runtime"))
        .containsExactly("0.001000");
  }

  // ---- ErrorPages ----

  private static Application failing() {
    return Application.of(
        environ ->
            switch (environ.pathInfo()) {
              case "/secret" -> throw new HttpException(403, "blah blah blah");
              case "/uncaught" -> throw new IllegalStateException("ugly stack trace here");
              case "/" -> Responses.text("fine");
              default ->
                  Response.of(Integer.parseInt(environ.pathInfo().substring(1)), Headers.of());
            });
  }

  @ParameterizedTest
  @CsvSource({
    "/, 200, fine",
    "/secret, 403, fancy 403",
    "/uncaught, 500, fancy 500",
    "/404, 404, fancy 404",
    "/500, 500, fancy 500",
    "/599, 599, fancy 599"
  })
  void errorPages_areShownWithTheStatusOfTheError(String path, int status, String text) {
    Middleware pages = ErrorPages.of((environ, code) -> Responses.text("fancy " + code));
    TestResponse response = run(pages, failing(), TestRequest.get(path));
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.text()).isEqualTo(text);
    assertThat(response.headers().toString()).doesNotContain("blah").doesNotContain("ugly");
  }

  @ParameterizedTest
  @CsvSource({"/secret, blah blah blah", "/uncaught, ugly stack trace here"})
  void error_isInTheLog_andNotInThePage(String path, String message) {
    for (Application application :
        List.of(
            failing(),
            ErrorPages.of((environ, code) -> null).wrap(failing()),
            ErrorPages.of((environ, code) -> Responses.text("sorry")).wrap(failing()))) {
      TestResponse response = Web.get(application, path);
      assertThat(response.text()).doesNotContain(message).doesNotContain("\tat ");
      assertThat(response.log()).contains(message);
    }
  }

  @Test
  void errorPages_thatFail_areThisServersFault() {
    Middleware pages =
        ErrorPages.of(
            (environ, code) -> {
              throw new IllegalStateException("/srv/pages/404.html");
            });
    for (String path : new String[] {"/404", "/secret", "/uncaught"}) {
      TestResponse response = run(pages, failing(), TestRequest.get(path));
      assertThat(response.status()).isEqualTo(500);
      assertThat(response.text()).isEqualTo("500 Internal Server Error\n");
    }
  }

  // ---- Timeout, MaxBody ----

  @Test
  void timeout_endsWhatSleeps_andLetsTheRestBe() {
    assertThat(
            run(
                    dev.postern.web.middleware.Timeout.of(Duration.ofMinutes(1)),
                    HELLO,
                    TestRequest.get("/"))
                .status())
        .isEqualTo(200);
    CountDownLatch never = new CountDownLatch(1);
    Application sleeping =
        Application.of(
            e -> {
              never.await();
              return Responses.text("late");
            });
    TestResponse response =
        run(
            dev.postern.web.middleware.Timeout.of(Duration.ofMillis(10)),
            sleeping,
            TestRequest.get("/sleep"));
    assertThat(response.status()).isEqualTo(503);
    assertThat(response.text()).isEqualTo("503 Service Unavailable\n");
    assertThat(Thread.interrupted()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 200", "1, 0, 413", "10, 10, 200", "11, 10, 413", "100000, 10, 413"})
  void maxBody_isALimitOfBytes(int length, int limit, int expected) {
    Application reading = Application.of(e -> Responses.text("" + Request.of(e).bytes().length));
    TestRequest known = TestRequest.of("POST", "/").withBody(new byte[length]);
    TestRequest chunked = TestRequest.of("POST", "/").withChunkedBody(new byte[length]);
    for (TestRequest request : List.of(known, chunked)) {
      TestResponse response = run(MaxBody.of(limit), reading, request);
      assertThat(response.status()).isEqualTo(expected);
      if (expected == 200) {
        assertThat(response.text()).isEqualTo("" + length);
      }
    }
  }

  // ---- RequestId ----

  @ParameterizedTest
  @CsvSource({"1234-abc.DEF_5, true", "'a,b', false", "'a;b', false", "../x, false", "é, false"})
  void requestId_ofTheClient_isTakenWhenItIsHarmless(String id, boolean taken) {
    Application app = Application.of(e -> Responses.text("" + RequestId.get(e)));
    TestResponse response =
        InMemoryGateway.of(RequestId.of().wrap(app))
            .run(TestRequest.get("/").withHeader("X-Request-Id", id));
    assertThat(response.header("X-Request-Id").equals(id)).isEqualTo(taken);
    assertThat(response.text()).isEqualTo(response.header("X-Request-Id"));
  }
}

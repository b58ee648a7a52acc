package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.Limits;
import dev.postern.web.Request;
import dev.postern.web.Responses;
import dev.postern.web.Router;
import dev.postern.web.TrustedProxies;
import dev.postern.web.Web;
import dev.postern.web.internal.PassedBody;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.crypto.bcrypt.BCrypt;

/** What each middleware is there for. */
@Timeout(60)
class MiddlewaresTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final Application HELLO = Application.of(environ -> Responses.text("hello"));
  private static final TestRequest GET = TestRequest.get("/a?b");

  private static TestResponse run(Middleware middleware, Application app, TestRequest request) {
    return Web.run(middleware.wrap(app), request);
  }

  private static Application seeing(String variable) {
    return Application.of(environ -> Responses.text("" + environ.variable(variable)));
  }

  // ---- AccessLog ----

  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2000-10-10T20:55:36Z"), ZoneOffset.ofHours(-7));

  @Test
  void accessLog_tellsWhatWasSent() {
    List<String> log = new ArrayList<>();
    Middleware common = AccessLog.lines(log::add, false, CLOCK);
    run(common, HELLO, GET);
    InMemoryGateway.builder(common.wrap((environ, start) -> Body.empty()))
        .unlinted()
        .build()
        .run(GET);
    run(
        common,
        Application.of(
            environ ->
                Response.of(
                    200,
                    TEXT,
                    Body.writing(
                        out -> {
                          out.write('x');
                          out.flush();
                          throw new IOException();
                        }))),
        GET);
    assertThat(log)
        .containsExactly(
            "127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a?b HTTP/1.1\" 200 5",
            "127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a?b HTTP/1.1\" 500 26",
            "127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a?b HTTP/1.1\" 200 1");
  }

  @Test
  void accessLog_combined_isOneLineWhateverComes() {
    List<String> log = new ArrayList<>();
    Middleware combined =
        AccessLog.lines(log::add, true, CLOCK).andThen(BasicAuth.of("r", (u, p) -> true));
    TestRequest request =
        TestRequest.get("/%0a\"")
            .withHeader("User-Agent", "a\"b\\c\u00e4")
            .withHeader("Authorization", basic("frank o\nx:y"));
    run(combined, HELLO, request);
    assertThat(log)
        .containsExactly(
            "127.0.0.1 - frank+o\\x0Ax [10/Oct/2000:13:55:36 -0700] \"GET /%0a\\\" HTTP/1.1\" 200 5"
                + " \"-\" \"a\\\"b\\\\c\\xE4\"");
  }

  @Test
  void accessLog_callsAFunction() {
    List<String> log = new ArrayList<>();
    run(
        AccessLog.of((environ, outcome) -> log.add(environ.method() + outcome.bytes())),
        HELLO,
        GET);
    assertThat(log).containsExactly("GET5");
  }

  // ---- BasicAuth ----

  private static String basic(String pair) {
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void basicAuth_letsKnownUsersInAndTellsWho() {
    Middleware auth = BasicAuth.of("Private \u00e4 \"x\"", "zo\u00e9", "a:b");
    TestRequest known = GET.withHeader("Authorization", basic("zo\u00e9:a:b"));
    assertThat(run(auth, seeing("REMOTE_USER"), known).text()).isEqualTo("zo\u00c3\u00a9");
    assertThat(run(auth, seeing("AUTH_TYPE"), known).text()).isEqualTo("Basic");
    for (String header :
        List.of("", "Basic", "Basic ???", "Bearer x", basic("me:no"), basic("zo\u00e9:a:b "))) {
      TestResponse unknown = run(auth, HELLO, GET.withHeader("Authorization", header));
      assertThat(unknown.status()).isEqualTo(401);
      assertThat(unknown.header("WWW-Authenticate"))
          .isEqualTo("Basic realm=\"Private \u00c3\u00a4 \\\"x\\\"\", charset=\"UTF-8\"");
      assertThat(unknown.text()).isEqualTo("401 Unauthorized\n");
    }
    assertThat(run(auth, HELLO, GET).status()).isEqualTo(401);
  }

  @Test
  void htpasswd_knowsTheUsersOfItsFile(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("htpasswd");
    String hash = BCrypt.hashpw("s\u00e9same", BCrypt.gensalt("$2y", 4));
    Files.writeString(file, "# users\n\nfrank:" + hash + "\n");
    Htpasswd users = Htpasswd.of(file);
    assertThat(users.test("frank", "s\u00e9same")).isTrue();
    assertThat(users.test("frank", "sesame")).isFalse();
    assertThat(users.test("nobody", "s\u00e9same")).isFalse();
    assertThat(users.test("frank", "x".repeat(1000))).isFalse();
    Files.writeString(file, "eve:" + hash + "\n");
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusSeconds(10)));
    assertThat(users.test("frank", "s\u00e9same")).isFalse();
    assertThat(users.test("eve", "s\u00e9same")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"frank:{SHA}x", "frank:$apr1$x$y", "frank", ":x", "frank:$2y$03$short"})
  void htpasswd_otherHashes_areRefused(String line, @TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("htpasswd"), line);
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> Htpasswd.of(file));
  }

  // ---- ETag ----

  @Test
  void etag_clientThatHasIt_gets304() {
    TestResponse first = run(ETag.of(), HELLO, GET);
    String tag = first.header("ETag");
    assertThat(tag).isEqualTo("\"2cf24dba5fb0a30e26e83b2a\""); // printf hello | sha256sum
    assertThat(first.text()).isEqualTo("hello");
    for (String known : List.of(tag, "W/" + tag, "\"x\", " + tag, "*")) {
      TestResponse second = run(ETag.of(), HELLO, GET.withHeader("If-None-Match", known));
      assertThat(second.status()).isEqualTo(304);
      assertThat(second.body()).isEmpty();
      assertThat(second.header("ETag")).isEqualTo(tag);
    }
    assertThat(run(ETag.of(), HELLO, GET.withHeader("If-None-Match", "\"x\"")).status())
        .isEqualTo(200);
    assertThat(run(ETag.of(), HELLO, GET.withHeader("If-Match", "\"x\"")).status()).isEqualTo(412);
    assertThat(run(ETag.of(), HELLO, TestRequest.of("HEAD", "/")).headers())
        .isEqualTo(first.headers());
    assertThat(run(ETag.of(), HELLO, TestRequest.of("POST", "/")).header("ETag")).isNull();
  }

  @Test
  void etag_ofTheApplication_counts() {
    Application app =
        Application.of(
            environ ->
                Response.of(
                    200,
                    TEXT.plus("ETag", "\"own\"")
                        .plus("Last-Modified", "Tue, 15 Nov 1994 12:45:26 GMT"),
                    Body.writing(out -> out.write('x'))));
    assertThat(run(ETag.of(), app, GET.withHeader("If-None-Match", "\"own\"")).status())
        .isEqualTo(304);
    TestRequest since = GET.withHeader("If-Modified-Since", "Tue, 15 Nov 1994 12:45:26 GMT");
    assertThat(run(ETag.of(), app, since).status()).isEqualTo(304);
  }

  @Test
  void etag_largeUnknownOrNoStore_passes() {
    Application unknown =
        Application.of(e -> Response.of(200, TEXT, Body.writing(out -> out.write('x'))));
    Application noStore =
        Application.of(e -> Responses.text("x").withHeader("Cache-Control", "no-store"));
    assertThat(run(ETag.of(), unknown, GET).header("ETag")).isNull();
    assertThat(run(ETag.of(), noStore, GET).header("ETag")).isNull();
    assertThat(run(ETag.of(4), HELLO, GET).header("ETag")).isNull();
    Application headOnly = Application.of(e -> Response.of(200, TEXT));
    assertThat(run(ETag.of(), headOnly, TestRequest.of("HEAD", "/")).header("ETag")).isNull();
  }

  // ---- Gzip ----

  @Test
  void gzip_clientThatAsks_getsIt() throws Exception {
    String text = "hello ".repeat(10_000);
    Headers headers = TEXT.with("Content-Length", "60000").with("ETag", "\"x\"");
    Application app = Application.of(environ -> Response.of(200, headers, Body.of(text)));
    TestResponse zipped = run(Gzip.of(), app, GET.withHeader("Accept-Encoding", "br, gzip"));
    assertThat(zipped.headers().without("Content-Length"))
        .isEqualTo(
            Headers.of(
                "Content-Type", "text/plain",
                "ETag", "W/\"x\"",
                "Vary", "Accept-Encoding",
                "Content-Encoding", "gzip"));
    assertThat(zipped.body()).hasSizeLessThan(2000);
    assertThat(new String(Unzipped.whole(zipped.body()), StandardCharsets.UTF_8)).isEqualTo(text);
    for (TestRequest plain : List.of(GET, GET.withHeader("Accept-Encoding", "gzip;q=0"))) {
      TestResponse response = run(Gzip.of(), app, plain);
      assertThat(response.text()).isEqualTo(text);
      assertThat(response.headers()).isEqualTo(headers.plus("Vary", "Accept-Encoding"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "200, Content-Encoding, br",
    "206, Content-Range, bytes 0-999/1000",
    "200, Cache-Control, 'max-age=1, no-transform'",
    "200, Content-Type, image/png",
    "200, Content-Type, text/event-stream"
  })
  void gzip_whatIsNotToBeCompressed_passes(int status, String name, String value) {
    Application app =
        Application.of(e -> Response.of(status, TEXT.with(name, value), Body.of("x".repeat(1000))));
    TestResponse response = run(Gzip.of(), app, GET.withHeader("Accept-Encoding", "gzip"));
    assertThat(response.text()).isEqualTo("x".repeat(1000));
    assertThat(response.header("Vary")).isNull();
  }

  @Test
  void gzip_smallOrHead_hasNoBody() throws Exception {
    TestRequest asks = GET.withHeader("Accept-Encoding", "gzip");
    assertThat(run(Gzip.of(), HELLO, asks).text()).isEqualTo("hello");
    TestResponse head =
        run(
            Gzip.of().withMinimum(0).withLevel(9),
            HELLO,
            TestRequest.of("HEAD", "/").withHeader("Accept-Encoding", "gzip"));
    assertThat(head.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(head.body()).isEmpty();
    assertThatIllegalArgumentException().isThrownBy(() -> Gzip.of().withLevel(0));
  }

  // ---- Gunzip ----

  private static final Application ECHO =
      Application.of(
          environ ->
              Responses.text(
                  environ.contentLength()
                      + " "
                      + Request.of(environ).text()
                      + environ.header("Content-Encoding")));

  private static TestRequest encoded(String coding, byte[] body) {
    return TestRequest.of("POST", "/").withHeader("Content-Encoding", coding).withBody(body);
  }

  @Test
  void gunzip_bodyIsDecompressed() throws Exception {
    byte[] zipped = Unzipped.zipped("hello".getBytes(StandardCharsets.US_ASCII));
    assertThat(run(Gunzip.of(5), ECHO, encoded("gzip", zipped)).text()).isEqualTo("-1 hellonull");
    assertThat(run(Gunzip.of(5), ECHO, encoded("X-GZIP", zipped)).text()).isEqualTo("-1 hellonull");
    assertThat(run(Gunzip.of(1), ECHO, TestRequest.post("/", "text/plain", "plain")).text())
        .isEqualTo("5 plainnull");
  }

  @Test
  void gunzip_inflater_endsWithTheRequest() throws Exception {
    List<InputStream> left = new ArrayList<>();
    Application reading =
        Application.of(
            environ -> {
              left.add(environ.input());
              return Responses.text(String.valueOf(environ.input().read()));
            });
    byte[] zipped = Unzipped.zipped("hello".getBytes(StandardCharsets.US_ASCII));
    assertThat(run(Gunzip.of(5), reading, encoded("gzip", zipped)).text()).isEqualTo("104");
    assertThatIOException().isThrownBy(() -> left.get(0).read()).withMessage("Stream closed");
  }

  @Test
  void gunzip_bomb_is413() throws Exception {
    byte[] bomb = Unzipped.zipped(new byte[10_000_000]);
    assertThat(bomb).hasSizeLessThan(20_000);
    assertThat(run(Gunzip.of(100_000), ECHO, encoded("gzip", bomb)).status()).isEqualTo(413);
  }

  @Test
  void gunzip_malformed_is400_andOtherCodings415() throws Exception {
    byte[] zipped = Unzipped.zipped("hello".getBytes(StandardCharsets.US_ASCII));
    assertThat(run(Gunzip.of(99), ECHO, encoded("gzip", new byte[] {1, 2, 3})).status())
        .isEqualTo(400);
    assertThat(
            run(Gunzip.of(99), ECHO, encoded("gzip", java.util.Arrays.copyOf(zipped, 12))).status())
        .isEqualTo(400);
    assertThat(run(Gunzip.of(99), ECHO, encoded("deflate", new byte[20])).status()).isEqualTo(400);
    assertThat(run(Gunzip.of(99), ECHO, encoded("gzip", new byte[0])).status()).isEqualTo(400);
    TestResponse other = run(Gunzip.of(99), ECHO, encoded("br", zipped));
    assertThat(other.status()).isEqualTo(415);
    assertThat(other.header("Accept-Encoding")).isEqualTo("gzip, deflate");
  }

  /** As {@code cat a.gz b.gz} makes it; the second member comes in a later packet. */
  @Test
  void gunzip_members_areOneBody() throws Exception {
    byte[] first = Unzipped.zipped("hel".getBytes(StandardCharsets.US_ASCII));
    byte[] second = Unzipped.zipped("lo".getBytes(StandardCharsets.US_ASCII));
    assertThat(inPackets(first, second).text()).isEqualTo("-1 hellonull");
    for (int cut = 1; cut < second.length; cut++) {
      byte[][] packets = {
        first,
        Arrays.copyOf(second, cut),
        Arrays.copyOfRange(second, cut, second.length),
        first.clone()
      };
      assertThat(inPackets(packets).text()).isEqualTo("-1 hellohelnull");
    }
  }

  @Test
  void gunzip_bytesAfterTheLastMember_are400() throws Exception {
    byte[] member = Unzipped.zipped("hello".getBytes(StandardCharsets.US_ASCII));
    for (int length : new int[] {1, 2, 3, 30}) {
      byte[] rest =
          "\037\213garbage that is no member of a gzip"
              .substring(0, length)
              .getBytes(StandardCharsets.ISO_8859_1);
      assertThat(inPackets(member, rest).status()).isEqualTo(400);
      byte[] whole = Arrays.copyOf(member, member.length + length);
      System.arraycopy(rest, 0, whole, member.length, length);
      assertThat(inPackets(whole).status()).isEqualTo(400);
    }
    byte[] half = Arrays.copyOf(member, 15);
    assertThat(inPackets(member, half).status()).isEqualTo(400);
  }

  /** Runs with a body of which each read gets one packet at most, and none is there before. */
  private static TestResponse inPackets(byte[]... packets) throws IOException {
    List<InputStream> streams = new ArrayList<>();
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (byte[] packet : packets) {
      streams.add(new ByteArrayInputStream(packet));
      whole.write(packet);
    }
    InputStream late =
        new FilterInputStream(new SequenceInputStream(Collections.enumeration(streams))) {
          @Override
          public int available() {
            return 0;
          }
        };
    Application received = withInput(late, Gunzip.of(99).wrap(ECHO));
    return Web.run(received, encoded("gzip", whole.toByteArray()));
  }

  // ---- HeadFromGet, MethodOverride ----

  @Test
  void headFromGet_applicationSeesAGet() {
    Application app =
        Application.of(
            e -> e.method().equals("GET") ? Responses.text("hello") : Responses.status(405));
    TestResponse head = run(HeadFromGet.of(), app, TestRequest.of("HEAD", "/"));
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("Content-Length")).isEqualTo("5");
    assertThat(head.body()).isEmpty();
    assertThat(run(HeadFromGet.of(), app, TestRequest.of("POST", "/")).status()).isEqualTo(405);
  }

  @ParameterizedTest
  @CsvSource({
    "POST, _method=put, PUT",
    "POST, _method=DELETE, DELETE",
    "POST, a=b, POST",
    "POST, _method=GET, POST",
    "POST, _method=EVIL, POST",
    "PUT, _method=DELETE, PUT"
  })
  void methodOverride_formSaysTheMethod(String method, String form, String expected) {
    TestRequest request =
        TestRequest.of(method, "/")
            .withHeader("Content-Type", "application/x-www-form-urlencoded")
            .withBody(form.getBytes(StandardCharsets.US_ASCII));
    Application app =
        Application.of(e -> Responses.text(e.method() + " " + Request.of(e).form().encoded()));
    assertThat(run(MethodOverride.of(), app, request).text()).isEqualTo(expected + " " + form);
  }

  @Test
  void methodOverride_headerSaysTheMethod() {
    TestRequest post =
        TestRequest.post("/", "text/plain", "x").withHeader("X-HTTP-Method-Override", "patch");
    assertThat(run(MethodOverride.of(), seeing("REQUEST_METHOD"), post).text()).isEqualTo("PATCH");
    TestRequest malformed = TestRequest.post("/", "application/x-www-form-urlencoded", "a=%zz");
    assertThat(run(MethodOverride.of(), HELLO, malformed).status()).isEqualTo(400);
  }

  @Test
  void methodOverride_readsFormsWithItsLimits() {
    String form = "_method=put&a=" + "x".repeat(100);
    TestRequest post = TestRequest.post("/", "application/x-www-form-urlencoded", form);
    Middleware small = MethodOverride.of(Limits.of().withBodyBytes(100));
    assertThat(run(small, seeing("REQUEST_METHOD"), post).status()).isEqualTo(413);
    Middleware large = MethodOverride.of(Limits.of().withBodyBytes(200));
    assertThat(run(large, seeing("REQUEST_METHOD"), post).text()).isEqualTo("PUT");
  }

  // ---- ErrorPages ----

  private static final Middleware PAGES =
      ErrorPages.of(
          (environ, status) ->
              status == 418 ? null : Responses.html("<h1>Sorry: " + status + "</h1>"));

  private static Application throwing(Exception error) {
    return Application.of(
        environ -> {
          throw error;
        });
  }

  @Test
  void errorPages_failures_areOurPages() {
    TestResponse call = run(PAGES, throwing(new IOException("/secret")), GET);
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.text()).isEqualTo("<h1>Sorry: 500</h1>");
    assertThat(call.header("Content-Type")).isEqualTo("text/html; charset=utf-8");
    assertThat(call.log()).contains("IOException: /secret");
    TestResponse thrown =
        run(PAGES, throwing(new HttpException(405, "no", Headers.of("Allow", "GET"))), GET);
    assertThat(thrown.status()).isEqualTo(405);
    assertThat(thrown.header("Allow")).isEqualTo("GET");
    assertThat(thrown.text()).isEqualTo("<h1>Sorry: 405</h1>");
    assertThat(thrown.log()).doesNotContain("\tat ");
    assertThat(run(PAGES, throwing(new HttpException(400, "a\npostern: 200")), GET).log())
        .isEqualTo("a\\u000Apostern: 200\n");
    Exception wrapped = new IllegalStateException(new GatewayException(503, "later"));
    assertThat(run(PAGES, throwing(wrapped), GET).status()).isEqualTo(503);
    assertThat(run(PAGES, throwing(new HttpException(418, "")), GET).text()).startsWith("418");
  }

  @Test
  void errorPages_failureOfTheBody_isOurPageWhileNothingWasSent() {
    Application early =
        Application.of(
            e ->
                Response.of(
                    200,
                    TEXT,
                    Body.writing(
                        out -> {
                          out.write('x');
                          throw new IOException("/secret");
                        })));
    TestResponse response = run(PAGES, early, GET);
    assertThat(response.status()).isEqualTo(500);
    assertThat(response.text()).isEqualTo("<h1>Sorry: 500</h1>");
  }

  @Test
  void errorPages_emptyErrors_areOurPages() {
    assertThat(run(PAGES, Application.of(e -> Response.of(404, Headers.of())), GET).text())
        .isEqualTo("<h1>Sorry: 404</h1>");
  }

  /** The texts of routers and of files, also inside of a middleware that wraps the body. */
  @Test
  void errorPages_plainTexts_areOurPages(@TempDir Path directory) {
    Middleware wrapping = dev.postern.web.middleware.Timeout.of(Duration.ofMinutes(1));
    for (Application app :
        List.of(
            Router.builder().build(),
            dev.postern.web.Files.under(directory),
            wrapping.wrap(Router.builder().build()))) {
      TestResponse response = run(PAGES, app, GET);
      assertThat(response.text()).isEqualTo("<h1>Sorry: 404</h1>");
      assertThat(response.header("Content-Type")).isEqualTo("text/html; charset=utf-8");
    }
    Router get = Router.builder().get("/a", e -> Responses.text("")).build();
    TestResponse put = run(PAGES, get, TestRequest.of("PUT", "/a"));
    assertThat(put.text()).isEqualTo("<h1>Sorry: 405</h1>");
    assertThat(put.header("Allow")).isEqualTo("GET, HEAD, OPTIONS");
  }

  /** What the client asks of its resource is not for the page. */
  @ParameterizedTest
  @CsvSource({
    "GET, Range, bytes=0-2",
    "GET, Range, bytes=900-",
    "GET, If-None-Match, *",
    "GET, If-Match, '\"other\"'",
    "GET, If-Modified-Since, 'Fri, 01 Jan 2100 00:00:00 GMT'",
    "GET, If-Unmodified-Since, 'Sat, 01 Jan 2000 00:00:00 GMT'",
    "POST, If-None-Match, *",
    "OPTIONS, Origin, null",
    "DELETE, Accept, */*"
  })
  void errorPages_files_areWhole(String method, String field, String value, @TempDir Path directory)
      throws IOException {
    Path file = Files.writeString(directory.resolve("error.html"), "<h1>Sorry</h1>");
    Middleware pages =
        ErrorPages.of((environ, status) -> dev.postern.web.Files.of(file).respond(environ));
    TestRequest request = TestRequest.of(method, "/").withHeader(field, value);
    List<Application> failing =
        List.of(Application.of(e -> Responses.status(404)), throwing(new HttpException(404, "no")));
    for (Application application : failing) {
      TestResponse response = run(pages, application, request);
      assertThat(response.status()).isEqualTo(404);
      assertThat(response.text()).isEqualTo("<h1>Sorry</h1>");
      assertThat(response.header("Content-Range")).isNull();
      assertThat(response.header("Content-Type")).startsWith("text/html");
      assertThat(response.header("Allow")).isNull();
    }
  }

  @Test
  void errorPages_method_isThatOfAPage() {
    Middleware pages =
        ErrorPages.of(
            (environ, status) ->
                Responses.text(
                    environ.method() + " for " + environ.variable("REDIRECT_REQUEST_METHOD")));
    Application missing = Application.of(e -> Responses.status(404));
    assertThat(run(pages, missing, TestRequest.of("PUT", "/")).text()).isEqualTo("GET for PUT");
    assertThat(run(pages, missing, GET).text()).isEqualTo("GET for GET");
    assertThat(run(pages, missing, TestRequest.of("HEAD", "/")).header("Content-Length"))
        .isEqualTo("13");
  }

  @Test
  void errorPages_otherTexts_stay() {
    for (String text : List.of("404 Not There\n", "404 Not Found, sorry\n")) {
      Application app = Application.of(e -> Responses.text(text).withStatus(404));
      assertThat(run(PAGES, app, GET).text()).isEqualTo(text);
    }
    assertThat(run(PAGES, Application.of(e -> Responses.status(418)), GET).text())
        .isEqualTo("418\n");
    Application late =
        (environ, start) -> {
          start.start(404, Headers.of("Content-Type", "text/plain; charset=utf-8"));
          return replaced(start);
        };
    assertThat(run(PAGES, late, GET).text()).isEqualTo("all is well.\n\n");
  }

  /** A body of the length of the plain text that replaces its response by another one. */
  private static Body replaced(StartResponse start) {
    Body body =
        Body.writing(
            out -> {
              out.write("404 No".getBytes(StandardCharsets.US_ASCII));
              start.start(200, TEXT, new IOException());
              out.write("all is well.\n\n".getBytes(StandardCharsets.US_ASCII));
            });
    return new PassedBody(body) {
      @Override
      public long length() {
        return 14;
      }
    };
  }

  /** Some parsers hide the exception of the body, others wrap it. */
  @Test
  void errorPages_shortRequestBody_is400() {
    TestRequest request =
        TestRequest.of("POST", "/").withHeader("Content-Length", "9").withBody(new byte[2]);
    assertThat(run(PAGES, reading(e -> new IOException("hidden")), request).status())
        .isEqualTo(400);
    assertThat(run(PAGES, reading(UncheckedIOException::new), request).status()).isEqualTo(400);
    assertThat(run(PAGES, reading(e -> new IllegalStateException()), request).status())
        .isEqualTo(500);
  }

  @Test
  void errorPages_lateOrInterruptedRequestBody_isNot400() {
    assertThat(readingFrom(new GatewayException(408, "late")).status()).isEqualTo(408);
    assertThat(readingFrom(new InterruptedIOException()).status()).isEqualTo(500);
  }

  private static TestResponse readingFrom(IOException failure) {
    InputStream broken =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw failure;
          }
        };
    Application pages = PAGES.wrap(reading(e -> new IOException("hidden")));
    return Web.run(withInput(broken, pages), GET);
  }

  private static Application withInput(InputStream input, Application application) {
    return (environ, startResponse) -> {
      Environ copy = environ.copy();
      copy.put("postern.input", input);
      return application.call(copy, startResponse);
    };
  }

  /** Reads the body, and throws what a parser makes of its failure. */
  private static Application reading(Function<IOException, Exception> parser) {
    return Application.of(
        e -> {
          try {
            e.input().readAllBytes();
          } catch (IOException failure) {
            throw parser.apply(failure);
          }
          return Responses.text("");
        });
  }

  // ---- Cors ----

  private static final Middleware CORS =
      Cors.builder("https://a.example", "http://localhost:3000")
          .methods("GET", "PUT")
          .headers("X-Token", "Content-Type")
          .exposedHeaders("X-Total")
          .credentials(true)
          .maxAge(Duration.ofHours(1))
          .build();

  private static TestRequest preflight(String origin, String method, String headers) {
    return TestRequest.of("OPTIONS", "/x")
        .withHeader("Origin", origin)
        .withHeader("Access-Control-Request-Method", method)
        .withHeader("Access-Control-Request-Headers", headers);
  }

  @Test
  void cors_allowedOrigin_mayRead() {
    TestResponse response = run(CORS, HELLO, GET.withHeader("Origin", "https://a.example"));
    assertThat(response.text()).isEqualTo("hello");
    assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo("https://a.example");
    assertThat(response.header("Access-Control-Allow-Credentials")).isEqualTo("true");
    assertThat(response.header("Access-Control-Expose-Headers")).isEqualTo("X-Total");
    assertThat(response.header("Vary")).isEqualTo("Origin");
    for (String other : List.of("https://a.example.evil.org", "null", "http://a.example")) {
      TestResponse refused = run(CORS, HELLO, GET.withHeader("Origin", other));
      assertThat(refused.header("Access-Control-Allow-Origin")).isNull();
      assertThat(refused.header("Vary")).isEqualTo("Origin");
    }
  }

  @Test
  void cors_preflight_isAnswered() {
    TestResponse allowed =
        run(CORS, HELLO, preflight("http://localhost:3000", "PUT", "x-token, content-type"));
    assertThat(allowed.status()).isEqualTo(204);
    assertThat(allowed.header("Access-Control-Allow-Methods")).isEqualTo("GET, PUT");
    assertThat(allowed.header("Access-Control-Allow-Headers")).isEqualTo("content-type, x-token");
    assertThat(allowed.header("Access-Control-Max-Age")).isEqualTo("3600");
    for (TestRequest refused :
        List.of(
            preflight("https://evil.org", "PUT", ""),
            preflight("https://a.example", "DELETE", ""),
            preflight("https://a.example", "PUT", "x-other"))) {
      TestResponse response = run(CORS, HELLO, refused);
      assertThat(response.status()).isEqualTo(204);
      assertThat(response.header("Access-Control-Allow-Origin")).isNull();
      assertThat(response.header("Access-Control-Allow-Methods")).isNull();
    }
    assertThat(run(CORS, HELLO, TestRequest.of("OPTIONS", "/")).text()).isEqualTo("hello");
  }

  @Test
  void cors_anyOrigin_isAStar() {
    Middleware any = Cors.builder("*").build();
    TestResponse response = run(any, HELLO, GET.withHeader("Origin", "https://x"));
    assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo("*");
    assertThat(response.header("Vary")).isNull();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cors.builder("*").credentials(true).build());
    assertThatIllegalArgumentException().isThrownBy(() -> Cors.builder("https://a/"));
    assertThatIllegalArgumentException().isThrownBy(() -> Cors.builder("a.example"));
  }

  // ---- SecureHeaders, RequestId, Runtime ----

  @Test
  void secureHeaders_areAddedWhereTheyAreMissing() {
    Application own =
        Application.of(e -> Responses.text("x").withHeader("x-frame-options", "DENY"));
    Middleware headers =
        SecureHeaders.of()
            .with("Referrer-Policy", "no-referrer")
            .without("Cross-Origin-Opener-Policy")
            .withTransportSecurity(Duration.ofDays(365), true);
    TestResponse response = run(headers, own, GET);
    assertThat(response.headers().all("X-Frame-Options")).containsExactly("DENY");
    assertThat(response.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(response.header("Referrer-Policy")).isEqualTo("no-referrer");
    assertThat(response.header("Cross-Origin-Opener-Policy")).isNull();
    assertThat(response.header("Content-Security-Policy")).startsWith("default-src 'self'");
    assertThat(response.header("Strict-Transport-Security")).isNull();
    TestResponse secure =
        InMemoryGateway.builder(headers.wrap(own)).scheme("https").build().run(GET);
    assertThat(secure.header("Strict-Transport-Security"))
        .isEqualTo("max-age=31536000; includeSubDomains");
  }

  @Test
  void requestId_isMadeOrKept() {
    Application app = Application.of(e -> Responses.text("" + RequestId.get(e)));
    TestResponse made = run(RequestId.of(), app, GET);
    assertThat(made.text()).hasSize(36).isEqualTo(made.header("X-Request-Id"));
    assertThat(made.outcome().facts()).containsEntry("web.request_id", made.text());
    TestResponse kept = run(RequestId.of(), app, GET.withHeader("X-Request-Id", "a-B_9.x"));
    assertThat(kept.text()).isEqualTo("a-B_9.x");
    for (String bad : List.of("", "a b", "<x>", "x".repeat(129))) {
      assertThat(run(RequestId.of(), app, GET.withHeader("X-Request-Id", bad)).text()).hasSize(36);
    }
    assertThat(Web.run(app, GET).text()).isEqualTo("null");
  }

  @Test
  void runtime_isInSeconds() {
    long[] now = {0};
    Middleware runtime = Runtime.of(() -> now[0] += 1_012_345_999L);
    assertThat(run(runtime, HELLO, GET).header("X-Runtime")).isEqualTo("1.012345");
  }

  /** The gateway makes the response of an exception, which must have the same headers. */
  @Test
  void headers_areAlsoThoseOfAnAnswerByException() {
    Middleware all =
        RequestId.of()
            .andThen(Runtime.of(() -> 0))
            .andThen(SecureHeaders.of())
            .andThen(Cors.builder("*").build());
    HttpException own = new HttpException(404, "no page", Headers.of("Retry-After", "7"));
    Exception hosted =
        new GatewayException(404, "no page", Headers.of("Retry-After", "7"), null, null);
    Application late =
        Application.of(
            environ ->
                Response.of(
                    200,
                    TEXT,
                    Body.writing(
                        out -> {
                          out.write('x');
                          throw new IOException(own);
                        })));
    for (Application app :
        List.of(throwing(own), throwing(hosted), throwing(new IOException(own)), late)) {
      TestResponse response = run(all, app, GET.withHeader("X-Request-Id", "7"));
      assertThat(response.status()).isEqualTo(404);
      assertThat(response.text()).isEqualTo("404 Not Found\n");
      assertThat(response.header("Retry-After")).isEqualTo("7");
      assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo("*");
      assertThat(response.header("X-Request-Id")).isEqualTo("7");
      assertThat(response.header("X-Runtime")).isEqualTo("0.000000");
      assertThat(response.header("X-Frame-Options")).isEqualTo("SAMEORIGIN");
      assertThat(response.log()).isEqualTo("postern: 404 for Environ[GET \"/a\"]: no page\n");
    }
  }

  @Test
  void headers_exceptionWithTheStackOfItsCause_staysAsItIs() {
    HttpException own =
        new HttpException(502, "no answer", Headers.of(), new IOException("/secret"));
    own.addSuppressed(new IOException("close"));
    TestResponse response = run(RequestId.of(), throwing(own), GET);
    Throwable failure = response.outcome().failure();
    assertThat(failure).hasCause(own.getCause()).hasSuppressedException(own.getSuppressed()[0]);
    assertThat(failure.getStackTrace()).isEqualTo(own.getStackTrace());
    Exception bug = new IllegalStateException("bug");
    assertThat(run(RequestId.of(), throwing(bug), GET).outcome().failure()).isSameAs(bug);
  }

  // ---- MaxBody ----

  @Test
  void maxBody_longer_is413() {
    Application reading = Application.of(e -> Responses.text("" + e.input().readAllBytes().length));
    TestRequest post = TestRequest.of("POST", "/");
    assertThat(run(MaxBody.of(5), reading, post.withBody(new byte[5])).text()).isEqualTo("5");
    assertThat(run(MaxBody.of(5), reading, post.withBody(new byte[6])).status()).isEqualTo(413);
    assertThat(run(MaxBody.of(5), HELLO, post.withBody(new byte[6])).status()).isEqualTo(413);
    assertThat(run(MaxBody.of(5), reading, post.withChunkedBody(new byte[5])).text())
        .isEqualTo("5");
    assertThat(run(MaxBody.of(5), reading, post.withChunkedBody(new byte[6])).status())
        .isEqualTo(413);
  }

  // ---- Rewrite ----

  @Test
  void rewrite_prefixGoesToScriptName() {
    Application app = Application.of(e -> Responses.text(e.scriptName() + " " + e.pathInfo()));
    Middleware fixed = Rewrite.prefix("/app");
    assertThat(run(fixed, app, TestRequest.get("/app/x")).text()).isEqualTo("/app /x");
    assertThat(run(fixed, app, TestRequest.get("/x")).text()).isEqualTo("/app /x");
    assertThat(run(fixed, app, TestRequest.get("/appx")).text()).isEqualTo("/app /appx");
    Middleware said = Rewrite.forwarded(TrustedProxies.of("127.0.0.1"));
    TestRequest get = TestRequest.get("/x");
    assertThat(run(said, app, get.withHeader("X-Forwarded-Prefix", "/p/")).text())
        .isEqualTo("/p /x");
    assertThat(run(said, app, get).text()).isEqualTo(" /x");
    for (String bad : List.of("p", "//evil.org", "/", "")) {
      assertThat(run(said, app, get.withHeader("X-Forwarded-Prefix", bad)).text()).isEqualTo(" /x");
    }
    Middleware others = Rewrite.forwarded(TrustedProxies.of("10.0.0.0/8"));
    assertThat(run(others, app, get.withHeader("X-Forwarded-Prefix", "/p")).text())
        .isEqualTo(" /x");
    for (String bad : List.of("", "a", "/a/", "//a", "/")) {
      assertThatIllegalArgumentException().isThrownBy(() -> Rewrite.prefix(bad));
    }
  }

  // ---- Timeout ----

  private static final Middleware SHORT =
      dev.postern.web.middleware.Timeout.of(Duration.ofMillis(20));

  @Test
  void timeout_callThatWaits_is503() {
    CountDownLatch never = new CountDownLatch(1);
    Application waiting =
        Application.of(
            e -> {
              never.await();
              return Responses.text("");
            });
    TestResponse response = run(SHORT, waiting, GET);
    assertThat(response.status()).isEqualTo(503);
    assertThat(response.header("Retry-After")).isEqualTo("10");
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void timeout_bodyThatWaits_isCutOr503() {
    CountDownLatch never = new CountDownLatch(1);
    for (boolean flushed : new boolean[] {false, true}) {
      Application waiting =
          Application.of(
              e ->
                  Response.of(
                      200,
                      TEXT,
                      Body.writing(
                          out -> {
                            out.write('x');
                            if (flushed) {
                              out.flush();
                            }
                            never.await();
                          })));
      TestResponse response = run(SHORT, waiting, GET);
      assertThat(response.status()).isEqualTo(flushed ? 200 : 503);
      assertThat(response.isComplete()).isEqualTo(!flushed);
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }
  }

  /** A writer that only computes looks at no interrupt, and has sent nothing before the limit. */
  @Test
  void timeout_bodyThatIgnoresInterrupts_is503() {
    for (boolean flushes : new boolean[] {false, true}) {
      Application computing =
          Application.of(
              e ->
                  Response.of(
                      200,
                      TEXT,
                      Body.writing(
                          out -> {
                            while (!Thread.currentThread().isInterrupted()) {
                              Thread.onSpinWait();
                            }
                            if (flushes) {
                              out.flush();
                            }
                            out.write(new byte[20_000]);
                          })));
      TestResponse response = run(SHORT, computing, GET);
      assertThat(response.status()).isEqualTo(503);
      assertThat(response.isComplete()).isTrue();
      assertThat(response.log())
          .endsWith("request must not take longer than PT0.02S\n")
          .hasLineCount(1);
    }
  }

  @Test
  void timeout_inTime_isNothing() {
    Middleware generous = dev.postern.web.middleware.Timeout.of(Duration.ofMinutes(1));
    assertThat(run(generous, HELLO, GET).text()).isEqualTo("hello");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> dev.postern.web.middleware.Timeout.of(Duration.ZERO));
  }
}

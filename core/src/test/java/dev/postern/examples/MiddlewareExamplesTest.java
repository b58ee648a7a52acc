package dev.postern.examples;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.fail;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Call;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.Test;

/** What each middleware is there for, in both forms. */
class MiddlewareExamplesTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final Application HELLO =
      Application.of(environ -> Response.of(200, TEXT, Body.of("hello")));

  private static Application failing(Body body) {
    return Application.of(environ -> Response.of(200, TEXT, body));
  }

  // ---- header ----

  @Test
  void addHeader_everyResponse_hasIt() {
    List<Middleware> forms =
        List.of(
            app -> AddHeader.overResponse("X-A", "1", app),
            app -> AddHeader.overStart("X-A", "1", app));
    for (Middleware form : forms) {
      assertThat(Call.get("/").run(form.wrap(HELLO)).headers())
          .isEqualTo(TEXT.with("X-A", "1").with("Content-Length", "5"));
    }
  }

  @Test
  void addHeader_overStart_seesAResponseThatIsReplacedLater() {
    Application late =
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write(bytes("half"));
                start.start(503, TEXT, new IOException());
                out.write(bytes("sorry"));
              });
        };
    Call call = Call.get("/").run(AddHeader.overStart("X-A", "1", late));
    assertThat(call.status()).isEqualTo(503);
    assertThat(call.header("X-A")).isEqualTo("1");
    assertThat(call.text()).isEqualTo("sorry");
    // Over Response it is out of the application's hands: a 500, never half a response.
    assertThat(Call.get("/").run(AddHeader.overResponse("X-A", "1", late)).status()).isEqualTo(500);
  }

  // ---- URL map ----

  private static Application name(String name) {
    return Application.of(
        environ ->
            Response.of(
                200, TEXT, Body.of(name + " " + environ.scriptName() + " " + environ.pathInfo())));
  }

  @Test
  void urlMap_longestPrefix_wins() {
    Map<String, Application> map =
        Map.of("/a", name("a"), "/a/b", name("ab"), "/ä", name("umlaut"));
    for (Application form : List.of(UrlMap.overResponse(map), UrlMap.overStart(map))) {
      assertThat(Call.get("/a/x").run(form).text()).isEqualTo("a /a /x");
      assertThat(Call.get("/a/b/c").run(form).text()).isEqualTo("ab /a/b /c");
      assertThat(Call.get("/a/b").run(form).text()).isEqualTo("ab /a/b ");
      assertThat(Call.get("/\u00C3\u00A4/\u00C3\u00A4").run(form).text()).isEqualTo("umlaut /ä /ä");
      assertThat(Call.get("/ab").run(form).status()).isEqualTo(404);
      assertThat(Call.get("/").run(form).text()).isEqualTo("Not Found\n");
    }
  }

  // ---- access log ----

  @Test
  void accessLog_seesWhatWasSent() {
    List<String> log = new ArrayList<>();
    List<Middleware> forms =
        List.of(
            app -> AccessLog.overResponse(log::add, app),
            app -> AccessLog.overStart(log::add, app));
    for (Middleware form : forms) {
      log.clear();
      Call.get("/a?b").run(form.wrap(HELLO));
      Call.get("/a").run(form.wrap((environ, start) -> Body.empty()));
      Call.get("/a").run(form.wrap(failing(steps(text("one"), fail(new IOException())))));
      assertThat(log)
          .containsExactly(
              "GET http://example.org/a?b 200 5",
              "GET http://example.org/a 500 26",
              "GET http://example.org/a 200 3 cut");
    }
  }

  // ---- basic auth ----

  private static String basic(String pair) {
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void basicAuth_letsKnownUsersInAndTellsWho() {
    BiPredicate<String, String> users = (user, password) -> password.equals("a:b");
    Application who =
        Application.of(
            environ ->
                Response.of(
                    200,
                    TEXT,
                    Body.of(environ.variable("AUTH_TYPE") + environ.variable("REMOTE_USER"))));
    for (Application form :
        List.of(BasicAuth.overResponse(users, who), BasicAuth.overStart(users, who))) {
      Call known = Call.get("/").header("Authorization", basic("zoé:a:b"));
      known
          .environ()
          .onFinish(outcome -> assertThat(known.environ().variable("REMOTE_USER")).isNull());
      known.run(form);
      assertThat(known.errors()).isEmpty();
      assertThat(known.text()).isEqualTo("Basiczo\u00C3\u00A9");
      for (String header : List.of("", "Basic", "Basic ???", "Bearer x", basic("me:no"))) {
        Call unknown = Call.get("/").header("Authorization", header).run(form);
        assertThat(unknown.status()).isEqualTo(401);
        assertThat(unknown.header("WWW-Authenticate")).isEqualTo("Basic realm=\"example\"");
        assertThat(unknown.text()).isEqualTo("Unauthorized\n");
      }
      assertThat(Call.get("/").run(form).status()).isEqualTo(401);
    }
  }

  // ---- error page ----

  @Test
  void errorPage_failureOfTheCall_isOurPage() {
    Application broken =
        (environ, start) -> {
          start.start(200, TEXT);
          throw new IOException("/secret");
        };
    for (Application form :
        List.of(ErrorPages.overResponse(broken), ErrorPages.overStart(broken))) {
      Call call = Call.get("/").run(form);
      assertThat(call.status()).isEqualTo(500);
      assertThat(call.text()).isEqualTo("<h1>We are sorry</h1>\n");
      assertThat(call.header("Content-Type")).isEqualTo("text/html; charset=utf-8");
      assertThat(call.errors()).contains("/secret");
    }
  }

  @Test
  void errorPage_failureOfTheBody_isOurPageOverStartOnly() {
    Application broken = failing(steps(fail(new IOException("/secret"))));
    Call overStart = Call.get("/").run(ErrorPages.overStart(broken));
    assertThat(overStart.status()).isEqualTo(500);
    assertThat(overStart.text()).isEqualTo("<h1>We are sorry</h1>\n");
    assertThat(overStart.outcome().failure()).hasMessage("/secret");
    Call overResponse = Call.get("/").run(ErrorPages.overResponse(broken));
    assertThat(overResponse.status()).isEqualTo(500);
    assertThat(overResponse.text()).isEqualTo("500 Internal Server Error\n");
  }

  // ---- gzip ----

  @Test
  void gzip_clientThatAsks_getsIt() throws IOException {
    String text = "hello ".repeat(10_000);
    Headers headers = TEXT.with("Content-Length", "60000").with("ETag", "\"x\"");
    Application app = Application.of(environ -> Response.of(200, headers, Body.of(text)));
    for (Application form : List.of(Gzip.overResponse(app), Gzip.overStart(app))) {
      Call call = Call.get("/").header("Accept-Encoding", "br, gzip").run(form);
      assertThat(call.headers().without("Content-Length"))
          .isEqualTo(
              Headers.of(
                  "Content-Type", "text/plain",
                  "ETag", "W/\"x\"",
                  "Content-Encoding", "gzip",
                  "Vary", "Accept-Encoding"));
      assertThat(call.sink().bytes()).hasSizeLessThan(2000);
      assertThat(Unzipped.whole(call.sink().bytes())).isEqualTo(text);
      assertThat(call.outcome().complete()).isTrue();
      Call plain = Call.get("/").run(form);
      assertThat(plain.text()).isEqualTo(text);
      assertThat(plain.headers()).isEqualTo(headers);
    }
  }

  // ---- ETag ----

  @Test
  void etag_clientThatHasIt_gets304() {
    for (Application form : List.of(ETag.overResponse(HELLO), ETag.overStart(HELLO))) {
      Call first = Call.get("/").run(form);
      String tag = first.header("ETag");
      assertThat(tag).isEqualTo("\"2cf24dba5fb0a30e26e83b2a\""); // printf hello | sha256sum
      assertThat(first.text()).isEqualTo("hello");
      for (String known : List.of(tag, "W/" + tag, "\"x\", " + tag, "*")) {
        Call second = Call.get("/").header("If-None-Match", known).run(form);
        assertThat(second.status()).isEqualTo(304);
        assertThat(second.sink().bytes()).isEmpty();
        assertThat(second.header("ETag")).isEqualTo(tag);
      }
      assertThat(Call.get("/").header("If-None-Match", "\"x\"").run(form).status()).isEqualTo(200);
      Call head = Call.of("HEAD", "/").run(form);
      assertThat(head.headers()).isEqualTo(first.headers());
    }
  }

  @Test
  void etag_overStart_doesNotHideASecondStart() {
    Application twice =
        (environ, start) -> {
          start.start(200, TEXT);
          start.start(200, TEXT);
          return Body.of("x");
        };
    assertThat(Call.get("/").run(ETag.overStart(twice)).status()).isEqualTo(500);
    assertThat(Call.get("/").run(ETag.overResponse(twice)).status()).isEqualTo(500);
  }
}

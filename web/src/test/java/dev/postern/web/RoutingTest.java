package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutingTest {
  private static Application named(String name) {
    return Application.of(
        environ -> Responses.text(name + " " + environ.scriptName() + " " + environ.pathInfo()));
  }

  // ---- UrlMap ----

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          /a,            a /a
          /a/,           a /a /
          /a/x,          a /a /x
          /a//x,         a /a //x
          /a/b,          ab /a/b
          /a/b/c,        ab /a/b /c
          /a/bc,         a /a /bc
          /longer/path,  long /longer/path
          /longer,       404 Not Found
          /ab,           404 Not Found
          /A,            404 Not Found
          //a,           404 Not Found
          /a;x=1,        404 Not Found
          /,             404 Not Found
          '',            404 Not Found
          """)
  void urlMap_longestPrefixOfWholeSegmentsWins(String path, String expected) {
    UrlMap map =
        UrlMap.of(Map.of("/a", named("a"), "/a/b/", named("ab"), "/longer/path", named("long")));
    assertThat(Web.get(map, path).text().strip()).isEqualTo(expected);
  }

  @Test
  void urlMap_rootTakesTheRest_andBytesMatch() {
    UrlMap map = UrlMap.of(Map.of("", named("root"), "/gr\u00fc\u00dfe", named("app")));
    assertThat(Web.get(map, "/x").text()).isEqualTo("root  /x");
    assertThat(Web.get(map, "").text()).isEqualTo("root  ");
    assertThat(Web.get(map, "/gr%C3%BC%C3%9Fe/x").text()).isEqualTo("app /gr\u00fc\u00dfe /x");
  }

  @Test
  void urlMap_hostComesFirst() {
    UrlMap map =
        UrlMap.builder()
            .mount("/a/b", named("any"))
            .mount("Example.org", "/", named("host"))
            .mount("example.org", "/a", named("hostA"))
            .build();
    assertThat(host(map, "example.org", "/a/b")).isEqualTo("hostA /a /b");
    assertThat(host(map, "EXAMPLE.ORG:8080", "/x")).isEqualTo("host  /x");
    assertThat(host(map, "other.org", "/a/b")).isEqualTo("any /a/b ");
    assertThat(host(map, "other.org", "/x")).startsWith("404");
    assertThat(map).hasToString("UrlMap[//example.org/a, //example.org/, /a/b]");
  }

  private static String host(UrlMap map, String host, String path) {
    return Web.run(map, TestRequest.get(path).withHeader("Host", host)).text();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "example.org:80", "[::1]:80", "::1", "http://example.org", "a/b"})
  void urlMap_badHost_isRefused(String host) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UrlMap.builder().mount(host, "", named("a")))
        .withMessage("host must be a name or an address without a port: \"" + host + "\"");
  }

  @Test
  void urlMap_badPrefix_isRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> UrlMap.of(Map.of("a", named("a"))));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                UrlMap.builder()
                    .mount("/a", named("a"))
                    .mount("/b", named("b"))
                    .mount("/a/", named("c")));
  }

  @Test
  void close_closesEachOnce() throws Exception {
    List<String> closed = new ArrayList<>();
    Application closing = new Closing(closed);
    Router.builder().route("GET", "/a", closing).route("GET", "/b", closing).build().close();
    UrlMap.builder().mount("/a", closing).mount("/b", closing).build().close();
    Cascade.of(closing, closing, named("x")).close();
    assertThat(closed).hasSize(3);
  }

  private record Closing(List<String> closed) implements Application, AutoCloseable {
    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      return Body.empty();
    }

    @Override
    public void close() {
      closed.add("closed");
    }
  }

  // ---- Router ----

  private static final Router ROUTER =
      Router.builder()
          .get("/", environ -> Responses.text("root"))
          .get("/users", environ -> Responses.text("list"))
          .post("/users", environ -> Responses.text("create"))
          .get("/users/new", environ -> Responses.text("new"))
          .get("/users/{id}", environ -> Responses.text("user " + Router.parameter(environ, "id")))
          .delete("/users/{id}", environ -> Responses.noContent())
          .get(
              "/users/{id}/files/{path...}",
              environ ->
                  Responses.text(
                      Router.parameter(environ, "id") + ":" + Router.parameter(environ, "path")))
          .route("OPTIONS", "/own", Application.of(environ -> Responses.text("own")))
          .route("HEAD", "/own", Application.of(environ -> Responses.status(500)))
          .get("/own", environ -> Responses.text("x"))
          .build();

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          GET,    /,                    200, root
          GET,    /users,               200, list
          POST,   /users,               200, create
          GET,    /users/new,           200, new
          GET,    /users/7,             200, user 7
          GET,    /users/%C3%A4%20b,    200, user ä b
          GET,    /users/7/files/,      200, 7:
          GET,    /users/7/files/a/b,   200, 7:a/b
          DELETE, /users/new,           204, ''
          HEAD,   /users,               200, ''
          HEAD,   /own,                 500, ''
          OPTIONS, /own,                200, own
          GET,    /users/,              404, 404 Not Found
          GET,    /users/7/,            404, 404 Not Found
          GET,    /users/7/files,       404, 404 Not Found
          GET,    /Users,               404, 404 Not Found
          GET,    //users,              404, 404 Not Found
          PATCH,  /nothing,             404, 404 Not Found
          GET,    /users/%ff,           400, 400 Bad Request
          get,    /users,               405, 405 Method Not Allowed
          """)
  void router_routesByMethodAndPath(String method, String path, int status, String text) {
    TestResponse response = Web.run(ROUTER, TestRequest.of(method, path));
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.text().strip()).isEqualTo(text);
  }

  @Test
  void router_anotherMethod_is405WithAllow() {
    TestResponse put = Web.run(ROUTER, TestRequest.of("PUT", "/users"));
    assertThat(put.status()).isEqualTo(405);
    assertThat(put.header("Allow")).isEqualTo("GET, HEAD, OPTIONS, POST");
    TestResponse post = Web.run(ROUTER, TestRequest.of("POST", "/users/new"));
    assertThat(post.header("Allow")).isEqualTo("DELETE, GET, HEAD, OPTIONS");
    TestResponse options = Web.run(ROUTER, TestRequest.of("OPTIONS", "/users/7"));
    assertThat(options.status()).isEqualTo(204);
    assertThat(options.header("Allow")).isEqualTo("DELETE, GET, HEAD, OPTIONS");
  }

  @Test
  void router_otherwise_takesTheRest() {
    Router router =
        Router.builder().get("/a", e -> Responses.text("a")).otherwise(named("rest")).build();
    assertThat(Web.get(router, "/b").text()).isEqualTo("rest  /b");
    assertThat(Web.run(router, TestRequest.of("PUT", "/a")).status()).isEqualTo(405);
  }

  @Test
  void router_insideOfARouter_seesBothParameters() {
    Router inner =
        Router.builder()
            .get("/x/{b}", e -> Responses.text(Router.parameter(e, "a") + Router.parameter(e, "b")))
            .build();
    Router outer =
        Router.builder()
            .route(
                "GET",
                "/{a}/{rest...}",
                (environ, start) -> {
                  Environ copy = environ.copy();
                  copy.put("PATH_INFO", "/" + Router.parameter(environ, "rest"));
                  return inner.call(copy, start);
                })
            .build();
    assertThat(Web.get(outer, "/1/x/2").text()).isEqualTo("12");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a", "/{a", "/a}", "/x{a}", "/{a}x", "/{}", "/{a}/{a}", "/{a...}/b", "/{a{b}}"})
  void router_badTemplate_isRefused(String template) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Router.builder().get(template, e -> Responses.text("")));
  }

  @Test
  void router_sameRouteTwice_isRefused() {
    Router.Builder builder = Router.builder().get("/{a}", e -> Responses.text(""));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.get("/{a}", e -> Responses.text("")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.post("/{b}", e -> Responses.text("")));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.route("G T", "/b", named("x")));
  }

  // ---- Cascade ----

  @Test
  void cascade_goesOnAt404And405() {
    List<String> closed = new ArrayList<>();
    Application notFound =
        Application.of(
            environ ->
                Response.of(
                    404,
                    Headers.of("Content-Type", "text/plain"),
                    Body.of("no").onClose(() -> closed.add("closed"))));
    Application thrown =
        Application.of(
            environ -> {
              throw new HttpException(405, "no");
            });
    TestResponse response = Web.get(Cascade.of(notFound, thrown, named("third")), "/x");
    assertThat(response.text()).isEqualTo("third  /x");
    assertThat(closed).containsExactly("closed");
    assertThat(Web.get(Cascade.of(named("first"), notFound), "/x").text()).isEqualTo("first  /x");
    assertThat(Web.get(Cascade.of(thrown, notFound), "/x").text()).isEqualTo("no");
    assertThat(Web.get(Cascade.of(), "/x").status()).isEqualTo(404);
  }

  /** As a directory of hosted programs answers, and a template engine that wraps exceptions. */
  @Test
  void cascade_goesOnAt404And405_thatAreThrownInAnotherForm() {
    Application hosted =
        (environ, start) -> {
          throw new GatewayException(404, "program must exist");
        };
    Application wrapped =
        (environ, start) -> {
          throw new IllegalStateException(new HttpException(405, "no"));
        };
    Application failing =
        (environ, start) -> {
          throw new GatewayException(502, "program must answer");
        };
    assertThat(Web.get(Cascade.of(hosted, wrapped, named("third")), "/x").text())
        .isEqualTo("third  /x");
    assertThat(Web.get(Cascade.of(failing, named("x")), "/x").status()).isEqualTo(502);
  }

  @Test
  void cascade_otherErrors_areAnswers() {
    Application forbidden =
        Application.of(
            environ -> {
              throw new HttpException(403, "no");
            });
    assertThat(Web.get(Cascade.of(forbidden, named("x")), "/").status()).isEqualTo(403);
  }
}

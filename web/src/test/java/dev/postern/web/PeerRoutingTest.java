package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The cases of Rack's tests of routes (spec_urlmap.rb, spec_cascade.rb), of Plack's
 * (Plack-Middleware/urlmap.t, urlmap_ports.t, cascade/basic.t) and of Ring's of the context of a
 * request.
 */
class PeerRoutingTest {
  private static Application named(String name) {
    return Application.of(
        environ ->
            Responses.text(
                name
                    + "|"
                    + environ.variable("SCRIPT_NAME")
                    + "|"
                    + environ.variable("PATH_INFO")));
  }

  private static String run(Application application, String host, String path) {
    TestResponse response = Web.run(application, TestRequest.get(path).withHeader("Host", host));
    return response.status() == 200 ? response.text() : Integer.toString(response.status());
  }

  // ---- UrlMap ----

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      textBlock =
          """
          localhost / 404
          localhost /qux 404
          localhost /foo foo|/foo|
          localhost /foo/ foo|/foo|/
          localhost /foo/bar foobar|/foo/bar|
          localhost /foo/bar/ foobar|/foo/bar|/
          localhost /foo/bar//quux foobar|/foo/bar|//quux
          localhost /foo///bar//quux foo|/foo|///bar//quux
          localhost /foo/quux foo|/foo|/quux
          localhost /foobar 404
          foo.org /bar host|/bar|
          foo.org /bar/ host|/bar|/
          foo.org:8080 /bar host|/bar|
          FOO.ORG /bar host|/bar|
          localhost /bar 404
          """)
  void prefix_isTheLongestOfWholeSegments(String host, String path, String expected) {
    UrlMap map =
        UrlMap.builder()
            .mount("foo.org", "/bar", named("host"))
            .mount("/foo", named("foo"))
            .mount("/foo/bar", named("foobar"))
            .build();
    assertThat(run(map, host, path)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      textBlock =
          """
          localhost / app1||/
          localhost /foo app2|/foo|
          localhost /foo/bar app2|/foo|/bar
          localhost /foox app1||/foox
          localhost /foobar app3|/foobar|
          localhost /foobar/baz app3|/foobar|/baz
          localhost /http://example.org/bar app1||/http://example.org/bar
          bar.example.com / app4||/
          bar.example.com /foo app4||/foo
          """)
  void prefix_ofEverything_takesTheRest(String host, String path, String expected) {
    UrlMap map =
        UrlMap.builder()
            .mount("/", named("app1"))
            .mount("/foo", named("app2"))
            .mount("/foobar", named("app3"))
            .mount("bar.example.com", "/", named("app4"))
            .build();
    assertThat(run(map, host, path)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "bar.org, bar",
    "foo.org, foo",
    "subdomain.foo.org, subdomain",
    "example.org, default",
    "any-host.org, default",
    "example.org:9292, default",
    "foo.org:9292, foo",
    "127.0.0.1, address",
    "127.0.0.1:8080, address",
    "[::1]:8080, address6",
    "[::1], address6",
    "xfoo.org, default",
    "foo.org.example.org, default"
  })
  void host_isWithoutPortAndCase(String host, String expected) {
    UrlMap map =
        UrlMap.builder()
            .mount("foo.org", "/", named("foo"))
            .mount("subdomain.foo.org", "/", named("subdomain"))
            .mount("bar.org", "/", named("bar"))
            .mount("127.0.0.1", "/", named("address"))
            .mount("[::1]", "/", named("address6"))
            .mount("/", named("default"))
            .build();
    assertThat(run(map, host, "/")).isEqualTo(expected + "||/");
    assertThat(run(map, host.toUpperCase(java.util.Locale.ROOT), "/")).isEqualTo(expected + "||/");
  }

  @Test
  void host_thatAProxySays_doesNotCount() {
    UrlMap map =
        UrlMap.builder().mount("any-host.org", "/", named("any")).mount("/", named("all")).build();
    TestRequest request =
        TestRequest.get("/")
            .withHeader("Host", "other.org")
            .withHeader("X-Forwarded-Host", "any-host.org");
    assertThat(Web.run(map, request).text()).isEqualTo("all||/");
  }

  @Test
  void maps_nest_andTheOuterOnesEnvironStays() {
    UrlMap inner = UrlMap.of(Map.of("/quux", named("in")));
    UrlMap map = UrlMap.of(Map.of("/foo", UrlMap.of(Map.of("/bar", inner))));
    assertThat(run(map, "h", "/foo/bar")).isEqualTo("404");
    assertThat(run(map, "h", "/foo/bar/quux")).isEqualTo("in|/foo/bar/quux|");
    Application around =
        (environ, start) -> {
          Body body = map.call(environ, start);
          assertThat(environ.variable("SCRIPT_NAME")).isEmpty();
          assertThat(environ.variable("PATH_INFO")).isEqualTo("/foo/bar/quux");
          return body;
        };
    assertThat(run(around, "h", "/foo/bar/quux")).isEqualTo("in|/foo/bar/quux|");
  }

  @Test
  void scriptName_thatIsThere_staysInFront() {
    UrlMap map = UrlMap.of(Map.of("/foo", named("foo")));
    TestResponse response =
        InMemoryGateway.builder(map).scriptName("/bleh").build().run(TestRequest.get("/foo/quux"));
    assertThat(response.text()).isEqualTo("foo|/bleh/foo|/quux");
  }

  // ---- Cascade ----

  @Test
  void cascade_goesOnAt404And405(@TempDir Path root) throws Exception {
    Files.writeString(root.resolve("test"), "file");
    Application crash =
        UrlMap.of(
            Map.of(
                "/crash",
                Application.of(
                    environ -> {
                      throw new IllegalStateException("boom");
                    })));
    Application foo = UrlMap.of(Map.of("/foo", named("foo")));
    Cascade cascade = Cascade.of(dev.postern.web.Files.under(root), crash, foo);
    assertThat(Web.get(cascade, "/test").text()).isEqualTo("file");
    assertThat(Web.get(cascade, "/foo").text()).isEqualTo("foo|/foo|");
    assertThat(Web.get(cascade, "/toobad").status()).isEqualTo(404);
    assertThat(Web.get(cascade, "/../..").status()).isEqualTo(404);
    // Files answer PUT with 405.
    assertThat(Web.run(cascade, TestRequest.of("PUT", "/foo")).text()).isEqualTo("foo|/foo|");
    TestResponse crashed = Web.get(cascade, "/crash");
    assertThat(crashed.status()).isEqualTo(500);
    assertThat(crashed.text()).doesNotContain("boom");
    UrlMap mounted = UrlMap.of(Map.of("/static", cascade));
    assertThat(Web.get(mounted, "/static/test").text()).isEqualTo("file");
    assertThat(Web.get(mounted, "/static/none").status()).isEqualTo(404);
  }

  @Test
  void cascade_ofNothing_is404_eachTimeAnew() {
    Cascade none = Cascade.of();
    for (int i = 0; i < 2; i++) {
      assertThat(Web.get(none, "/").status()).isEqualTo(404);
    }
  }

  @Test
  void cascade_atItsEnd_hasTheLastAnswer_andClosesTheOthers() {
    List<String> closed = new ArrayList<>();
    Application first =
        Application.of(
            environ ->
                Response.of(
                    404,
                    Headers.of("Content-Type", "text/plain"),
                    Body.of("first").onClose(() -> closed.add("first"))));
    Application last = Application.of(environ -> Responses.status(405).withHeader("Allow", "PUT"));
    TestResponse response = Web.get(Cascade.of(first, last), "/");
    assertThat(response.status()).isEqualTo(405);
    assertThat(response.header("Allow")).isEqualTo("PUT");
    assertThat(closed).containsExactly("first");
  }

  @ParameterizedTest
  @CsvSource({"403, 403", "500, 500", "200, 200", "404, 200", "405, 200", "410, 410"})
  void cascade_takesEveryOtherStatus(int first, int expected) {
    Application one = Application.of(environ -> Responses.status(first));
    Cascade cascade = Cascade.of(one, named("next"));
    assertThat(Web.get(cascade, "/").status()).isEqualTo(expected);
  }
}

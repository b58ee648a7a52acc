package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Application;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.Responses;
import dev.postern.web.Web;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of the tests of rack-cors and of Plack-Middleware-CrossOrigin, with the values that the
 * WHATWG Fetch standard gives them.
 */
class PeerCorsTest {
  private static final Application SUCCESS = Application.of(e -> Responses.text("success"));

  private static final Cors SOME =
      Cors.builder("http://localhost:3000", "http://192.168.0.3:8080", "content://com.company.app")
          .methods("GET", "PUT")
          .headers("X-Domain-Token", "X-Requested-With")
          .exposedHeaders("expose-test-1", "expose-test-2")
          .build();

  private static final Cors ANY =
      Cors.builder("*")
          .methods("GET", "POST")
          .headers("X-Extra-Header")
          .maxAge(Duration.ofDays(30))
          .build();

  private static TestResponse get(Cors cors, String origin) {
    TestRequest request = TestRequest.get("/");
    return Web.run(
        cors.wrap(SUCCESS), origin == null ? request : request.withHeader("Origin", origin));
  }

  private static TestResponse preflight(Cors cors, String origin, String method, String headers) {
    TestRequest request =
        TestRequest.of("OPTIONS", "/")
            .withHeader("Origin", origin)
            .withHeader("Access-Control-Request-Method", method);
    return Web.run(
        cors.wrap(SUCCESS),
        headers == null ? request : request.withHeader("Access-Control-Request-Headers", headers));
  }

  @ParameterizedTest
  @CsvSource({
    "http://localhost:3000, true",
    "http://192.168.0.3:8080, true",
    "content://com.company.app, true",
    "http://localhost, false",
    "https://localhost:3000, false",
    "http://localhost:30000, false",
    "http://allyourdataarebelongtous.com, false",
    "HTTP://LOCALHOST:3000, false",
    "'', false",
    "null, false"
  })
  void origin_thatIsNamed_mayRead(String origin, boolean allowed) {
    TestResponse response = get(SOME, origin);
    assertThat(response.text()).isEqualTo("success");
    assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo(allowed ? origin : null);
    assertThat(response.header("Access-Control-Expose-Headers"))
        .isEqualTo(allowed ? "expose-test-1, expose-test-2" : null);
    assertThat(response.header("Access-Control-Allow-Credentials")).isNull();
    // Also for a request without an origin, whose response a cache may have.
    assertThat(response.header("Vary")).isEqualTo("Origin");
    assertThat(get(SOME, null).header("Vary")).isEqualTo("Origin");
    assertThat(get(SOME, null).header("Access-Control-Allow-Origin")).isNull();
  }

  @Test
  void vary_ofTheApplication_stays() {
    Application app = Application.of(e -> Responses.text("x").withHeader("Vary", "User-Agent"));
    TestRequest request = TestRequest.get("/").withHeader("Origin", "http://localhost:3000");
    assertThat(Web.run(SOME.wrap(app), request).headers().all("Vary"))
        .containsExactly("User-Agent", "Origin");
  }

  /** A cache may keep what it got for a request without an origin, and give it to a script. */
  @Test
  void anyOrigin_isSaidToEveryRequest() {
    for (String origin : new String[] {"http://example.com", "www.example.com", "null", null}) {
      TestResponse response = get(ANY, origin);
      assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo("*");
      assertThat(response.header("Access-Control-Allow-Credentials")).isNull();
      assertThat(response.header("Vary")).isNull();
    }
    Cors exposing = Cors.builder("*").exposedHeaders("expose-test").build();
    assertThat(get(exposing, null).header("Access-Control-Expose-Headers"))
        .isEqualTo("expose-test");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cors.builder("*").credentials(true).build());
    assertThatIllegalArgumentException().isThrownBy(() -> Cors.builder(""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http://localhost:3000 | GET  |                                    | true
          http://localhost:3000 | PUT  | X-Domain-Token                     | true
          http://localhost:3000 | PUT  | x-domain-token                     | true
          http://localhost:3000 | PUT  | X-Requested-With, X-Domain-Token   | true
          http://localhost:3000 | PUT  | x-requested-with,x-domain-token    | true
          http://localhost:3000 | PUT  | ''                                 | true
          http://localhost:3000 | POST |                                    | false
          http://localhost:3000 | put  |                                    | false
          http://localhost:3000 | PUT  | Fooey                              | false
          http://localhost:3000 | PUT  | X-Domain-Token, Fooey              | false
          http://localhost:3000 | PUT  | X-Domain-Token-Other               | false
          http://localhost:3000 | PUT  | Content-Type                       | false
          http://evil.org       | GET  |                                    | false
          """)
  void preflight_saysWhatIsAllowed_orNothing(
      String origin, String method, String headers, boolean allowed) {
    TestResponse response = preflight(SOME, origin, method, headers);
    assertThat(response.status()).isEqualTo(204);
    assertThat(response.text()).isEmpty();
    assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo(allowed ? origin : null);
    assertThat(response.header("Access-Control-Allow-Methods"))
        .isEqualTo(allowed ? "GET, PUT" : null);
    assertThat(response.header("Access-Control-Allow-Headers"))
        .isEqualTo(allowed ? "x-domain-token, x-requested-with" : null);
    assertThat(response.header("Vary")).startsWith("Origin, ");
  }

  @Test
  void preflight_ofAnyOrigin_isAStar() {
    TestResponse response = preflight(ANY, "www.example.com", "POST", "X-Extra-Header");
    assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo("*");
    assertThat(response.header("Access-Control-Max-Age")).isEqualTo("2592000");
    TestResponse refused = preflight(ANY, "www.example.com", "POST", "X-Extra-Header-Other");
    assertThat(refused.header("Access-Control-Allow-Origin")).isNull();
  }

  @Test
  void preflight_neverReachesTheApplication_andOtherOptionsDo() {
    Application failing =
        Application.of(
            e -> {
              throw new IllegalStateException("FAIL!");
            });
    TestRequest request =
        TestRequest.of("OPTIONS", "/")
            .withHeader("Origin", "http://localhost")
            .withHeader("Access-Control-Request-Method", "UNSUPPORTED");
    assertThat(Web.run(ANY.wrap(failing), request).status()).isEqualTo(204);
    TestRequest options =
        TestRequest.of("OPTIONS", "/").withHeader("Origin", "http://localhost:3000");
    TestResponse response = Web.run(SOME.wrap(SUCCESS), options);
    assertThat(response.text()).isEqualTo("success");
    assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo("http://localhost:3000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://foo.net", "*"})
  void header_ofTheApplication_isReplaced(String own) {
    Application app =
        Application.of(e -> Responses.text("x").withHeader("Access-Control-Allow-Origin", own));
    TestRequest request = TestRequest.get("/").withHeader("Origin", "http://localhost:3000");
    assertThat(Web.run(SOME.wrap(app), request).headers().all("Access-Control-Allow-Origin"))
        .containsExactly("http://localhost:3000");
  }
}

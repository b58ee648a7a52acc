package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Response;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.Cookie;
import dev.postern.web.Request;
import dev.postern.web.Responses;
import dev.postern.web.Web;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of rack-session's tests (spec_session_cookie.rb, spec_session_pool.rb), of those of
 * Plack-Middleware-Session, of Ring's tests of sessions, and of ring-anti-forgery's.
 */
class PeerSessionsTest {
  private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes();
  private static final byte[] NEW = "123456789abcdef0123456789abcdef0".getBytes();
  private static final byte[] NEWER = "23456789abcdef0123456789abcdef01".getBytes();

  /** Counts what the middleware asks of a store. */
  private static final class Store implements SessionStore {
    private final Map<String, Stored> pool = new HashMap<>();
    private int loads;
    private int saves;
    private int deletes;

    @Override
    public @Nullable Stored load(String id) {
      loads++;
      return pool.get(id);
    }

    @Override
    public void save(String id, Stored session) {
      saves++;
      pool.put(id, session);
    }

    @Override
    public void delete(String id) {
      deletes++;
      pool.remove(id);
    }
  }

  private final Store store = new Store();

  enum Kind {
    SIGNED,
    STORED
  }

  private Sessions.Builder builder(Kind kind) {
    return kind == Kind.SIGNED ? Sessions.signed(SECRET) : Sessions.builder(store);
  }

  private static Response app(Environ environ) throws IOException {
    Session session = Session.of(environ);
    switch (environ.pathInfo()) {
      case "/nothing" -> {
        return Responses.text("Nothing");
      }
      case "/read" -> {
        return Responses.text("" + session.get("counter"));
      }
      case "/drop" -> session.end();
      case "/renew" -> session.renew();
      case "/big" -> session.put("cookie", "big".repeat(3000));
      default -> {}
    }
    String counter = session.get("counter");
    int next = counter == null ? 1 : Integer.parseInt(counter) + 1;
    if (!environ.pathInfo().equals("/drop")) {
      session.put("counter", "" + next);
    }
    return Responses.text("" + next);
  }

  private static TestResponse get(Sessions.Builder builder, String path, @Nullable String cookie) {
    TestRequest request = TestRequest.get(path);
    return Web.run(
        Application.of(PeerSessionsTest::app).with(builder.build()),
        cookie == null ? request : request.withHeader("Cookie", cookie));
  }

  /** {@code name=value} of the cookie that a response sets; null when it sets none. */
  private static @Nullable String cookie(TestResponse response) {
    String set = response.header("Set-Cookie");
    return set == null ? null : set.substring(0, set.indexOf(';'));
  }

  @ParameterizedTest
  @EnumSource
  void session_countsFromRequestToRequest(Kind kind) {
    TestResponse first = get(builder(kind), "/", null);
    assertThat(first.text()).isEqualTo("1");
    assertThat(cookie(first)).startsWith("session=");
    TestResponse second = get(builder(kind), "/", cookie(first));
    assertThat(second.text()).isEqualTo("2");
    String latest = kind == Kind.SIGNED ? cookie(second) : cookie(first);
    assertThat(get(builder(kind), "/", latest).text()).isEqualTo("3");
    // A stored session keeps its id; one in a cookie has its values there.
    assertThat(cookie(second) == null).isEqualTo(kind == Kind.STORED);
    assertThat(store.pool).hasSize(kind == Kind.STORED ? 1 : 0);
  }

  @ParameterizedTest
  @EnumSource
  void session_thatIsNotChanged_setsNoCookie(Kind kind) {
    assertThat(cookie(get(builder(kind), "/nothing", null))).isNull();
    assertThat(cookie(get(builder(kind), "/read", null))).isNull();
    String cookie = cookie(get(builder(kind), "/", null));
    assertThat(cookie(get(builder(kind), "/nothing", cookie))).isNull();
    TestResponse read = get(builder(kind), "/read", cookie);
    assertThat(read.text()).isEqualTo("1");
    assertThat(cookie(read)).isNull();
    assertThat(read.header("Cache-Control")).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"blarghfasel", "", "../wrong", "faked-key", "a--b", "\"x\"", "%00", "x=y", "é"})
  void cookie_thatNobodyMade_isANewSession(String value) {
    for (Kind kind : Kind.values()) {
      TestResponse response = get(builder(kind), "/", "session=" + value);
      assertThat(response.text()).isEqualTo("1");
      assertThat(cookie(response)).isNotEqualTo("session=" + value);
      assertThat(store.pool).doesNotContainKey(value);
    }
  }

  @Test
  void store_isAskedForWhatIsUsed_alone() {
    String cookie = cookie(get(builder(Kind.STORED), "/", null));
    assertThat(List.of(store.loads, store.saves, store.deletes)).containsExactly(0, 1, 0);
    get(builder(Kind.STORED), "/nothing", cookie);
    assertThat(List.of(store.loads, store.saves, store.deletes)).containsExactly(0, 1, 0);
    get(builder(Kind.STORED), "/read", cookie);
    assertThat(List.of(store.loads, store.saves, store.deletes)).containsExactly(1, 1, 0);
    // A change is saved only if nobody has ended the session meanwhile.
    get(builder(Kind.STORED), "/", cookie);
    assertThat(List.of(store.loads, store.saves, store.deletes)).containsExactly(3, 2, 0);
    get(builder(Kind.STORED), "/drop", cookie);
    assertThat(List.of(store.loads, store.saves, store.deletes)).containsExactly(4, 2, 1);
  }

  @Test
  void drop_forgetsTheSession() {
    String cookie = cookie(get(builder(Kind.STORED), "/", null));
    TestResponse dropped = get(builder(Kind.STORED), "/drop", cookie);
    assertThat(dropped.header("Set-Cookie")).startsWith("session=; Max-Age=0");
    assertThat(store.pool).isEmpty();
    TestResponse next = get(builder(Kind.STORED), "/", cookie);
    assertThat(next.text()).isEqualTo("1");
    assertThat(cookie(next)).isNotEqualTo(cookie);
    // A session that never was needs no cookie to be forgotten.
    assertThat(cookie(get(builder(Kind.STORED), "/drop", null))).isNull();
  }

  @Test
  void renew_movesTheValuesToANewId() {
    String cookie = cookie(get(builder(Kind.STORED), "/", null));
    TestResponse renewed = get(builder(Kind.STORED), "/renew", cookie);
    assertThat(renewed.text()).isEqualTo("2");
    assertThat(cookie(renewed)).isNotNull().isNotEqualTo(cookie);
    assertThat(store.pool).hasSize(1);
    assertThat(get(builder(Kind.STORED), "/", cookie(renewed)).text()).isEqualTo("3");
    assertThat(get(builder(Kind.STORED), "/", cookie).text()).isEqualTo("1");
    assertThat(store.pool).hasSize(2);
  }

  // ---- signed cookies ----

  @Test
  void secrets_rotate() {
    String cookie = cookie(get(Sessions.signed(SECRET), "/", null));
    TestResponse rotated = get(Sessions.signed(NEW, SECRET), "/", cookie);
    assertThat(rotated.text()).isEqualTo("2");
    TestResponse again = get(Sessions.signed(NEWER, NEW), "/", cookie(rotated));
    assertThat(again.text()).isEqualTo("3");
    assertThat(get(Sessions.signed(NEWER, NEW), "/", cookie).text()).isEqualTo("1");
    assertThat(get(Sessions.signed(NEWER), "/", cookie(rotated)).text()).isEqualTo("1");
    assertThatIllegalArgumentException().isThrownBy(() -> Sessions.signed("abcd".getBytes()));
    assertThatIllegalArgumentException().isThrownBy(Sessions::signed);
  }

  @Test
  void signed_cookieWithAnyByteChanged_isANewSession() {
    String cookie = cookie(get(Sessions.signed(SECRET), "/", null));
    String value = cookie.substring("session=".length());
    for (int i = 0; i < value.length(); i++) {
      char changed = value.charAt(i) == 'A' ? 'B' : 'A';
      String tampered = value.substring(0, i) + changed + value.substring(i + 1);
      assertThat(get(Sessions.signed(SECRET), "/", "session=" + tampered).text()).isEqualTo("1");
      assertThat(get(Sessions.signed(SECRET), "/", "session=" + value.substring(0, i)).text())
          .isEqualTo("1");
    }
    assertThat(get(Sessions.signed(SECRET), "/", cookie + "A").text()).isEqualTo("1");
    int dot = value.indexOf('.');
    String swapped = value.substring(dot + 1) + "." + value.substring(0, dot);
    assertThat(get(Sessions.signed(SECRET), "/", "session=" + swapped).text()).isEqualTo("1");
    assertThat(get(Sessions.signed(SECRET), "/", cookie).text()).isEqualTo("2");
  }

  @Test
  void signed_cookieUnderAnotherName_isANewSession() {
    String cookie = cookie(get(Sessions.signed(SECRET), "/", null));
    Sessions.Builder other = Sessions.signed(SECRET).cookieName("other");
    assertThat(get(other, "/", cookie.replace("session=", "other=")).text()).isEqualTo("1");
  }

  @Test
  void signed_cookieThatIsTooBig_isRefusedBeforeABrowserDropsIt() {
    TestResponse response = get(Sessions.signed(SECRET), "/big", null);
    assertThat(response.status()).isEqualTo(500);
    assertThat(response.header("Set-Cookie")).isNull();
    assertThat(response.text()).isEqualTo("500 Internal Server Error\n");
  }

  // ---- the cookie ----

  @Test
  void cookie_hasItsAttributes_andOthersStay() {
    Sessions.Builder builder =
        Sessions.signed(SECRET).path("/foo").sameSite(Cookie.SameSite.STRICT).secure(true);
    Application application =
        Application.of(
                environ -> {
                  Session.of(environ).put("foo", "bar");
                  return Cookie.of("cookie2", "value2").addTo(Responses.text("Hi"));
                })
            .with(builder.build());
    List<String> cookies = Web.get(application, "/").headers().all("Set-Cookie");
    assertThat(cookies).hasSize(2);
    assertThat(cookies.get(0)).startsWith("cookie2=value2; ");
    assertThat(cookies.get(1)).endsWith("; Path=/foo; Secure; HttpOnly; SameSite=Strict");
  }

  @ParameterizedTest
  @CsvSource({"http, false", "https, true"})
  void cookie_isSecure_whereTheRequestIs(String scheme, boolean secure) {
    Application application =
        Application.of(PeerSessionsTest::app).with(Sessions.signed(SECRET).build());
    TestResponse response =
        InMemoryGateway.builder(application).scheme(scheme).build().run(TestRequest.get("/"));
    assertThat(response.header("Set-Cookie").contains("; Secure")).isEqualTo(secure);
  }

  // ---- Csrf ----

  private static Application guarded() {
    return Application.of(
            environ ->
                environ.pathInfo().equals("/token")
                    ? Responses.text(Csrf.token(environ))
                    : Responses.text("Foo"))
        .with(Sessions.signed(SECRET).build(), Csrf.of());
  }

  @ParameterizedTest
  @CsvSource({
    "GET, 200",
    "HEAD, 200",
    "OPTIONS, 200",
    "TRACE, 200",
    "POST, 403",
    "PUT, 403",
    "PATCH, 403",
    "DELETE, 403",
    "PROPFIND, 403"
  })
  void csrf_method_thatChangesSomething_needsAToken(String method, int status) {
    assertThat(Web.run(guarded(), TestRequest.of(method, "/")).status()).isEqualTo(status);
  }

  @Test
  void csrf_token_isOfItsSession() {
    Application application = guarded();
    TestResponse first = Web.get(application, "/token");
    TestResponse other = Web.get(application, "/token");
    String token = first.text();
    assertThat(token).matches("[A-Za-z0-9_-]+").isNotEqualTo(other.text());
    Map<String, Integer> cases = new HashMap<>();
    cases.put(token, 200);
    cases.put(other.text(), 403);
    cases.put("foo", 403);
    cases.put("", 403);
    cases.put(token.substring(1), 403);
    cases.put(token + token, 403);
    for (Map.Entry<String, Integer> each : cases.entrySet()) {
      for (TestRequest request :
          List.of(
              TestRequest.of("PUT", "/").withHeader("X-CSRF-Token", each.getKey()),
              TestRequest.post(
                  "/", "application/x-www-form-urlencoded", "a=b&_csrf=" + each.getKey()),
              TestRequest.post(
                  "/",
                  "multipart/form-data; boundary=XXXX",
                  "--XXXX\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n"
                      + each.getKey()
                      + "\r\n--XXXX--"))) {
        assertThat(Web.run(application, request.withHeader("Cookie", cookie(first))).status())
            .isEqualTo(each.getValue());
        assertThat(Web.run(application, request).status()).isEqualTo(403);
      }
    }
  }

  @Test
  void csrf_token_inTheQuery_doesNotCount() {
    TestResponse first = Web.get(guarded(), "/token");
    TestRequest request =
        TestRequest.post("/?_csrf=" + first.text(), "application/x-www-form-urlencoded", "a=b")
            .withHeader("Cookie", cookie(first));
    assertThat(Web.run(guarded(), request).status()).isEqualTo(403);
  }

  @Test
  void csrf_session_hasOneSecret_andTokensThatDiffer() {
    Application application =
        Application.of(
                environ -> {
                  Session.of(environ).put("foo", "bar");
                  Set<String> tokens = new HashSet<>();
                  for (int i = 0; i < 10; i++) {
                    tokens.add(Csrf.token(environ));
                  }
                  return Responses.text(tokens.size() + " " + Session.of(environ).get("foo"));
                })
            .with(Sessions.builder(store).build(), Csrf.of());
    TestResponse first = Web.get(application, "/");
    assertThat(first.text()).isEqualTo("10 bar");
    assertThat(store.pool.values().iterator().next().values()).containsOnlyKeys("foo", "csrf");
    assertThat(Request.of(Web.environ("HTTP_COOKIE", cookie(first))).cookie("session"))
        .isIn(store.pool.keySet());
  }
}

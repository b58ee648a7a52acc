package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import dev.postern.hosting.RequestRules;
import dev.postern.program.RequestPath;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Which requests no program is started for. */
class RequestRulesTest {
  @Test
  void s13_path_isTakenAsItWasDecoded() throws Exception {
    for (String path :
        List.of(
            "",
            "/",
            "/this.is.path;info",
            "/,",
            "/%2c",
            "/aB",
            "//",
            "/a//b",
            "/...",
            "/.a",
            "/a b",
            "/\u00e9",
            "/..a",
            "/a..",
            "/;",
            "/a;..",
            "/~")) {
      check(Call.get(path));
    }
  }

  @Test
  void attackA12_attackC09_s14_controlCharacters_inPath_are400() {
    for (char c = 0; c < ' '; c++) {
      assertRefused(Call.get("/x.cgi/" + c + "PHP_VALUE"), 400, "path-character");
      assertRefused(Call.get("/a").with("SCRIPT_NAME", "/" + c), 400, "path-character");
      assertRefused(
          Call.get("/a").with("REQUEST_URI", String.format("/a%%%02x", (int) c)),
          400,
          "path-character");
    }
    assertRefused(Call.get("/\u007f"), 400, "path-character");
    assertRefused(Call.get("/a").with("REQUEST_URI", "/a%7Fb"), 400, "path-character");
  }

  @Test
  void attackC01_s55_dotSegments_are400() {
    for (String path :
        List.of(
            "/cgi/../x", "/..", "/.", "/a/.", "/a/..", "/./a", "/..;/x", "/a/.;b/c", "/a/..;b")) {
      assertRefused(Call.get(path), 400, "dot-segment");
    }
    for (String target :
        List.of(
            "/cgi/../x",
            "/cgi/%2e%2e/x",
            "/cgi/.%2e/x",
            "/cgi/%2E./x?q",
            "/cgi/..;/x",
            "/cgi/%2e%2e%3b/x",
            "http://h/cgi/../x")) {
      assertRefused(Call.get("/x").with("REQUEST_URI", target), 400, "dot-segment");
    }
    assertRefused(Call.get("/x").with("REQUEST_URI", "/cgi/..%2fx"), 400, "encoded-slash");
    assertRefused(Call.get("/x").with("REQUEST_URI", "/cgi/..%5cx"), 400, "dot-segment");
  }

  @Test
  void r9b_backslash_isACharacterOfPathInfoAlone() throws Exception {
    RequestRules.check(
        Call.get("/a\\b").with("REQUEST_URI", "/s/a%5Cb").environ(), options().options());
    assertRefused(Call.get("/a").with("SCRIPT_NAME", "/s\\x"), 400, "path-character");
    assertRefused(Call.get("/x/..\\y"), 400, "dot-segment");
  }

  @Test
  void attackC02_s14_encodedSlash_isOptIn() throws Exception {
    Call call = Call.get("/cgi-bin/x.sh").with("REQUEST_URI", "/cgi-bin%2fx.sh?%2f");
    assertRefused(call, 400, "encoded-slash");
    assertRefused(call.with("REQUEST_URI", "/cgi-bin%2Fx.sh"), 400, "encoded-slash");
    RequestRules.check(call.environ(), options().allowEncodedSlash().options());
    assertRefused(
        Call.get("/x").with("REQUEST_URI", "/cgi/..%2fx"),
        options().allowEncodedSlash(),
        400,
        "dot-segment");
    check(Call.get("/x").with("REQUEST_URI", "/x?%2f=%00/../\\"));
    assertRefused(Call.get("cgi-bin/x"), 400, "path");
    assertRefused(Call.get("*"), 400, "path");
  }

  @Test
  void attackC01_doubleEncoding_isDecodedOnce() throws Exception {
    check(Call.get("/cgi/%2e%2e/x").with("REQUEST_URI", "/cgi/%252e%252e/x"));
    for (String bad : List.of("/%", "/%2", "/%zz", "/%2g", "/%g2", "/%%32%65", "/a%/b", "/% 1")) {
      assertRefused(Call.get("/x").with("REQUEST_URI", bad), 400, "bad-escape");
    }
    assertThat(RequestPath.checkEncoded("/%41%6a%4A%39%C3%a9%25", false))
        .isEqualTo("/AjJ9\u00c3\u00a9%");
  }

  @Test
  void attackC10_attackJ13_letters_areAsciiAlone() throws Exception {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr-TR"));
    try {
      // U+0130, U+1E9E and the Kelvin sign as UTF-8: their lower case has another length.
      for (String path : List.of("/\u00c4\u00b0/x", "/\u00e1\u00ba\u009e", "/\u00e2\u0084\u00aa")) {
        check(Call.get(path).with("REQUEST_URI", "/%C4%B0"));
      }
      assertRefused(Call.get("/x").with("REQUEST_URI", "/%2F"), 400, "encoded-slash");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void attackC18_s51_longPaths_are414() throws Exception {
    check(Call.get("/" + "a".repeat(RequestRules.MAX_PATH - 1)));
    check(Call.get("/a").with("SCRIPT_NAME", "/" + "s".repeat(RequestRules.MAX_PATH - 3)));
    assertRefused(Call.get("/" + "a".repeat(RequestRules.MAX_PATH)), 414, "path-too-long");
    assertRefused(
        Call.get("/a").with("SCRIPT_NAME", "/" + "s".repeat(RequestRules.MAX_PATH - 2)),
        414,
        "path-too-long");
    assertRefused(Call.get("/a".repeat(10_000)), 414, "path-too-long");
  }

  @Test
  void attackA14_longQueries_are414() throws Exception {
    check(Call.get("/").with("QUERY_STRING", "q".repeat(RequestRules.MAX_QUERY)));
    assertRefused(
        Call.get("/").with("QUERY_STRING", "q".repeat(RequestRules.MAX_QUERY + 1)),
        414,
        "query-too-long");
  }

  @Test
  void attackA17_s23_hosts_areHosts() throws Exception {
    for (String host :
        List.of(
            "",
            "x",
            "x:",
            "x:81",
            "[::1]",
            "[::1]:81",
            "127.0.0.1:8080",
            "a_b.example",
            "xn--bcher-kva.example",
            "09azAZ",
            "x:09")) {
      check(Call.get("/").with("HTTP_HOST", host));
    }
    for (String host :
        List.of(
            "a\"><script>",
            "a b",
            "a\0b",
            "a, b",
            "x:81a",
            "x:-1",
            "[::1",
            "[]",
            "[x]",
            "::1",
            "a/b",
            "a@b",
            "a\\b",
            "\u00e9",
            "a\r\nb",
            "[::1]x",
            "a:b:1",
            "x:/",
            "x:1:",
            "{",
            "`",
            "[a")) {
      assertRefused(Call.get("/").with("HTTP_HOST", host), 400, "host");
    }
    assertRefused(Call.get("/").with("SERVER_NAME", "a<b"), 400, "host");
    check(Call.get("/").with("SERVER_NAME", "::1"));
  }

  @Test
  void s36_methods_areAllButTraceAndConnect_orThoseAllowed() throws Exception {
    for (String method : List.of("GET", "HEAD", "POST", "OPTIONS", "PROPFIND", "get", "trace")) {
      check(Call.of(method, "/"));
    }
    for (String method : List.of("TRACE", "CONNECT")) {
      GatewayException refused = assertRefused(Call.of(method, "/"), 405, "method");
      assertThat(refused.headers().get("Allow"))
          .isEqualTo("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    }
    CgiApplication.Builder two = options().methods(List.of("POST", "GET"));
    RequestRules.check(Call.of("GET", "/").environ(), two.options());
    for (String method : List.of("HEAD", "get", "DELETE", "PROPFIND")) {
      assertThat(assertRefused(Call.of(method, "/"), two, 405, "method").headers().get("Allow"))
          .isEqualTo("POST, GET");
    }
    assertThatIllegalArgumentException().isThrownBy(() -> options().methods(List.of()));
  }

  @Test
  void bodyLength_isCheckedBeforeItIsRead() throws Exception {
    check(Call.get("/").length(64 << 20));
    assertRefused(Call.get("/").length((64 << 20) + 1), 413, "body-too-large");
  }

  @Test
  void target_isPathOfAnyForm() {
    assertThat(RequestPath.ofTarget("/a?b")).isEqualTo("/a");
    assertThat(RequestPath.ofTarget("/a/b")).isEqualTo("/a/b");
    assertThat(RequestPath.ofTarget("http://h:1/a?b://c/d")).isEqualTo("/a");
    assertThat(RequestPath.ofTarget("http://h")).isEmpty();
    assertThat(RequestPath.ofTarget("*")).isEmpty();
    assertThat(RequestPath.ofTarget("?x")).isEmpty();
  }

  private static void check(Call call) throws GatewayException {
    RequestRules.check(call.environ(), options().options());
  }

  private static GatewayException assertRefused(Call call, int status, String rule) {
    return assertRefused(call, options(), status, rule);
  }

  private static GatewayException assertRefused(
      Call call, CgiApplication.Builder options, int status, String rule) {
    GatewayException[] caught = new GatewayException[1];
    assertThatThrownBy(() -> RequestRules.check(call.environ(), options.options()))
        .isInstanceOfSatisfying(GatewayException.class, e -> caught[0] = e);
    assertThat(caught[0].diagnosis().rule()).isEqualTo(rule);
    assertThat(caught[0].status()).isEqualTo(status);
    return caught[0];
  }

  private static CgiApplication.Builder options() {
    return CgiApplication.builder(Path.of("/srv/p"));
  }
}

package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironTest {
  private static final Environ GET =
      Environ.builder(Map.of("REQUEST_METHOD", "GET", "PATH_INFO", "/a")).build();

  private static Environ environ(String... namesAndValues) {
    Map<String, String> variables = new HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      variables.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return Environ.builder(variables).build();
  }

  // ---- the map ----

  @Test
  void get_pathsAndQueryWithoutValue_areEmptyAndPresent() {
    Environ environ = environ();
    assertThat(environ.get("SCRIPT_NAME")).isEqualTo("");
    assertThat(environ.get("PATH_INFO")).isEqualTo("");
    assertThat(environ.get("QUERY_STRING")).isEqualTo("");
    assertThat(environ).containsKeys("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING");
    assertThat(environ.keySet()).contains("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING");
  }

  @Test
  void get_absent_isNullAndNotContained() {
    assertThat(GET.get("REMOTE_USER")).isNull();
    assertThat(GET).doesNotContainKey("REMOTE_USER").doesNotContainKey("app.none");
    assertThat(GET.get(null)).isNull();
    Object noString = 1;
    assertThat(GET.get(noString)).isNull();
  }

  @Test
  void get_gatewayKeys_areThereWithTheirTypes() {
    PrintWriter errors = new PrintWriter(new StringWriter());
    ByteArrayInputStream input = new ByteArrayInputStream(new byte[0]);
    Environ environ =
        Environ.builder(Map.of("REQUEST_METHOD", "GET"))
            .scheme("https")
            .input(input)
            .errors(errors)
            .multithread(false)
            .multiprocess(true)
            .runOnce(true)
            .build();
    assertThat(environ.get("postern.version")).isEqualTo("1.0");
    assertThat(environ.get("postern.url_scheme")).isEqualTo("https");
    assertThat(environ.get("postern.input")).isSameAs(environ.input());
    assertThat(environ.get("postern.errors")).isSameAs(errors);
    assertThat(environ.get("postern.multithread")).isEqualTo(false);
    assertThat(environ.get("postern.multiprocess")).isEqualTo(true);
    assertThat(environ.get("postern.run_once")).isEqualTo(true);
  }

  @Test
  void get_gatewayKeysByDefault_areAThreadedServersInOneProcess() {
    assertThat(GET.scheme()).isEqualTo("http");
    assertThat(GET.get("postern.multithread")).isEqualTo(true);
    assertThat(GET.get("postern.multiprocess")).isEqualTo(false);
    assertThat(GET.get("postern.run_once")).isEqualTo(false);
    assertThat(GET.errors()).isNotNull();
    assertThat(GET.input()).isEmpty();
    assertThat(GET.remaining()).isNull();
  }

  @Test
  void entrySet_holdsWhatGetGives() {
    Environ environ = environ("REQUEST_METHOD", "GET", "HTTP_HOST", "h");
    environ.put("app.user", 7);
    assertThat(environ.keySet())
        .containsExactlyInAnyOrder(
            "REQUEST_METHOD",
            "HTTP_HOST",
            "SCRIPT_NAME",
            "PATH_INFO",
            "QUERY_STRING",
            "app.user",
            "postern.version",
            "postern.url_scheme",
            "postern.input",
            "postern.errors",
            "postern.multithread",
            "postern.multiprocess",
            "postern.run_once");
    environ.forEach((key, value) -> assertThat(environ.get(key)).isSameAs(value));
    assertThat(environ).hasSize(13);
  }

  @Test
  void put_variable_givesPreviousAndReplaces() {
    Environ environ = environ("REQUEST_METHOD", "GET");
    assertThat(environ.put("REQUEST_METHOD", "POST")).isEqualTo("GET");
    assertThat(environ.method()).isEqualTo("POST");
    assertThat(environ.put("app.x", List.of())).isNull();
    assertThat(environ.get("app.x")).isEqualTo(List.of());
  }

  @Test
  void put_gatewayKey_replacesWhatReadersGive() {
    Environ environ = environ();
    ByteArrayInputStream input = new ByteArrayInputStream(new byte[] {1});
    environ.put("postern.input", input);
    environ.put("postern.url_scheme", "https");
    assertThat(environ.input()).isSameAs(input);
    assertThat(environ.scheme()).isEqualTo("https");
  }

  @Test
  void put_variableThatIsNoByteString_throws() {
    Environ environ = environ();
    assertThatThrownBy(() -> environ.put("REMOTE_USER", "Zo\u0451"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("CGI variable must be a String of bytes, one char each: \"REMOTE_USER\"");
    assertThatThrownBy(() -> environ.put("CONTENT_LENGTH", 5))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatNullPointerException().isThrownBy(() -> environ.put("REMOTE_USER", null));
    assertThatNullPointerException().isThrownBy(() -> environ.put("app.user", null));
    assertThat(environ).doesNotContainKeys("REMOTE_USER", "CONTENT_LENGTH", "app.user");
  }

  @ParameterizedTest
  @ValueSource(strings = {"App.user", "app.User", "app.us er", "\u0131.x", "app.\u00E4"})
  void put_extensionKeyNotLowerCase_throws(String key) {
    assertThatThrownBy(() -> environ().put(key, "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("extension key must be lower-case: ");
  }

  @Test
  void entrySetValue_thatPutRefuses_throws() {
    Environ environ = environ("REQUEST_METHOD", "GET");
    for (Map.Entry<String, Object> entry : environ.entrySet()) {
      if (entry.getKey().equals("REQUEST_METHOD")) {
        assertThatThrownBy(() -> entry.setValue(5)).isInstanceOf(IllegalArgumentException.class);
        entry.setValue("POST");
      }
    }
    assertThat(environ.method()).isEqualTo("POST");
    assertThatThrownBy(() -> environ.replaceAll((key, value) -> 5))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void remove_variable_isGoneAndReadersStillAnswer() {
    Environ environ = environ("REQUEST_METHOD", "GET", "PATH_INFO", "/a", "HTTP_PROXY", "evil");
    assertThat(environ.remove("HTTP_PROXY")).isEqualTo("evil");
    assertThat(environ.remove("HTTP_PROXY")).isNull();
    assertThat(environ.header("Proxy")).isNull();
    assertThat(environ.pathInfo()).isEqualTo("/a");
    assertThat(environ.method()).isEqualTo("GET");
  }

  @Test
  void builder_extensionAsVariable_throws() {
    assertThatThrownBy(() -> environ("auth.user", "root"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void builder_variableThatIsNoByteString_throws() {
    assertThatThrownBy(() -> environ("PATH_INFO", "/\u20AC"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  // ---- the source ----

  /** Counts what is asked for. */
  private static final class CountingSource implements Environ.Source {
    private final List<String> asked = new ArrayList<>();
    private final Map<String, String> variables;

    CountingSource(Map<String, String> variables) {
      this.variables = variables;
    }

    @Override
    public String variable(String name) {
      asked.add(name);
      return variables.get(name);
    }

    @Override
    public Set<String> names() {
      asked.add("*");
      return variables.keySet();
    }
  }

  @Test
  void source_isAskedForWhatIsReadOnly() {
    CountingSource source = new CountingSource(Map.of("REQUEST_METHOD", "GET", "HTTP_A", "1"));
    Environ environ = Environ.builder(source).build();
    assertThat(source.asked).isEmpty();
    assertThat(environ.method()).isEqualTo("GET");
    environ.put("app.x", 1);
    environ.put("REMOTE_USER", "me");
    assertThat(environ.get("app.x")).isEqualTo(1);
    assertThat(source.asked).doesNotContain("*", "HTTP_A");
    assertThat(environ).containsEntry("HTTP_A", "1");
    assertThat(environ.keySet()).contains("HTTP_A", "REMOTE_USER", "app.x");
  }

  @Test
  void source_withDottedNames_neverGivesAnExtensionKey() {
    Environ environ =
        Environ.builder(
                new CountingSource(Map.of("auth.user", "root", "postern.input", "x", "A", "1")))
            .build();
    assertThat(environ.get("auth.user")).isNull();
    assertThat(environ.keySet()).contains("A").doesNotContain("auth.user");
    assertThat(environ.get("auth.user")).isNull();
    assertThat(environ.input()).isEmpty();
  }

  @Test
  void variable_ofExtension_isNull() {
    assertThat(GET.variable("postern.url_scheme")).isNull();
    assertThat(GET.variable("REQUEST_METHOD")).isEqualTo("GET");
    assertThat(GET.variable("REMOTE_USER")).isNull();
  }

  // ---- typed readers ----

  @Test
  void paths_utf8Bytes_areDecodedAndMapKeepsBytes() {
    Environ environ = environ("SCRIPT_NAME", "/\u00C3\u00A4", "PATH_INFO", "/\u00E2\u0082\u00AC");
    assertThat(environ.scriptName()).isEqualTo("/ä");
    assertThat(environ.pathInfo()).isEqualTo("/€");
    assertThat(environ.get("PATH_INFO")).isEqualTo("/\u00E2\u0082\u00AC");
  }

  @Test
  void pathInfo_malformedUtf8_isReplacedAndMapKeepsBytes() {
    Environ environ = environ("PATH_INFO", "/a\u00FFb\u00C3");
    assertThat(environ.pathInfo()).isEqualTo("/a\uFFFDb\uFFFD");
    assertThat(environ.variable("PATH_INFO")).isEqualTo("/a\u00FFb\u00C3");
  }

  @Test
  void queryString_staysEncoded() {
    assertThat(environ("QUERY_STRING", "a=%20b").queryString()).isEqualTo("a=%20b");
    assertThat(environ().queryString()).isEmpty();
  }

  @Test
  void method_absent_isEmpty() {
    assertThat(environ().method()).isEmpty();
  }

  @Test
  void header_anyCase_isFound() {
    Environ environ =
        environ("HTTP_IF_NONE_MATCH", "\"x\"", "CONTENT_TYPE", "text/plain", "CONTENT_LENGTH", "3");
    assertThat(environ.header("If-None-Match")).isEqualTo("\"x\"");
    assertThat(environ.header("if-none-match")).isEqualTo("\"x\"");
    assertThat(environ.header("content-type")).isEqualTo("text/plain");
    assertThat(environ.header("CONTENT-LENGTH")).isEqualTo("3");
    assertThat(environ.header("Accept")).isNull();
    assertThat(environ.contentType()).isEqualTo("text/plain");
  }

  @ParameterizedTest
  @ValueSource(strings = {"If_None_Match", "", "If None Match", "\u0131f-None-Match", "a.b"})
  void header_nameThatNeverBecomesAVariable_isNull(String name) {
    assertThat(environ("HTTP_IF_NONE_MATCH", "x", "HTTP_", "y").header(name)).isNull();
  }

  @ParameterizedTest
  @CsvSource({"0,0", "5,5", "999999999999999999,999999999999999999", "'',-1", ",-1", "00012,12"})
  void contentLength_givesNumberOrUnknown(String text, long length) {
    Environ environ = text == null ? environ() : environ("CONTENT_LENGTH", text);
    assertThat(environ.contentLength()).isEqualTo(length);
  }

  @ParameterizedTest
  @CsvSource({
    "http, , example.org, 80, http://example.org",
    "http, , example.org, 8080, http://example.org:8080",
    "http, , example.org, 443, http://example.org:443",
    "https, , example.org, 443, https://example.org",
    "https, , example.org, 80, https://example.org:80",
    "http, h.example:81, example.org, 80, http://h.example:81",
    "http, , [::1], 8080, http://[::1]:8080",
  })
  void url_authority_asPep3333(
      String scheme, String host, String name, String port, String expected) {
    Map<String, String> variables = new HashMap<>(Map.of("SERVER_NAME", name, "SERVER_PORT", port));
    if (host != null) {
      variables.put("HTTP_HOST", host);
    }
    assertThat(Environ.builder(variables).scheme(scheme).build().url()).isEqualTo(expected);
  }

  /** nginx tells an empty SERVER_NAME when it has no {@code server_name}. */
  @Test
  void url_hasAHostWhereTheServerHasNoName() {
    assertThat(environ("SERVER_NAME", "", "SERVER_PORT", "81", "PATH_INFO", "/x").url())
        .isEqualTo("http://localhost:81/x");
    assertThat(environ("SERVER_NAME", "", "SERVER_ADDR", "::1", "SERVER_PORT", "80").url())
        .isEqualTo("http://[::1]");
    assertThat(environ("SERVER_ADDR", "192.0.2.1").url()).isEqualTo("http://192.0.2.1");
  }

  @Test
  void url_path_isEncodedAndQueryKept() {
    Environ environ =
        environ(
            "SERVER_NAME", "h",
            "SERVER_PORT", "80",
            "SCRIPT_NAME", "/a b",
            "PATH_INFO", "/\u00C3\u00A4;x=%?#\"/..",
            "QUERY_STRING", "q=%20&r");
    assertThat(environ.url()).isEqualTo("http://h/a%20b/%C3%A4%3Bx%3D%25%3F%23%22/..?q=%20&r");
  }

  @Test
  void toString_showsMethodAndPathOnly() {
    Environ environ =
        environ(
            "REQUEST_METHOD", "GET",
            "SCRIPT_NAME", "/app",
            "PATH_INFO", "/x\n\u00E4",
            "QUERY_STRING", "token=secret",
            "HTTP_AUTHORIZATION", "secret");
    assertThat(environ).hasToString("Environ[GET \"/app/x\\n\\xe4\"]");
  }

  // ---- copies ----

  @Test
  void copy_changed_leavesOriginalAlone() {
    Environ environ = environ("REQUEST_METHOD", "HEAD");
    environ.put("app.a", 1);
    Environ copy = environ.copy();
    copy.put("REQUEST_METHOD", "GET");
    copy.put("X_COPY", "2");
    copy.put("postern.run_once", true);
    assertThat(environ.method()).isEqualTo("HEAD");
    assertThat(environ).containsEntry("postern.run_once", false).doesNotContainKey("X_COPY");
    environ.put("X_ORIGINAL", "3");
    assertThat(copy).doesNotContainKey("X_ORIGINAL").containsEntry("app.a", 1);
  }

  @Test
  void copy_sharesInputAndHooks() {
    Call call = Call.of("POST", "/").body("abc");
    Environ copy = call.environ().copy();
    List<String> seen = new ArrayList<>();
    copy.onCancel(() -> seen.add("cancelled"));
    assertThat(copy.input()).isSameAs(call.environ().input());
    call.exchange().cancel(new Exception());
    assertThat(seen).containsExactly("cancelled");
    assertThat(copy.isCancelled()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "/a, /a/b, /a, /b",
    "/a, /a, /a, ''",
    "/a/, /a/b, /a, /b",
    "/a, /a//b, /a, //b",
    "/a/b, /a/b/c, /a/b, /c",
    "'', /x, '', /x",
    "/, /x, '', /x",
    "'', '', '', ''",
  })
  void mounted_pathBelowPrefix_movesIt(String prefix, String path, String script, String rest) {
    Environ environ = environ("SCRIPT_NAME", "/s", "PATH_INFO", path);
    Environ mounted = environ.mounted(prefix);
    assertThat(mounted.variable("SCRIPT_NAME")).isEqualTo("/s" + script);
    assertThat(mounted.variable("PATH_INFO")).isEqualTo(rest);
    assertThat(environ.variable("SCRIPT_NAME")).isEqualTo("/s");
    assertThat(environ.variable("PATH_INFO")).isEqualTo(path);
  }

  @ParameterizedTest
  @CsvSource({"/a, /ab", "/a, /", "/a, ''", "/a, /A", "/a/b, /a", "'', x"})
  void mounted_otherPath_isNull(String prefix, String path) {
    assertThat(environ("PATH_INFO", path).mounted(prefix)).isNull();
  }

  @Test
  void mounted_textPrefix_matchesUtf8Bytes() {
    Environ mounted = environ("PATH_INFO", "/\u00C3\u00A4/x").mounted("/ä");
    assertThat(mounted.scriptName()).isEqualTo("/ä");
    assertThat(mounted.variable("SCRIPT_NAME")).isEqualTo("/\u00C3\u00A4");
  }

  @Test
  void mounted_prefixWithoutSlash_throws() {
    assertThatThrownBy(() -> GET.mounted("a")).isInstanceOf(IllegalArgumentException.class);
  }

  // ---- time and facts ----

  @Test
  void remaining_deadline_countsDownToZero() {
    AtomicLong now = new AtomicLong(Long.MAX_VALUE - 500);
    Environ environ =
        Environ.builder(Map.of("REQUEST_METHOD", "GET"))
            .deadline(Duration.ofNanos(1000))
            .nanoTime(now::get)
            .build();
    assertThat(environ.remaining()).isEqualTo(Duration.ofNanos(1000));
    now.addAndGet(400);
    assertThat(environ.copy().remaining()).isEqualTo(Duration.ofNanos(600));
    now.addAndGet(400); // nanoTime may wrap around
    assertThat(environ.remaining()).isEqualTo(Duration.ofNanos(200));
    now.addAndGet(4000);
    assertThat(environ.remaining()).isEqualTo(Duration.ZERO);
  }

  @Test
  void report_nameWithoutDot_throws() {
    assertThatThrownBy(() -> environ().report("exit", 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatNullPointerException().isThrownBy(() -> environ().report("cgi.exit", null));
  }
}

package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Response;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.middleware.AccessLog;
import dev.postern.web.middleware.BasicAuth;
import dev.postern.web.middleware.Cors;
import dev.postern.web.middleware.Csrf;
import dev.postern.web.middleware.ETag;
import dev.postern.web.middleware.Gunzip;
import dev.postern.web.middleware.Gzip;
import dev.postern.web.middleware.HeadFromGet;
import dev.postern.web.middleware.MaxBody;
import dev.postern.web.middleware.MethodOverride;
import dev.postern.web.middleware.RequestId;
import dev.postern.web.middleware.Rewrite;
import dev.postern.web.middleware.Runtime;
import dev.postern.web.middleware.SecureHeaders;
import dev.postern.web.middleware.SessionStore;
import dev.postern.web.middleware.Sessions;
import dev.postern.web.middleware.Timeout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What an attacker sends to an application that uses all of this module: the status is the one that
 * HTTP has for the client's fault, and the page says nothing about the server.
 */
class BadInputTest {
  private static final String FORM = "application/x-www-form-urlencoded";
  private static final String MULTIPART = "multipart/form-data; boundary=X";

  @TempDir static Path directory;
  private static final List<String> LOG = new ArrayList<>();
  private static Application site;

  @BeforeAll
  static void build() throws IOException {
    Files.createDirectories(directory.resolve("www/.hidden"));
    Files.writeString(directory.resolve("www/a.txt"), "0123456789");
    Files.writeString(directory.resolve("www/.hidden/secret"), "secret");
    Files.writeString(directory.resolve("secret"), "secret");
    Files.createSymbolicLink(directory.resolve("www/out"), directory.resolve("secret"));
    TrustedProxies proxies = TrustedProxies.of("127.0.0.1");
    Router pages =
        Router.builder()
            .get("/query", environ -> Responses.text(Request.of(environ).query("a") + ""))
            .get("/number", environ -> text(Request.of(environ).query().integer("n", 0)))
            .get("/cookies", environ -> text(Request.of(environ).cookies().size()))
            .get("/cookie", environ -> text(Request.of(environ).cookie("a")))
            .get("/user/{name}", environ -> text(Router.parameter(environ, "name")))
            .get("/link", environ -> text(Request.of(environ).link("/x")))
            .get("/accept", BadInputTest::accept)
            .post("/form", environ -> text(Request.of(environ).form().size()))
            .post("/multipart", environ -> text(Request.of(environ).multipart().parts().size()))
            .post("/text", environ -> text(Request.of(environ).text()))
            .post("/json", BadInputTest::json)
            .build();
    site =
        UrlMap.builder()
            .mount("/files", dev.postern.web.Files.under(directory.resolve("www")))
            .mount(
                "/guarded",
                Application.of(environ -> Responses.text(Csrf.token(environ)))
                    .with(
                        Sessions.builder(SessionStore.inFiles(directory.resolve("s"))).build(),
                        Csrf.of()))
            .mount(
                "/signed",
                Application.of(environ -> Responses.text(Csrf.token(environ)))
                    .with(Sessions.signed(new byte[32]).build(), Csrf.of()))
            .mount(
                "/members",
                Application.of(environ -> Responses.text("in"))
                    .with(BasicAuth.of("realm", "me", "pass")))
            .mount("/pages", pages)
            .build()
            .with(
                AccessLog.combined(LOG::add),
                RequestId.of(),
                Runtime.of(),
                Timeout.of(Duration.ofMinutes(1)),
                Rewrite.forwarded(proxies),
                proxies,
                SecureHeaders.of(),
                Cors.builder("https://example.org").build(),
                Gzip.of(),
                ETag.of(),
                MaxBody.of(3_000_000),
                Gunzip.of(100_000),
                HeadFromGet.of(),
                MethodOverride.of());
  }

  private static Response text(Object value) {
    return Responses.text(String.valueOf(value));
  }

  private static Response accept(Environ environ) {
    Request request = Request.of(environ);
    String type = request.accepts("text/html", "application/json");
    request.acceptsLanguage("en", "de");
    request.acceptsEncoding("br", "identity");
    return type == null ? Responses.status(406) : text(type);
  }

  private static Response json(Environ environ) throws IOException {
    Request request = Request.of(environ);
    request.requireType("application/json");
    return text(request.bytes().length);
  }

  // ---- the requests ----

  static Stream<Arguments> requests() throws IOException {
    return Stream.of(
            queries(), forms(), uploads(), bodies(), cookies(), fields(), paths(), sessions())
        .flatMap(List::stream)
        .map(each -> Arguments.of(each.what, each.status, each.request));
  }

  private record Case(String what, int status, TestRequest request) {}

  private static List<Case> queries() {
    List<Case> cases = new ArrayList<>();
    for (String query :
        List.of("a=%", "a=%f", "a=%zz", "a=%ff", "%c3=x", "a=%ed%a0%80", "a=%c0%af", "a=%f8%88")) {
      cases.add(new Case("query " + query, 400, get("/pages/query?" + query)));
    }
    cases.add(new Case("query of 1001", 400, get("/pages/query?" + "a&".repeat(1001))));
    cases.add(new Case("query of semicolons", 200, get("/pages/query?a=1;b=2")));
    for (String number : List.of("x", "", "1.0", "99999999999", "1e3", "-", "%20 1")) {
      cases.add(new Case("number " + number, 400, get("/pages/number?n=" + number)));
    }
    return cases;
  }

  private static List<Case> forms() {
    return List.of(
        new Case("form %", 400, post("/pages/form", FORM, "a=%")),
        new Case("form not UTF-8", 400, post("/pages/form", FORM, "a=%ff")),
        new Case("form of 1001", 413, post("/pages/form", FORM, "a&".repeat(1001))),
        new Case("form of 2 MB", 413, post("/pages/form", FORM, "a".repeat(2_000_000))),
        new Case("form of 4 MB", 413, post("/pages/form", FORM, "a".repeat(4_000_000))),
        new Case("form of UTF-16", 415, post("/pages/form", FORM + "; charset=utf-16", "a=b")),
        new Case("form of no charset", 415, post("/pages/form", FORM + "; charset=x-no", "a=b")),
        new Case("form of a bad charset", 415, post("/pages/form", FORM + "; charset=\"\"", "a")),
        new Case("form of JSON", 415, post("/pages/form", "application/json", "{}")),
        new Case("form of nothing", 400, post("/pages/form", "x", "a=b")),
        new Case("form of a bad type", 400, post("/pages/form", "a/b; c", "a=b")),
        new Case("form of a long type", 415, post("/pages/form", "a/" + "b".repeat(5000), "a")),
        new Case("method that is none", 200, post("/pages/form", FORM, "_method=%00%0a")),
        new Case("method that is not there", 405, post("/pages/form", FORM, "_method=PUT")));
  }

  private static List<Case> uploads() {
    List<Case> cases = new ArrayList<>();
    for (String body :
        List.of(
            "",
            "X",
            "--X",
            "--X\r\n",
            "--X\r\n\r\n",
            "\r\n--X\r\n--X--\r\n",
            part("Content-Disposition: form-data; name=\"a\"") + "no end",
            part("Content-Disposition: form-data; name=\"a\"; filename=\"b\0c\"")
                + "x\r\n--X--\r\n",
            part("Content-Disposition: form-data; name=\"a\"\r\nContent-Type: multipart/mixed")
                + "x\r\n--X--\r\n",
            part("Content-Disposition: form-data; name=\"a\"") + "\u00ff\r\n--X--\r\n")) {
      cases.add(new Case("upload " + body, 400, post("/pages/multipart", MULTIPART, body)));
    }
    // What is odd, and understood somehow.
    for (String head :
        List.of(
            "Content-Disposition: form-data",
            "Content-Type: multipart/mixed; boundary=",
            "Content-Disposition: form-data; name=\"a\"; filename=\"\0\"",
            "Content-Disposition: form-data; name=",
            "Content-Disposition: form-data; name=\"\"",
            "Content-Disposition: form-data; name=\"a",
            "Content-Disposition: form-data; name=\"=?x?q?a?=\"",
            "Content-Disposition: form-data; name=\"=?utf-8?b?!!!?=\"",
            "Content-Disposition: form-data; name=a; filename*=utf-8''%zz",
            "Content-Disposition: form-data; name=a; filename*=nocharset''%41",
            "Content-Disposition: form-data; name=a; filename*=utf-8'%41",
            "Content-Disposition: form-data; name=a; filename*=%",
            "Content-Disposition: form-data; name=a; filename=\"../../etc/passwd\"",
            "Content-Disposition: form-data; name=a; filename=\"C:\\\\x\\\\y\"",
            "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
            "Content-Disposition: attachment; filename=x",
            "Content-Disposition:",
            "no colon",
            ": no name",
            "Content-Disposition: form-data; name=a\r\n folded",
            "Content-Disposition: form-data; name=a\r\nContent-Type: x",
            "Content-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=x-no",
            "Content-Disposition: form-data; name=a\r\nContent-Length: -1",
            "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64")) {
      cases.add(
          new Case(
              "part " + head,
              0,
              post("/pages/multipart", MULTIPART, part(head) + "x\r\n--X--\r\n")));
    }
    String plain = part("Content-Disposition: form-data; name=\"a\"");
    cases.add(
        new Case(
            "upload of 1001",
            413,
            post("/pages/multipart", MULTIPART, (plain + "x\r\n").repeat(1001) + "--X--\r\n")));
    cases.add(
        new Case(
            "upload with a long head",
            413,
            post("/pages/multipart", MULTIPART, part("A: " + "b".repeat(20_000)) + "x\r\n--X--")));
    cases.add(
        new Case(
            "upload with a long field",
            413,
            post("/pages/multipart", MULTIPART, plain + "x".repeat(2_000_000) + "\r\n--X--\r\n")));
    for (String type :
        List.of(
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"",
            "multipart/form-data; boundary=\"\t\"",
            "multipart/form-data; boundary=" + "x".repeat(71),
            "multipart/form-data; boundary=\"" + "\u00e4" + "\"")) {
      cases.add(new Case("upload as " + type, 400, post("/pages/multipart", type, "--X--\r\n")));
    }
    cases.add(new Case("mixed", 415, post("/pages/multipart", "multipart/mixed; boundary=X", "")));
    return cases;
  }

  private static String part(String head) {
    return "--X\r\n" + head + "\r\n\r\n";
  }

  private static List<Case> bodies() throws IOException {
    byte[] bomb = zipped(new byte[10_000_000]);
    TestRequest text = TestRequest.of("POST", "/pages/text");
    return List.of(
        new Case("text not UTF-8", 400, post("/pages/text", "text/plain", "\u00ff")),
        new Case(
            "text not ASCII", 400, post("/pages/text", "text/plain;charset=us-ascii", "\u00e4")),
        new Case("text of no charset", 415, post("/pages/text", "text/plain; charset=x-no", "a")),
        new Case("text of 2 MB", 413, post("/pages/text", "text/plain", "a".repeat(2_000_000))),
        new Case("chunked 4 MB", 413, text.withChunkedBody(new byte[4_000_000])),
        new Case("bomb", 413, text.withHeader("Content-Encoding", "gzip").withBody(bomb)),
        new Case(
            "no gzip",
            400,
            text.withHeader("Content-Encoding", "gzip").withBody(new byte[] {1, 2})),
        new Case("no deflate", 400, text.withHeader("Content-Encoding", "deflate").withBody(bomb)),
        new Case(
            "half a gzip",
            400,
            text.withHeader("Content-Encoding", "gzip")
                .withBody(java.util.Arrays.copyOf(zipped(new byte[1000]), 20))),
        new Case("brotli", 415, text.withHeader("Content-Encoding", "br").withBody(bomb)),
        new Case(
            "gzip twice", 415, text.withHeader("Content-Encoding", "gzip, gzip").withBody(bomb)),
        new Case(
            "short body",
            400,
            text.withHeader("Content-Length", "100").withBody(new byte[] {'a', 'b'})),
        new Case("no JSON", 415, post("/pages/json", "text/plain", "{}")),
        new Case("JSON without a type", 415, TestRequest.of("POST", "/pages/json")));
  }

  private static byte[] zipped(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
      zip.write(bytes);
    }
    return out.toByteArray();
  }

  private static List<Case> cookies() {
    TestRequest all = get("/pages/cookies");
    TestRequest one = get("/pages/cookie");
    return List.of(
        new Case("cookies, 70 KB", 431, all.withHeader("Cookie", "a=" + "x".repeat(70_000))),
        new Case("cookie, 70 KB", 431, one.withHeader("Cookie", "a=" + "x".repeat(70_000))),
        new Case("cookies, 1001", 431, all.withHeader("Cookie", "a=b;".repeat(1001))),
        new Case("cookies, odd", 200, all.withHeader("Cookie", ";=;==;\"a=\u00ff;;,\t;")),
        new Case("cookie, odd", 200, one.withHeader("Cookie", ";=;==;\"a=\u00ff;;,\t;a")));
  }

  private static List<Case> fields() {
    List<Case> cases = new ArrayList<>();
    for (String odd :
        List.of(
            "",
            ",",
            ";",
            "\"",
            "\\",
            "*",
            "*/*;q=x",
            "a;q=0.12345",
            "=,=;=",
            "\u00ff",
            "bytes=",
            "bytes=99999999999999999999-1",
            "0",
            "-1",
            "Thu, 99 Foo 0000 99:99:99 GMT",
            "W/",
            "for=\"[::1\";host=\"a b\";proto=x",
            "//evil.example/",
            "\t",
            "a".repeat(5000),
            "a,".repeat(2000))) {
      TestRequest file = get("/files/a.txt");
      TestRequest link = get("/pages/link");
      for (String name :
          List.of(
              "Accept-Encoding",
              "If-Match",
              "If-None-Match",
              "If-Modified-Since",
              "If-Unmodified-Since",
              "If-Range",
              "Range",
              "Origin",
              "X-HTTP-Method-Override")) {
        cases.add(new Case(name + ": " + odd, 0, file.withHeader(name, odd)));
      }
      cases.add(
          new Case(
              "If-Range: " + odd,
              0,
              file.withHeader("Range", "bytes=0-1").withHeader("If-Range", odd)));
      for (String name :
          List.of("X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Request-Id")) {
        cases.add(new Case(name + ": " + odd, 200, link.withHeader(name, odd)));
      }
      // If nobody can read who the client is, the answer is 400.
      for (String name : List.of("Forwarded", "X-Forwarded-For")) {
        cases.add(new Case(name + ": " + odd, 0, link.withHeader(name, odd)));
      }
      for (String name : List.of("Accept", "Accept-Language", "Accept-Encoding")) {
        cases.add(new Case(name + ": " + odd, 0, get("/pages/accept").withHeader(name, odd)));
      }
      for (String scheme : List.of("", "Basic ", "Bearer ", "Digest ")) {
        cases.add(
            new Case(
                "Authorization: " + scheme + odd,
                401,
                get("/members/").withHeader("Authorization", scheme + odd)));
      }
      cases.add(
          new Case(
              "preflight for " + odd,
              204,
              TestRequest.of("OPTIONS", "/pages/query")
                  .withHeader("Origin", "https://example.org")
                  .withHeader("Access-Control-Request-Method", odd)
                  .withHeader("Access-Control-Request-Headers", odd)));
    }
    cases.add(new Case("Range beyond", 416, get("/files/a.txt").withHeader("Range", "bytes=10-")));
    cases.add(new Case("no type", 406, get("/pages/accept").withHeader("Accept", "image/png")));
    return cases;
  }

  private static List<Case> paths() {
    List<Case> cases = new ArrayList<>();
    for (String path :
        List.of(
            "/../secret",
            "/..",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "/..%5csecret",
            "/%2fetc%2fpasswd",
            "//etc/passwd",
            "/a.txt/",
            "/a.txt/x",
            "/a.txt%00.png",
            "/a.txt%0a",
            "/.hidden/secret",
            "/%2ehidden/secret",
            "/out",
            "/none",
            "/%ff",
            "/%c0%ae%c0%ae/secret",
            "/" + "x".repeat(300),
            "/" + "x/".repeat(2000),
            "/a.txt::$DATA",
            "/~root")) {
      // The gateway may refuse a path by 400 before the application sees it.
      cases.add(new Case("file " + path, 0, get("/files" + path)));
    }
    cases.add(new Case("parameter not UTF-8", 400, get("/pages/user/%ff")));
    cases.add(new Case("no page", 404, get("/none")));
    cases.add(new Case("no route", 404, get("/pages/none")));
    cases.add(new Case("no such method", 405, TestRequest.of("DELETE", "/pages/query")));
    cases.add(new Case("unknown method", 405, TestRequest.of("BREW", "/pages/query")));
    cases.add(new Case("file, POST", 405, post("/files/a.txt", FORM, "a=b")));
    return cases;
  }

  private static List<Case> sessions() {
    List<Case> cases = new ArrayList<>();
    for (String at : List.of("/guarded/", "/signed/")) {
      for (String cookie :
          List.of(
              "../../secret",
              "/etc/passwd",
              "%00",
              "",
              ".",
              "..",
              "a.b",
              "!!!.!!!",
              "AAAA.AAAA",
              "\u00ff",
              "x".repeat(10_000))) {
        String value = "session=" + cookie;
        cases.add(new Case(at + value, 200, get(at).withHeader("Cookie", value)));
        cases.add(
            new Case(
                at + "POST " + value,
                403,
                post(at, FORM, "_csrf=" + "x").withHeader("Cookie", value)));
      }
      for (String token : List.of("", "x", "AAAA", "????", "\u00ff", "A".repeat(10_000))) {
        cases.add(
            new Case(
                at + "token " + token,
                403,
                TestRequest.of("POST", at).withHeader("X-CSRF-Token", token)));
      }
      cases.add(
          new Case(
              at + "cross-site",
              403,
              TestRequest.of("POST", at).withHeader("Sec-Fetch-Site", "cross-site")));
      cases.add(new Case(at + "broken form", 400, post(at, MULTIPART, "x")));
    }
    return cases;
  }

  private static TestRequest get(String target) {
    return TestRequest.get(target);
  }

  private static TestRequest post(String target, String type, String body) {
    return TestRequest.of("POST", target)
        .withHeader("Content-Type", type)
        .withBody(body.getBytes(StandardCharsets.ISO_8859_1));
  }

  // ---- what comes back ----

  @ParameterizedTest(name = "[{index}]")
  @MethodSource("requests")
  void badInput_isTheClientsFault(String what, int status, TestRequest request) {
    LOG.clear();
    TestResponse response =
        InMemoryGateway.builder(site).variable("REMOTE_ADDR", "127.0.0.1").build().run(request);
    String page = response.text();
    if (status == 0) {
      assertThat(response.status())
          .as(what)
          .isIn(200, 204, 206, 301, 304, 400, 404, 405, 406, 412, 415);
    } else {
      assertThat(response.status()).as(what).isEqualTo(status);
    }
    assertThat(response.isComplete()).as(what).isTrue();
    assertThat(page)
        .as(what)
        .doesNotContain("Exception", "\tat ", "dev.postern", directory.toString(), "secret")
        .doesNotContain("evil", "passwd");
    if (response.status() >= 400 && !request.method().equals("HEAD")) {
      assertThat(page).as(what).startsWith(response.status() + " ");
      assertThat(response.header("Content-Type")).as(what).startsWith("text/plain");
    }
    assertThat(response.log()).as(what).doesNotContain("\tat ");
    assertThat(LOG).as(what).hasSize(1).allMatch(line -> line.matches("[ -~]+"));
  }
}

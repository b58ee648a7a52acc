package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilesTest {
  private static final Instant MODIFIED = Instant.parse("2024-03-01T12:00:00.123Z");

  @TempDir Path directory;
  private Path root;
  private dev.postern.web.Files files;

  @BeforeEach
  void fill() throws IOException {
    root = Files.createDirectories(directory.resolve("root"));
    write(root.resolve("a.txt"), "0123456789");
    write(root.resolve("empty.txt"), "");
    write(root.resolve("b c.html"), "<p>");
    write(root.resolve(".hidden"), "secret");
    write(root.resolve("noext"), "x");
    write(directory.resolve("outside.txt"), "outside");
    write(Files.createDirectories(root.resolve("dir")).resolve("index.html"), "index");
    Files.createDirectories(root.resolve("bare"));
    write(Files.createDirectories(root.resolve(".well-known")).resolve("security.txt"), "s");
    files = dev.postern.web.Files.under(root);
  }

  private static Path write(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, FileTime.from(MODIFIED));
    return file;
  }

  private TestResponse get(String target, String... headers) {
    TestRequest request = TestRequest.get(target);
    for (int i = 0; i < headers.length; i += 2) {
      request = request.withHeader(headers[i], headers[i + 1]);
    }
    return Web.run(files, request);
  }

  @Test
  void nameThatTheLocaleLacks_isServed() throws Exception {
    Process names =
        new ProcessBuilder(
                "/bin/sh",
                "-c",
                "u=$(printf '\\303\\274'); mkdir $u; printf one > $u.txt; printf two > $u/$u.css;"
                    + " printf zip > $u/$u.css.gz")
            .directory(root.toFile())
            .inheritIO()
            .start();
    assertThat(names.waitFor()).isZero();
    for (String locale : List.of("C", "C.UTF-8")) {
      ProcessBuilder builder =
          new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1",
              "-cp",
              System.getProperty("java.class.path"),
              FilesMain.class.getName(),
              root.toString(),
              "/%C3%BC.txt",
              "/%C3%BC/%C3%BC.css",
              "/%C3%BC/a.css",
              "/%C3%B6.txt",
              "/%C3%BC");
      builder.redirectErrorStream(true).environment().put("LC_ALL", locale);
      Process process = builder.start();
      String printed =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      assertThat(printed.lines())
          .as(locale)
          .containsExactly(
              "200 text/plain; charset=utf-8 null one",
              "200 text/css; charset=utf-8 gzip zip",
              "404 text/plain; charset=utf-8 null 404 Not Found",
              "404 text/plain; charset=utf-8 null 404 Not Found",
              "404 text/plain; charset=utf-8 null 404 Not Found");
      assertThat(process.waitFor()).isZero();
    }
  }

  @Test
  void get_isTheFileWithItsValidators() {
    TestResponse response = get("/a.txt");
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.text()).isEqualTo("0123456789");
    assertThat(response.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(response.header("Content-Length")).isEqualTo("10");
    assertThat(response.header("Last-Modified")).isEqualTo("Fri, 01 Mar 2024 12:00:00 GMT");
    assertThat(response.header("ETag")).startsWith("\"").endsWith("-a\"");
    assertThat(response.header("Accept-Ranges")).isEqualTo("bytes");
    assertThat(response.header("X-Content-Type-Options")).isEqualTo("nosniff");
    TestResponse head = Web.run(files, TestRequest.of("HEAD", "/a.txt"));
    assertThat(head.headers()).isEqualTo(response.headers());
    assertThat(head.text()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "/b%20c.html, 200",
    "/noext, 200",
    "/empty.txt, 200",
    "/dir/, 200",
    "/dir, 301",
    "/.well-known/security.txt, 200",
    "/bare, 404",
    "/bare/, 404",
    "/a.txt/, 404",
    "/a.txt/x, 404",
    "/none, 404",
    "/, 404",
    "'', 404",
    "/.hidden, 404",
    "/../outside.txt, 404",
    "/%2e%2e/outside.txt, 404",
    "/dir/../../outside.txt, 404",
    "/dir/%2e%2e%2fa.txt, 404",
    "/.., 404",
    "/., 404",
    "//a.txt, 404",
    "/dir//index.html, 404",
    "/a.txt%00, 404",
    "/a%0a.txt, 404",
    "/%ff, 404",
    "/%5c..%5coutside.txt, 404"
  })
  void paths_neverLeadOut(String target, int status) {
    TestResponse response = get(target);
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.text()).doesNotContain("outside").doesNotContain(directory.toString());
  }

  @Test
  void names_thatAreTooLong_are404() {
    assertThat(get("/" + "x".repeat(300)).status()).isEqualTo(404);
  }

  @Test
  void links_outOfTheDirectory_are404() throws Exception {
    Files.createSymbolicLink(root.resolve("out.txt"), directory.resolve("outside.txt"));
    Files.createSymbolicLink(root.resolve("in.txt"), root.resolve("a.txt"));
    Files.createSymbolicLink(root.resolve("up"), directory);
    Files.createSymbolicLink(root.resolve("gone"), root.resolve("nothing"));
    Files.createSymbolicLink(root.resolve("loop"), root.resolve("loop"));
    assertThat(get("/out.txt").status()).isEqualTo(404);
    assertThat(get("/up/outside.txt").status()).isEqualTo(404);
    assertThat(get("/gone").status()).isEqualTo(404);
    assertThat(get("/loop").status()).isEqualTo(404);
    assertThat(get("/in.txt").text()).isEqualTo("0123456789");
  }

  @Test
  void directory_withoutSlash_isRedirected() {
    TestResponse response =
        InMemoryGateway.builder(files).scriptName("/s t").build().run(TestRequest.get("/dir?q=1"));
    assertThat(response.status()).isEqualTo(301);
    assertThat(response.header("Location")).isEqualTo("/s%20t/dir/?q=1");
  }

  @Test
  void directory_withoutSlash_isRedirectedToNoOtherHost() throws IOException {
    Environ environ = Web.environ("SCRIPT_NAME", "//evil.example", "PATH_INFO", "/dir");
    assertThat(files.respond(environ).headers().get("Location")).isEqualTo("/.//evil.example/dir/");
  }

  @Test
  void otherMethods_are405() {
    TestResponse response = Web.run(files, TestRequest.post("/a.txt", "text/plain", "x"));
    assertThat(response.status()).isEqualTo(405);
    assertThat(response.header("Allow")).isEqualTo("GET, HEAD, OPTIONS");
    TestResponse options = Web.run(files, TestRequest.of("OPTIONS", "/a.txt"));
    assertThat(options.status()).isEqualTo(204);
    assertThat(options.header("Allow")).isEqualTo("GET, HEAD, OPTIONS");
  }

  @ParameterizedTest
  @CsvSource({"/dir, 204", "/dir/, 204", "/bare/, 404", "/gone, 404", "/../outside.txt, 404"})
  void options_ofNoFile_is404(String path, int status) {
    assertThat(Web.run(files, TestRequest.of("OPTIONS", path)).status()).isEqualTo(status);
  }

  /** Such as the preflight request of a browser for the application's part of the site. */
  @Test
  void options_ofNoFile_goesOnInACascade() {
    Application app = Application.of(e -> Responses.text("app"));
    assertThat(Web.run(Cascade.of(files, app), TestRequest.of("OPTIONS", "/api")).text())
        .isEqualTo("app");
    dev.postern.web.Files gone = dev.postern.web.Files.of(root.resolve("gone"));
    assertThat(Web.run(gone, TestRequest.of("OPTIONS", "/")).status()).isEqualTo(404);
  }

  @Test
  void conditions_are304And412() {
    String tag = get("/a.txt").header("ETag");
    TestResponse known = get("/a.txt", "If-None-Match", tag);
    assertThat(known.status()).isEqualTo(304);
    assertThat(known.text()).isEmpty();
    assertThat(known.header("ETag")).isEqualTo(tag);
    assertThat(get("/a.txt", "If-Modified-Since", "Fri, 01 Mar 2024 12:00:00 GMT").status())
        .isEqualTo(304);
    assertThat(get("/a.txt", "If-Match", "\"other\"").status()).isEqualTo(412);
    assertThat(get("/a.txt", "If-None-Match", "\"other\"").status()).isEqualTo(200);
  }

  @Test
  void notModified_ofACompressedSibling_hasNoCoding() throws Exception {
    java.nio.file.Files.write(root.resolve("a.txt.gz"), new byte[] {1});
    TestResponse first = get("/a.txt", "Accept-Encoding", "gzip");
    assertThat(first.header("Content-Encoding")).isEqualTo("gzip");
    TestResponse known =
        get("/a.txt", "Accept-Encoding", "gzip", "If-None-Match", first.header("ETag"));
    assertThat(known.status()).isEqualTo(304);
    assertThat(known.header("Content-Encoding")).isNull();
    assertThat(known.header("Vary")).isEqualTo("Accept-Encoding");
  }

  @Test
  void range_isAPart() {
    TestResponse response = get("/a.txt", "Range", "bytes=2-4");
    assertThat(response.status()).isEqualTo(206);
    assertThat(response.text()).isEqualTo("234");
    assertThat(response.header("Content-Range")).isEqualTo("bytes 2-4/10");
    assertThat(response.header("Content-Length")).isEqualTo("3");
    assertThat(get("/a.txt", "Range", "bytes=-3").text()).isEqualTo("789");
    assertThat(get("/a.txt", "Range", "bytes=7-").text()).isEqualTo("789");
    assertThat(get("/a.txt", "Range", "bytes=x").status()).isEqualTo(200);
    assertThat(get("/empty.txt", "Range", "bytes=0-").status()).isEqualTo(200);
    String tag = get("/a.txt").header("ETag");
    assertThat(get("/a.txt", "Range", "bytes=0-0", "If-Range", tag).status()).isEqualTo(206);
    assertThat(get("/a.txt", "Range", "bytes=0-0", "If-Range", "\"x\"").status()).isEqualTo(200);
  }

  /** apt sends no tag. A file may change twice in the second of a date (RFC 9110 8.8.2.2). */
  @ParameterizedTest
  @CsvSource({"70, 206", "20, 200"})
  void range_ifADateIsTheSame_isAPartWhenTheChangeIsAMinuteAgo(int age, int status)
      throws Exception {
    Files.setLastModifiedTime(
        root.resolve("a.txt"), FileTime.from(Instant.now().minusSeconds(age)));
    String date = get("/a.txt").header("Last-Modified");
    assertThat(get("/a.txt", "Range", "bytes=2-4", "If-Range", date).status()).isEqualTo(status);
  }

  @Test
  void range_beyondTheEnd_is416() {
    TestResponse response = get("/a.txt", "Range", "bytes=10-");
    assertThat(response.status()).isEqualTo(416);
    assertThat(response.header("Content-Range")).isEqualTo("bytes */10");
  }

  @Test
  void ranges_areAMultipart() {
    TestResponse response = get("/a.txt", "Range", "bytes=0-1,8-9");
    assertThat(response.status()).isEqualTo(206);
    String type = response.header("Content-Type");
    assertThat(type).startsWith("multipart/byteranges; boundary=");
    String boundary = type.substring(type.indexOf('=') + 1);
    assertThat(response.text())
        .isEqualTo(
            "\r\n--B\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
                    .replace("B", boundary)
                + "\r\n--B\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
                    .replace("B", boundary)
                + "\r\n--"
                + boundary
                + "--\r\n");
    assertThat(response.header("Content-Length")).isEqualTo("" + response.body().length);
  }

  @Test
  void compressedSibling_isSentToWhoAcceptsIt() throws Exception {
    write(root.resolve("a.txt.gz"), "gzipped");
    write(root.resolve("a.txt.br"), "brotli");
    TestResponse gzip = get("/a.txt", "Accept-Encoding", "gzip");
    assertThat(gzip.text()).isEqualTo("gzipped");
    assertThat(gzip.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(gzip.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(gzip.header("Vary")).isEqualTo("Accept-Encoding");
    assertThat(get("/a.txt", "Accept-Encoding", "gzip, br").text()).isEqualTo("brotli");
    TestResponse plain = get("/a.txt");
    assertThat(plain.text()).isEqualTo("0123456789");
    assertThat(plain.header("Vary")).isEqualTo("Accept-Encoding");
    assertThat(plain.header("ETag")).isNotEqualTo(gzip.header("ETag"));
    assertThat(get("/a.txt", "Accept-Encoding", "gzip", "Range", "bytes=0-1").text())
        .isEqualTo("gz");
    Files.setLastModifiedTime(root.resolve("a.txt.br"), FileTime.from(MODIFIED.minusSeconds(1)));
    assertThat(get("/a.txt", "Accept-Encoding", "br, gzip").text()).isEqualTo("gzipped");
  }

  @Test
  void options_areKept() throws Exception {
    write(root.resolve("x.foo"), "x");
    files =
        dev.postern.web.Files.builder(root)
            .index("a.txt")
            .cacheControl("max-age=60")
            .dotFiles(true)
            .type("FOO", "text/x-foo")
            .precompressed(false)
            .build();
    assertThat(get("/x.foo").header("Content-Type")).isEqualTo("text/x-foo");
    assertThat(get("/x.foo").header("Cache-Control")).isEqualTo("max-age=60");
    assertThat(get("/.hidden").text()).isEqualTo("secret");
    assertThat(get("/").text()).isEqualTo("0123456789");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> dev.postern.web.Files.builder(root).type("a", "b"));
  }

  @Test
  void optionsThatNoFileCanHave_areRefused() {
    dev.postern.web.Files.Builder builder = dev.postern.web.Files.builder(root);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.type(".foo", "text/x-foo"))
        .withMessage("extension must have no dot: \".foo\"");
    assertThatIllegalArgumentException().isThrownBy(() -> builder.type("", "text/x-foo"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.index("../a.txt"))
        .withMessage("index must be a file name: \"../a.txt\"");
    assertThatIllegalArgumentException().isThrownBy(() -> builder.index(""));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.cacheControl("a\r\nb: c"));
  }

  @Test
  void one_isThatFile_whateverThePathIs() throws Exception {
    Path file = root.resolve("a.txt");
    assertThat(Web.get(dev.postern.web.Files.of(file), "/some/where").text())
        .isEqualTo("0123456789");
    Files.delete(file);
    assertThat(Web.get(dev.postern.web.Files.of(file), "/").status()).isEqualTo(404);
    assertThat(Web.get(dev.postern.web.Files.of(root), "/").status()).isEqualTo(404);
  }

  @Test
  void freshFile_hasAWeakTag() throws Exception {
    Files.writeString(root.resolve("new.txt"), "x");
    assertThat(get("/new.txt").header("ETag")).startsWith("W/\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.PNG", "b.png"})
  void types_areByExtension(String name) {
    assertThat(FileTypes.of(name)).isEqualTo("image/png");
    assertThat(FileTypes.of("x.unknown")).isEqualTo("application/octet-stream");
  }
}

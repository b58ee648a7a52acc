package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.HttpException;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of Rack's tests of static files and byte ranges (spec_files.rb, spec_utils.rb), of
 * Plack's of files (Plack-Middleware/file.t, static.t) and of Ring's of files, file names and
 * ranges, with the values that RFC 9110 gives them.
 */
class PeerFilesTest {
  /** As long as Rack's file, so that its ranges hold. */
  private static final String CONTENT =
      "0123456789".repeat(3) + "abcdefghij".repeat(17) + "the end..";

  private static final Instant MODIFIED = Instant.parse("2010-01-14T22:00:00Z");
  private static final String DATE = "Thu, 14 Jan 2010 22:00:00 GMT";

  @TempDir static Path directory;
  private static dev.postern.web.Files files;

  @BeforeAll
  static void fill() throws IOException {
    Path root = Files.createDirectories(directory.resolve("site"));
    Path cgi = Files.createDirectories(root.resolve("cgi/assets")).getParent();
    write(cgi.resolve("test"), CONTENT);
    write(cgi.resolve("test.."), "dots");
    write(root.resolve("you+me.txt"), "hello world");
    write(root.resolve("hello world.txt"), "Hello World\n");
    write(root.resolve("empty"), "");
    write(root.resolve("index.html"), "index");
    write(root.resolve("foo.html"), "foo");
    write(root.resolve("face.jpg"), "jpeg");
    write(directory.resolve("README"), "secret");
    Files.createSymbolicLink(root.resolve("backlink"), directory);
    files = dev.postern.web.Files.under(root);
  }

  private static void write(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, FileTime.from(MODIFIED));
  }

  private static TestResponse get(String target, String... headers) {
    return run("GET", target, headers);
  }

  private static TestResponse run(String method, String target, String... headers) {
    TestRequest request = TestRequest.of(method, target);
    for (int i = 0; i < headers.length; i += 2) {
      request = request.withHeader(headers[i], headers[i + 1]);
    }
    return Web.run(files, request);
  }

  // ---- paths ----

  @ParameterizedTest
  @CsvSource({
    "/cgi/test, 200",
    "/cgi/%74%65%73%74, 200",
    "/cgi/test.., 200",
    "/you+me.txt, 200",
    "/hello%20world.txt, 200",
    "/, 200",
    "/foo.html, 200",
    "/cgi/assets, 404",
    "/cgi, 404",
    "/cgi/blubb, 404",
    "/dynamic, 404",
    "/cgi/test%00, 404",
    "/cgi/../cgi/test, 404",
    "/cgi/%2E%2E/cgi/test, 404",
    "/../README, 404",
    "/%2E%2E/README, 404",
    "/..%2fREADME, 404",
    "/..%2f..%2f..%2fetc%2fpasswd, 404",
    "/cgi/..test, 404",
    "/cgi../test.., 404",
    "/cgi/test/.., 404",
    "/backlink/README, 404",
    "/backlink/site/foo.html, 200",
    "/foo.html/, 404",
    "/foo.html////////////////, 404"
  })
  void path_isAFileBelowTheRoot_orIsNotFound(String target, int status) {
    TestResponse response = get(target);
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.text()).doesNotContain("secret").doesNotContain(directory.toString());
    TestResponse head = run("HEAD", target);
    assertThat(head.status()).isEqualTo(status);
    assertThat(head.body()).isEmpty();
  }

  @Test
  void path_ofAMountedApplication_isWhatIsBehindThePrefix() {
    UrlMap map = UrlMap.builder().mount("/bar", files).build();
    assertThat(Web.get(map, "/bar/foo.html").text()).isEqualTo("foo");
    assertThat(Web.get(map, "/foo.html").status()).isEqualTo(404);
  }

  @Test
  void index_isAPage_unlessItIsSwitchedOff() {
    assertThat(get("/").text()).isEqualTo("index");
    dev.postern.web.Files without =
        dev.postern.web.Files.builder(directory.resolve("site")).index(null).build();
    assertThat(Web.get(without, "/").status()).isEqualTo(404);
  }

  @Test
  void directory_thatIsMissing_isNotFound() {
    assertThat(Web.get(dev.postern.web.Files.under(directory.resolve("not_here")), "/a").status())
        .isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
  void method_otherThanGetHeadAndOptions_is405(String method) {
    TestResponse response = run(method, "/cgi/test");
    assertThat(response.status()).isEqualTo(405);
    assertThat(response.header("Allow").split(", ")).containsOnly("GET", "HEAD", "OPTIONS");
  }

  @Test
  void options_saysWhatIsAllowed() {
    TestResponse response = run("OPTIONS", "/cgi/test");
    assertThat(response.status()).isEqualTo(204);
    assertThat(response.header("Allow").split(", ")).containsOnly("GET", "HEAD", "OPTIONS");
  }

  // ---- headers ----

  @Test
  void head_hasTheLengthOfTheFile() {
    TestResponse head = run("HEAD", "/cgi/test");
    assertThat(head.header("Content-Length")).isEqualTo("209");
    assertThat(head.header("Last-Modified")).isEqualTo(DATE);
    assertThat(head.headers()).isEqualTo(get("/cgi/test").headers());
  }

  @ParameterizedTest
  @CsvSource({
    "foo.txt, text/plain; charset=utf-8",
    "foo.html, text/html; charset=utf-8",
    "foo.png, image/png",
    "face.jpg, image/jpeg",
    "some-video.mp4, video/mp4",
    "bar.xxxaaa, application/octet-stream",
    "bar, application/octet-stream",
    "txt, text/plain; charset=utf-8"
  })
  void type_isByTheEndOfTheName(String name, String type) {
    assertThat(FileTypes.of(name)).isEqualTo(type);
  }

  @Test
  void type_canBeSet_andCacheControl() {
    dev.postern.web.Files custom =
        dev.postern.web.Files.builder(directory.resolve("site"))
            .type("html", "custom/type")
            .cacheControl("public, max-age=38")
            .build();
    TestResponse response = Web.get(custom, "/foo.html");
    assertThat(response.header("Content-Type")).isEqualTo("custom/type");
    assertThat(response.header("Cache-Control")).isEqualTo("public, max-age=38");
    assertThat(get("/foo.html").header("Cache-Control")).isNull();
    assertThat(get("/foo.html").header("Access-Control-Allow-Origin")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Thu, 14 Jan 2010 22:00:00 GMT   | 304
          Thu, 14 Jan 2010 22:00:01 GMT   | 304
          Thu, 14 Jan 2010 21:58:20 GMT   | 200
          Wed, 13 Jan 2010 22:00:00 GMT   | 200
          Thu, 14 Jan 2010 22:00:00 +0000 | 200
          2010-01-14 22:00:00 +0000       | 200
          """)
  void file_thatWasNotModified_is304(String since, int status) {
    TestResponse response = get("/cgi/test", "If-Modified-Since", since);
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.header("Last-Modified")).isEqualTo(DATE);
    if (status == 304) {
      assertThat(response.body()).isEmpty();
      assertThat(response.header("Content-Type")).isNull();
      assertThat(response.header("ETag")).isEqualTo(get("/cgi/test").header("ETag"));
    }
  }

  // ---- ranges ----

  @Test
  void range_isAPart() {
    assertThat(CONTENT).hasSize(209);
    TestResponse response = get("/cgi/test", "Range", "bytes=22-33");
    assertThat(response.status()).isEqualTo(206);
    assertThat(response.header("Content-Length")).isEqualTo("12");
    assertThat(response.header("Content-Range")).isEqualTo("bytes 22-33/209");
    assertThat(response.text()).isEqualTo(CONTENT.substring(22, 34));
  }

  @Test
  void ranges_areParts() {
    TestResponse response = get("/cgi/test", "Range", "bytes=22-33, 60-80");
    assertThat(response.status()).isEqualTo(206);
    String type = response.header("Content-Type");
    String boundary = type.substring(type.indexOf('=') + 1);
    assertThat(type).isEqualTo("multipart/byteranges; boundary=" + boundary);
    String part = "\r\n--" + boundary + "\r\nContent-Type: application/octet-stream\r\n";
    String expected =
        part
            + "Content-Range: bytes 22-33/209\r\n\r\n"
            + CONTENT.substring(22, 34)
            + part
            + "Content-Range: bytes 60-80/209\r\n\r\n"
            + CONTENT.substring(60, 81)
            + "\r\n--"
            + boundary
            + "--\r\n";
    assertThat(response.text()).isEqualTo(expected);
    assertThat(response.header("Content-Length")).isEqualTo("" + expected.length());
    assertThat(get("/cgi/test", "Range", "bytes=22-33, 60-80").header("Content-Type"))
        .isNotEqualTo(type);
  }

  @Test
  void range_thatNothingSatisfies_is416() {
    TestResponse response = get("/cgi/test", "Range", "bytes=1234-5678");
    assertThat(response.status()).isEqualTo(416);
    assertThat(response.header("Content-Range")).isEqualTo("bytes */209");
    assertThat(get("/empty", "Range", "bytes=0-").status()).isEqualTo(200);
  }

  @Test
  void range_isForGetAndForAResponseOfAllBytes() {
    assertThat(run("HEAD", "/cgi/test", "Range", "bytes=2-10").status()).isEqualTo(200);
    assertThat(run("POST", "/cgi/test", "Range", "bytes=2-10").status()).isEqualTo(405);
    TestResponse known = get("/cgi/test", "Range", "bytes=2-10", "If-Modified-Since", DATE);
    assertThat(known.status()).isEqualTo(304);
    assertThat(get("/cgi/test", "Range", "bytes=2-10", "If-Range", DATE).status()).isEqualTo(206);
    assertThat(
            get("/cgi/test", "Range", "bytes=2-10", "If-Range", "Thu, 14 Jan 2010 22:00:01 GMT")
                .status())
        .isEqualTo(200);
  }

  /** First and last byte of each range; an empty cell is a field that is passed over. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          500   | foobar                          |
          500   | furlongs=123-456                |
          500   | bytes=                          |
          500   | bytes=-                         |
          500   | bytes=123,456                   |
          500   | bytes=456-123                   |
          500   | bytes=456-455                   |
          100   | foo                             |
          100   | bar=1-10                        |
          100   | bytes1-10                       |
          100   | bytes=3                         |
          100   | bytes=a                         |
          100   | bytes=ab39                      |
          100   | bytes=0x1337                    |
          500   | bytes=123-456                   | 123-456
          500   | bytes=123-                      | 123-499
          500   | bytes=-100                      | 400-499
          500   | bytes=0-0                       | 0-0
          500   | bytes=499-499                   | 499-499
          1000  | bytes=500-600,601-999           | 500-600 601-999
          500   | bytes=123-999                   | 123-499
          500   | bytes=-999                      | 0-499
          500   | bytes=600-999                   | 416
          500   | bytes=500-501                   | 416
          500   | bytes=500-                      | 416
          500   | bytes=999-                      | 416
          500   | bytes=-0                        | 416
          0     | bytes=123-456                   |
          0     | bytes=0-                        |
          0     | bytes=-100                      |
          0     | bytes=-0                        |
          500   | bytes=0-499                     | 0-499
          499   | bytes=0-499                     | 0-498
          35    | bytes=17-34                     | 17-34
          16    | bytes=17-34                     | 416
          1500  | bytes=1206-                     | 1206-1499
          2934  | bytes=2934-                     | 416
          2935  | bytes=2934-                     | 2934-2934
          9000  | bytes=-12                       | 8988-8999
          9000  | bytes=-5000                     | 4000-8999
          300   | bytes=-300                      | 0-299
          299   | bytes=-300                      | 0-298
          5     | bytes=0-0,-1                    | 0-0 4-4
          5     | bytes=0-0, -1                   | 0-0 4-4
          5     | bytes=0-0,2-3,-1                | 0-0 2-3 4-4
          4     | bytes=0-0,2-3,-1                | 0-0 2-3 3-3
          600   | bytes=5-7,34-300,400-500        | 5-7 34-300 400-500
          499   | bytes=5-7,34-300,400-500        | 5-7 34-300 400-498
          600   | bytes=100-,-400                 |
          600   | bytes=100-199,-400              | 100-199 200-599
          600   | bytes=100-199,-401              | 100-199 199-599
          9000  | bytes=0-13,  600-3210,-12       | 0-13 600-3210 8988-8999
          """)
  void ranges_areThoseOfTheStandard(long length, String field, String expected) {
    String actual;
    try {
      List<ByteRange> ranges = Web.request("HTTP_RANGE", field).ranges(length, null, null);
      actual =
          ranges == null
              ? null
              : ranges.stream()
                  .map(range -> range.first() + "-" + range.last())
                  .collect(Collectors.joining(" "));
    } catch (HttpException e) {
      actual = Integer.toString(e.status());
    }
    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void ranges_ofBytesThatAreNoText_areThoseBytes() throws Exception {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    Path file = Files.write(directory.resolve("some-video.mp4"), all);
    TestRequest request = TestRequest.get("/").withHeader("Range", "bytes=7-20,  59-102,-13");
    TestResponse response = Web.run(dev.postern.web.Files.of(file), request);
    String body = new String(response.body(), StandardCharsets.ISO_8859_1);
    String text = new String(all, StandardCharsets.ISO_8859_1);
    for (int[] range : new int[][] {{7, 20}, {59, 102}, {243, 255}}) {
      assertThat(body)
          .contains(
              "Content-Type: video/mp4\r\nContent-Range: bytes "
                  + range[0]
                  + "-"
                  + range[1]
                  + "/256\r\n\r\n"
                  + text.substring(range[0], range[1] + 1)
                  + "\r\n--");
    }
  }
}

package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Response;
import dev.postern.servlet.ServletGateway;
import dev.postern.web.middleware.Gzip;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What curl asks for and sends: ranges, resumed downloads, cookies, forms, uploads. */
@Timeout(60)
class CurlTest {
  private static final Path CURL = Path.of("/usr/bin/curl");
  private static final Instant CHANGED = Instant.parse("2020-01-02T03:04:05Z");

  @TempDir static Path site;
  @TempDir Path home;
  private static Server server;
  private static String url;

  @BeforeAll
  static void start() throws Exception {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      text.append((char) ('a' + i % 26));
    }
    Files.writeString(site.resolve("alphabet.txt"), text);
    Files.setLastModifiedTime(site.resolve("alphabet.txt"), FileTime.from(CHANGED));
    Application application =
        UrlMap.builder()
            .mount("/files", dev.postern.web.Files.under(site).with(Gzip.of()))
            .mount("/cookies", Application.of(CurlTest::cookies))
            .mount("/form", Application.of(CurlTest::form))
            .mount("/upload", Application.of(CurlTest::upload))
            .build();
    server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.addServlet(new ServletHolder(new ServletGateway(application)), "/*");
    server.setHandler(context);
    server.start();
    url = "http://127.0.0.1:" + connector.getLocalPort();
  }

  @AfterAll
  static void stop() throws Exception {
    server.stop();
  }

  /** The cookies that came, and some more for the next request. */
  private static Response cookies(Environ environ) {
    List<String> all = new ArrayList<>();
    for (Map.Entry<String, String> cookie : Request.of(environ).cookies()) {
      all.add(cookie.getKey() + "=" + cookie.getValue());
    }
    Response response = Responses.text(String.join("|", all));
    for (Cookie cookie :
        List.of(
            Cookie.of("plain", "1"),
            Cookie.of("chars", "!#$%&'()*+-./:<=>?@[]^_`{|}~"),
            Cookie.of("empty", ""),
            Cookie.of("below", "2").withPath("/cookies/below"),
            Cookie.of("lasting", "3").withMaxAge(Duration.ofHours(1)),
            Cookie.of("strict", "4").withSameSite(Cookie.SameSite.STRICT),
            Cookie.of("gone", "5").withMaxAge(Duration.ZERO))) {
      response = cookie.addTo(response);
    }
    return response;
  }

  private static Response form(Environ environ) throws IOException {
    StringBuilder text = new StringBuilder();
    for (Map.Entry<String, String> field : Request.of(environ).form()) {
      text.append(field.getKey()).append('=').append(field.getValue()).append('|');
    }
    return Responses.text(text.toString());
  }

  private static Response upload(Environ environ) throws IOException {
    StringBuilder text = new StringBuilder();
    for (Part part : Request.of(environ).multipart().parts()) {
      text.append(part.name()).append(':').append(part.fileName()).append(':');
      text.append(part.contentType()).append(':').append(part.text(2000)).append('|');
    }
    return Responses.text(text.toString());
  }

  // ---- ranges ----

  @ParameterizedTest
  @CsvSource({
    "0-9, 206, abcdefghij",
    "26-28, 206, abc",
    "-3, 206, jkl",
    "998-, 206, kl",
    "999-5000, 206, l",
    "1000-, 416, '416 Range Not Satisfiable\n'"
  })
  void range_isThatOfTheFile(String range, int status, String expected) throws Exception {
    assertThat(curl("-r", range, "-w", "%{http_code}", url + "/files/alphabet.txt"))
        .isEqualTo(expected + status);
  }

  @Test
  void ranges_areMultipart() throws Exception {
    String answer = curl("-i", "-r", "0-1,-2", url + "/files/alphabet.txt");
    assertThat(answer).startsWith("HTTP/1.1 206 ").contains("multipart/byteranges; boundary=");
    assertThat(answer)
        .containsSubsequence(
            "Content-Range: bytes 0-1/1000\r\n\r\nab\r\n",
            "Content-Range: bytes 998-999/1000\r\n\r\nkl\r\n");
  }

  /** {@code -C -} asks for what the file does not have yet, and nothing more when it is whole. */
  @Test
  void download_isResumed() throws Exception {
    Path whole = site.resolve("alphabet.txt");
    Path part = home.resolve("part");
    Files.writeString(part, Files.readString(whole).substring(0, 333));
    String[] resume = {"-C", "-", "-w", "%{http_code}", "-o", part.toString()};
    assertThat(curl(with(resume, url + "/files/alphabet.txt"))).isEqualTo("206");
    assertThat(part).hasSameTextualContentAs(whole);
    // curl knows the 416 of a whole file, and is content with it.
    assertThat(curl(with(resume, url + "/files/alphabet.txt"))).isEqualTo("416");
    assertThat(part).hasSameTextualContentAs(whole);
  }

  @Test
  void ifRange_ofAnotherVersion_isTheWholeFile() throws Exception {
    String[] changed = {"-r", "0-1", "-H", "If-Range: \"other\"", "-w", "%{http_code}"};
    assertThat(curl(with(changed, url + "/files/alphabet.txt"))).hasSize(1003).endsWith("200");
    String[] dated = {"-r", "0-1", "-H", "If-Range: Thu, 02 Jan 2020 03:04:05 GMT"};
    assertThat(curl(with(dated, url + "/files/alphabet.txt"))).isEqualTo("ab");
    String[] show = {"-o", home.resolve("first").toString(), "-w", "%header{etag}"};
    String tag = curl(with(show, url + "/files/alphabet.txt"));
    String[] same = {"-r", "0-1", "-H", "If-Range: " + tag};
    assertThat(curl(with(same, url + "/files/alphabet.txt"))).isEqualTo("ab");
  }

  // ---- conditions and codings ----

  @Test
  void file_thatIsThere_isNotSentAgain() throws Exception {
    Path tag = home.resolve("tag");
    Path copy = home.resolve("copy");
    String[] ask = {
      "--etag-save", tag.toString(), "--etag-compare", tag.toString(), "-o", copy.toString(),
    };
    Files.createFile(tag);
    assertThat(curl(with(ask, "-w", "%{http_code}", url + "/files/alphabet.txt"))).isEqualTo("200");
    assertThat(curl(with(ask, "-w", "%{http_code}", url + "/files/alphabet.txt"))).isEqualTo("304");
    Files.setLastModifiedTime(copy, FileTime.from(CHANGED));
    assertThat(curl("-z", copy.toString(), "-w", "%{http_code}", url + "/files/alphabet.txt"))
        .isEqualTo("304");
  }

  @Test
  void compressed_isTheSameFile() throws Exception {
    assertThat(curl("--compressed", url + "/files/alphabet.txt"))
        .isEqualTo(Files.readString(site.resolve("alphabet.txt")));
    assertThat(curl("--compressed", "-I", url + "/files/alphabet.txt"))
        .contains("Content-Encoding: gzip", "Vary: Accept-Encoding");
  }

  // ---- what curl sends ----

  @Test
  void cookies_comeBackAsTheyWereSet() throws Exception {
    String[] jar = {"-b", home + "/jar", "-c", home + "/jar"};
    assertThat(curl(with(jar, url + "/cookies"))).isEmpty();
    assertThat(curl(with(jar, url + "/cookies")).split("\\|(?=[a-z])"))
        .containsExactlyInAnyOrder(
            "plain=1", "chars=!#$%&'()*+-./:<=>?@[]^_`{|}~", "empty=", "lasting=3", "strict=4");
    assertThat(curl(with(jar, url + "/cookies/below"))).startsWith("below=2|");
  }

  @Test
  void form_isRead() throws Exception {
    assertThat(
            curl(
                "-d",
                "a=1&b=",
                "--data-urlencode",
                "c=\u00e4 & +%",
                "--data-urlencode",
                "=d e",
                url + "/form"))
        .isEqualTo("a=1|b=|c=\u00e4 & +%|d e=|");
    assertThat(curl("-G", "-d", "a=1", "-w", "%{http_code}", url + "/form")).isEqualTo("200");
    assertThat(curl("-H", "Content-Type: text/csv", "-d", "x", "-w", "%{http_code}", url + "/form"))
        .isEqualTo("415 Unsupported Media Type\n415");
  }

  @Test
  void upload_isRead() throws Exception {
    Path file = Files.writeString(home.resolve("x"), "content");
    assertThat(
            curl(
                "-F",
                "a=\u20ac 1",
                "-F",
                "f=@" + file + ";filename=\"q\\\"u;o.txt\"",
                "-F",
                "g=@" + file + ";type=application/x-own;filename=../../etc/passwd",
                url + "/upload"))
        .isEqualTo(
            // As browsers do, curl sends a quote as %22, and a percent sign as it is.
            "a:null:null:\u20ac 1|f:q%22u;o.txt:text/plain:content|"
                + "g:passwd:application/x-own:content|");
    // Without a length, as a stream that curl does not know the end of.
    assertThat(curl("-H", "Transfer-Encoding: chunked", "-F", "a=1", url + "/upload"))
        .isEqualTo("a:null:null:1|");
  }

  private static String[] with(String[] first, String... more) {
    List<String> all = new ArrayList<>(List.of(first));
    all.addAll(List.of(more));
    return all.toArray(new String[0]);
  }

  /** What curl writes, without its progress; a named skip where there is none. */
  private String curl(String... arguments) throws Exception {
    if (!Files.isExecutable(CURL)) {
      String message = CURL + " is not installed";
      return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
    }
    List<String> command = new ArrayList<>(List.of(CURL.toString(), "-q", "-sS", "-m", "30"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("HOME", home.toString());
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}

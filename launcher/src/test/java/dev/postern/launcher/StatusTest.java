package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.testing.browser.Browser;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve --status}: what it says of programs that run, and whom it says it to. */
class StatusTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Pattern SAMPLE =
      Pattern.compile(
          "[a-z_]+(\\{([a-z]+=\"([^\"\\\\\n]|\\\\[\\\\\"n])*\"(,(?=[a-z]))?)*\\})? -?[0-9.E+-]+");

  @TempDir static Path directory;
  private static Path go;
  private static Child child;
  private static String address;
  private static CompletableFuture<HttpResponse<String>> held;

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @BeforeAll
  static void serve() throws Exception {
    Path programs = Files.createDirectory(directory.resolve("cgi-bin"));
    go = directory.resolve("go");
    program(programs, "good", "printf 'Content-Type: text/plain\\n\\ngood'");
    program(programs, "hold", "until [ -e '" + go + "' ]; do sleep 0.05; done", "exec ./good");
    program(programs, "broken", "echo '<b>oops</b>' >&2", "echo this is no head", "exit 3");
    child =
        Child.start(
            directory,
            Map.of(),
            "serve",
            "--port",
            "0",
            "--cgi-dir",
            "/cgi-bin=" + programs,
            "--max-processes",
            "7",
            "--status",
            "/status");
    address = child.address();
    held =
        CLIENT.sendAsync(request("/cgi-bin/hold?secret=1"), HttpResponse.BodyHandlers.ofString());
    assertThat(get("/cgi-bin/good").body()).isEqualTo("good");
    assertThat(get("/cgi-bin/broken").statusCode()).isEqualTo(502);
    assertThat(get("/cgi-bin/broken").statusCode()).isEqualTo(502);
    assertThat(get("/cgi-bin/absent?secret=1").statusCode()).isEqualTo(404);
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!json().at("/running/0/state").asText().equals("running")) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.sleep(20);
    }
  }

  @AfterAll
  static void end() throws Exception {
    if (child != null) {
      Files.createFile(go);
      assertThat(held.get(60, TimeUnit.SECONDS).body()).isEqualTo("good");
      child.close();
    }
  }

  private static void program(Path programs, String name, String... lines) throws Exception {
    Path file = programs.resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static HttpRequest request(String path, String... headers) {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(address + path)).timeout(PATIENCE);
    return (headers.length == 0 ? builder : builder.headers(headers)).build();
  }

  private static HttpResponse<String> get(String path, String... headers) throws Exception {
    return CLIENT.send(request(path, headers), HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode json() throws Exception {
    HttpResponse<String> response = get("/status/json");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
    return MAPPER.readTree(response.body());
  }

  @Test
  void json_tellsWhatRuns() throws Exception {
    JsonNode run = json().at("/running/0");

    assertThat(run.get("program").asText()).endsWith("/cgi-bin/hold");
    assertThat(run.get("method").asText()).isEqualTo("GET");
    assertThat(run.get("path").asText()).isEqualTo("/cgi-bin/hold");
    assertThat(run.get("client").asText()).isEqualTo("127.0.0.1");
    assertThat(run.get("pid").asLong()).isPositive();
    assertThat(run.get("memory").asLong()).isBetween(100_000L, 1_000_000_000L);
    assertThat(run.get("seconds").asDouble()).isPositive();
  }

  @Test
  void json_tellsPlacesRequestsAndMounts() throws Exception {
    JsonNode status = json();

    assertThat(status.at("/places/0/max").asInt()).isEqualTo(7);
    assertThat(status.at("/places/0/used").asInt()).isEqualTo(1);
    assertThat(status.at("/requests/statuses/5xx").asInt()).isEqualTo(2);
    assertThat(status.at("/requests/statuses/4xx").asInt()).isPositive();
    assertThat(status.at("/requests/running").asInt()).isEqualTo(1);
    assertThat(status.at("/requests/total").asInt()).isBetween(5, 6);
    assertThat(status.at("/starts/spawn").asInt()).isGreaterThanOrEqualTo(3);
    assertThat(status.at("/mounts/0/prefix").asText()).isEqualTo("/cgi-bin");
    assertThat(status.at("/mounts/0/statuses/5xx").asInt()).isEqualTo(2);
    assertThat(status.at("/server/pid").asLong()).isEqualTo(child.pid());
  }

  @Test
  void json_tellsRefusalsWithTheirDiagnosis_withoutSecrets() throws Exception {
    JsonNode status = json();
    JsonNode broken = refusal(status, 502);

    assertThat(broken.get("times").asInt()).isEqualTo(2);
    assertThat(broken.get("program").asText()).endsWith("/broken");
    assertThat(broken.get("exit").asText()).isEqualTo("exit 3");
    assertThat(broken.get("stderr").asText()).contains("<b>oops</b>");
    assertThat(broken.get("excerpt").asText()).contains("this is no head");
    assertThat(broken.get("id").asText()).hasSize(16);
    assertThat(status.at("/rules/" + broken.get("rule").asText()).asInt()).isEqualTo(2);
    JsonNode absent = refusal(status, 404);
    assertThat(absent.get("target").asText()).isEqualTo("/cgi-bin/absent");
    assertThat(status.toString()).doesNotContain("secret=1");
  }

  private static JsonNode refusal(JsonNode status, int wanted) {
    for (JsonNode one : status.get("refusals")) {
      if (one.get("status").asInt() == wanted) {
        return one;
      }
    }
    throw new AssertionError(wanted + " must be among " + status.get("refusals"));
  }

  @Test
  void metrics_arePrometheusText() throws Exception {
    HttpResponse<String> response = get("/status/metrics");

    assertThat(response.headers().firstValue("Content-Type"))
        .contains("text/plain; version=0.0.4; charset=utf-8");
    assertThat(response.body().lines().filter(line -> !line.startsWith("#")))
        .isNotEmpty()
        .allMatch(line -> SAMPLE.matcher(line).matches())
        .contains(
            "postern_requests_total{status=\"5xx\"} 2",
            "postern_places{places=\"all\"} 7",
            "postern_places_used{places=\"all\"} 1",
            "postern_programs{state=\"running\"} 1",
            "postern_mount_requests_total{mount=\"/cgi-bin\",status=\"5xx\"} 2");
    assertThat(response.body().lines().filter(line -> line.startsWith("# TYPE")))
        .doesNotHaveDuplicates();
  }

  @Test
  void prefix_withoutASlash_leadsToThePage() throws Exception {
    HttpResponse<String> response = get("/status");
    assertThat(response.statusCode()).isEqualTo(308);
    assertThat(response.headers().firstValue("Location")).contains("/status/");
    assertThat(get("/status?a=%20").headers().firstValue("Location")).contains("/status/?a=%20");
    assertThat(get("/status/").headers().firstValue("Content-Security-Policy").orElse(""))
        .startsWith("default-src 'none'; script-src 'self'");
    assertThat(get("/status/../etc").statusCode()).isBetween(400, 404);
    assertThat(get("/status/other").statusCode()).isEqualTo(404);
  }

  @Test
  void otherMethods_areRefused() throws Exception {
    HttpResponse<String> response =
        CLIENT.send(
            HttpRequest.newBuilder(URI.create(address + "/status/json"))
                .POST(HttpRequest.BodyPublishers.ofString("x"))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.headers().firstValue("Allow")).contains("GET, HEAD");
    assertThat(response.headers().firstValue("Content-Type")).contains("text/plain; charset=utf-8");
  }

  @Test
  void requestThatAProxyPassedOn_isRefused() throws Exception {
    for (String field : new String[] {"X-Forwarded-For", "Forwarded", "Via"}) {
      HttpResponse<String> response = get("/status/json", field, "127.0.0.1");
      assertThat(response.statusCode()).as(field).isEqualTo(403);
      assertThat(response.body()).contains("--status-from").doesNotContain("running");
    }
  }

  /** With {@code proxy_pass} alone, nginx speaks HTTP/1.0 and adds no header. */
  @Test
  void requestOfHttp10_isRefused() throws Exception {
    int port = URI.create(address).getPort();
    assertThat(Wire.request(port, "GET /status/json HTTP/1.0\nHost: 127.0.0.1:" + port))
        .startsWith("HTTP/1.1 403 ")
        .doesNotContain("running");
  }

  @Test
  void nameThatLeadsHere_isRefused() throws Exception {
    int port = URI.create(address).getPort();
    for (String host : new String[] {"evil.example", "evil.example:" + port, "192.0.2.1"}) {
      assertThat(Wire.request(port, "GET /status/json HTTP/1.1\nHost: " + host))
          .as(host)
          .startsWith("HTTP/1.1 403 ");
    }
    for (String host : new String[] {"localhost", "[::1]:" + port, "127.0.0.1", "a.localhost"}) {
      assertThat(Wire.request(port, "GET /status/json HTTP/1.1\nHost: " + host))
          .as(host)
          .startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void page_showsIt_atBothWidthsInBothColours() throws Exception {
    try (Browser browser = Browser.start(directory.resolve("profile"))) {
      for (int width : new int[] {390, 1280}) {
        for (boolean dark : new boolean[] {false, true}) {
          browser.look(width, 900, dark);
          browser.open(address + "/status/");
          browser.await("document.getElementById('live').className === 'on'");
          browser.await("document.querySelectorAll('#running tbody tr').length === 1");
          assertThat(browser.evaluate("document.getElementById('running').innerText"))
              .contains("hold", "127.0.0.1", "running");
          assertThat(browser.evaluate("String(document.querySelectorAll('.seats .taken').length)"))
              .isEqualTo("1");
          assertThat(browser.evaluate("String(document.documentElement.scrollWidth <= innerWidth)"))
              .as("nothing is wider than " + width)
              .isEqualTo("true");
          browser.await("document.querySelector('#rate-line .line').getAttribute('d') !== ''");
          keep(browser, "status-" + width + (dark ? "-dark" : "") + ".png");
        }
      }
      openByKeyboard(browser);
      checkUnits(browser);
    }
  }

  private static void checkUnits(Browser browser) throws Exception {
    for (String time : List.of("0.0025=2.5|ms", "62=1|min 2 s", "7260=2|h 1 min")) {
      String[] sides = time.split("=");
      assertThat(browser.evaluate("parts(time(" + sides[0] + ")).join('|')")).isEqualTo(sides[1]);
    }
  }

  /** What a program writes is text on the page, and what is open stays open when figures change. */
  private static void openByKeyboard(Browser browser) throws Exception {
    browser.evaluate("document.querySelector('#refusals summary').focus()");
    browser.await("document.activeElement.tagName === 'SUMMARY'");
    browser.press("Enter");
    browser.await("document.querySelectorAll('#refusals details[open]').length === 1");
    browser.evaluate("document.querySelectorAll('#refusals details').forEach(d => d.open = true)");
    browser.evaluate("document.title = document.getElementById('total').textContent");
    get("/cgi-bin/good");
    browser.await("document.title !== document.getElementById('total').textContent");
    assertThat(browser.evaluate("document.getElementById('refusals').innerText"))
        .contains("<b>oops</b>", "exit 3");
    assertThat(browser.evaluate("String(document.querySelectorAll('#refusals b').length)"))
        .isEqualTo("0");
  }

  /** With {@code -Dpostern.pictures=DIR}, for the documentation. */
  private static void keep(Browser browser, String name) throws Exception {
    byte[] picture = browser.picture();
    assertThat(picture).startsWith(0x89, 'P', 'N', 'G');
    String target = System.getProperty("postern.pictures");
    if (target != null) {
      Files.write(Path.of(target, name), picture);
    }
  }
}

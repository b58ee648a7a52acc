package dev.postern.web.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same application in memory, as a servlet and as a CGI executable, the last two in a browser.
 */
@Timeout(300)
class GuestBookTest {
  @TempDir Path directory;

  /** One for all, since it takes seconds to start. */
  private static Browser browser;

  @TempDir(cleanup = CleanupMode.NEVER)
  static Path profile;

  /** Null until the first test that needs one, which is skipped where there is none. */
  private static Browser browser() throws Exception {
    if (browser == null) {
      browser = Browser.start(profile);
    }
    return browser;
  }

  @AfterAll
  static void closeBrowser() throws Exception {
    if (browser != null) {
      browser.close();
    }
    try (Stream<Path> files = Files.walk(profile)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin/java").toString();
  private static final List<String> SMALL =
      List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /** A server in a JVM of 64 MB. */
  private record Server(Process process, int port) implements AutoCloseable {
    static Server start(String... arguments) throws Exception {
      List<String> command = new ArrayList<>();
      command.add(JAVA);
      command.addAll(SMALL);
      command.addAll(List.of("-cp", classPath(), GuestBookServer.class.getName()));
      command.addAll(List.of(arguments));
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      BufferedReader output =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      String line = output.readLine();
      if (line == null || !line.startsWith("port ")) {
        process.destroyForcibly();
        throw new IllegalStateException("server must print its port: " + line);
      }
      return new Server(process, Integer.parseInt(line.substring(5)));
    }

    String url() {
      return "http://127.0.0.1:" + port + "/book/";
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      try {
        process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
      } catch (CompletionException e) {
        process.destroyForcibly();
      }
    }
  }

  private Server start(String kind) throws Exception {
    Path data = directory.resolve("data");
    if (kind.equals("servlet")) {
      return Server.start("servlet", data.toString());
    }
    Path program = directory.resolve("program");
    Files.writeString(
        program,
        "#!/bin/sh\nexec '"
            + JAVA
            + "' "
            + String.join(" ", SMALL)
            + " -cp '"
            + classPath()
            + "' "
            + GuestBookProgram.class.getName()
            + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return Server.start("cgi", program.toString(), data.toString());
  }

  /** Fills the form as a user would, and sends it. */
  private static void sign(Browser browser, String name, String text, String file)
      throws Exception {
    browser.evaluate(
        "document.querySelector('[name=name]').value = '"
            + name
            + "'; document.querySelector('[name=text]').value = '"
            + text
            + "';"
            + (file.isEmpty()
                ? ""
                : "const files = new DataTransfer(); files.items.add("
                    + file
                    + "); document.querySelector('[name=picture]').files = files.files;")
            + "document.querySelector('form').submit();");
  }

  @ParameterizedTest
  @ValueSource(strings = {"servlet", "cgi"})
  void guestBook_inABrowser(String kind) throws Exception {
    Browser browser = browser();
    try (Server server = start(kind)) {
      browser.open(server.url());
      assertThat(browser.evaluate("getComputedStyle(document.querySelector('h1')).color"))
          .isEqualTo("rgb(1, 2, 3)");
      sign(
          browser,
          "Zo\u00eb <b>",
          "one & \u20ac",
          "new File(['picture bytes'], 'a \"b\" \u00e4.png')");
      browser.await("document.querySelectorAll('li').length === 1");
      assertThat(browser.evaluate("document.querySelector('li').textContent"))
          .startsWith("Zo\u00eb <b>: one & \u20ac ")
          .endsWith(".png 13");
      assertThat(browser.evaluate("location.pathname")).isEqualTo("/book/");
      // The session knows the name.
      assertThat(browser.evaluate("document.querySelector('[name=name]').value"))
          .isEqualTo("Zo\u00eb <b>");
      assertThat(browser.evaluate("document.cookie")).isEmpty();
      assertThat(
              browser.evaluate(
                  "fetch(document.querySelector('li a').href, {headers: {Range: 'bytes=8-12'}})"
                      + ".then(r => r.text().then(t => r.status + ' ' + t))"))
          .isEqualTo("206 bytes");
      sign(browser, "second", "no file", "");
      browser.await("document.querySelectorAll('li').length === 2");
      // Without the token nothing is written.
      assertThat(
              browser.evaluate(
                  "fetch('/book/sign', {method: 'POST', body: new FormData()}).then(r => '' + r.status)"))
          .isEqualTo("403");
      assertThat(browser.evaluate("fetch('/book/none').then(r => r.text())"))
          .isEqualTo("404 Not Found\n");
    }
  }

  /** A real body of a browser, three times as large as the heap of its server. */
  @Test
  void guestBook_takesAnUploadOf200MegabytesIn64() throws Exception {
    Browser browser = browser();
    try (Server server = start("servlet")) {
      browser.open(server.url());
      sign(
          browser,
          "large",
          "upload",
          "new File(Array(200).fill(new Uint8Array(1048576).fill(65)), 'large.png')");
      browser.await("document.querySelectorAll('li').length === 1");
      assertThat(browser.evaluate("document.querySelector('li').textContent"))
          .isEqualTo("large: upload large.png 209715200");
      try (Stream<Path> pictures = Files.list(directory.resolve("data/pictures"))) {
        assertThat(pictures.map(picture -> picture.toFile().length()))
            .containsExactly(209_715_200L);
      }
    }
  }

  @Test
  void guestBook_inMemory() throws Exception {
    InMemoryGateway gateway =
        InMemoryGateway.builder(new GuestBook(directory)).scriptName("/book").build();
    TestResponse page = gateway.run(TestRequest.get("/"));
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.text()).contains("href='/book/static/style.css'");
    String cookie = page.header("Set-Cookie").replaceFirst(";.*", "");
    String token =
        page.text().replaceFirst("(?s).*_csrf value=\"", "").replaceFirst("(?s)\".*", "");
    String body =
        "--X\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nme\r\n"
            + "--X\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhello\r\n"
            + "--X\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n"
            + token
            + "\r\n--X--\r\n";
    TestRequest sign =
        TestRequest.post("/sign", "multipart/form-data; boundary=X", body)
            .withHeader("Cookie", cookie);
    TestResponse signed = gateway.run(sign);
    assertThat(signed.status()).isEqualTo(303);
    assertThat(signed.header("Location")).isEqualTo("/book/");
    assertThat(gateway.run(TestRequest.get("/").withHeader("Cookie", cookie)).text())
        .contains("<b>me</b>: hello")
        .contains("value=\"me\"");
    assertThat(gateway.run(TestRequest.of("PUT", "/sign")).status()).isEqualTo(403);
    assertThat(gateway.run(TestRequest.get("/static/style.css")).header("Content-Type"))
        .isEqualTo("text/css; charset=utf-8");
  }
}

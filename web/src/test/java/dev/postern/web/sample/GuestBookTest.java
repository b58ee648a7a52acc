package dev.postern.web.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.testing.browser.Browser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The same application in memory, and in a browser as a servlet, over FastCGI and as a CGI
 * executable.
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
  @EnumSource
  void guestBook_inABrowser(Deployment.Kind kind) throws Exception {
    Browser browser = browser();
    try (Deployment server = Deployment.start(kind)) {
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
                  "fetch('/book/sign', {method: 'POST', body: new FormData()}).then(r => '' +"
                      + " r.status)"))
          .isEqualTo("403");
      assertThat(browser.evaluate("fetch('/book/none').then(r => r.text())"))
          .isEqualTo("404 Not Found\n");
    }
  }

  /** A real body of a browser, three times as large as the heap of its server. */
  @ParameterizedTest
  @EnumSource(names = {"SERVLET", "FASTCGI"})
  void guestBook_takesAnUploadOf200MegabytesIn64(Deployment.Kind kind) throws Exception {
    Browser browser = browser();
    try (Deployment server = Deployment.start(kind)) {
      browser.open(server.url());
      sign(
          browser,
          "large",
          "upload",
          "new File(Array(200).fill(new Uint8Array(1048576).fill(65)), 'large.png')");
      browser.await("document.querySelectorAll('li').length === 1");
      assertThat(browser.evaluate("document.querySelector('li').textContent"))
          .isEqualTo("large: upload large.png 209715200");
      try (Stream<Path> pictures = Files.list(server.data().resolve("pictures"))) {
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

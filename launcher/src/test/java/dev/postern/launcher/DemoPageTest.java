package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.testing.browser.Browser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo's pages in a browser. */
class DemoPageTest {
  @TempDir static Path directory;
  private static Child child;
  private static String address;
  private static Browser browser;

  @BeforeAll
  static void open() throws Exception {
    browser = Browser.start(directory.resolve("profile"));
    child =
        Child.startJava(
            directory,
            Map.of(),
            "-Djava.io.tmpdir=" + DemoTest.shortDirectory(directory),
            Main.class.getName(),
            "demo",
            "--port",
            "0");
    address = child.address();
  }

  @AfterAll
  static void close() throws Exception {
    if (browser != null) {
      browser.close();
    }
    if (child != null) {
      child.terminate();
      child.exit();
    }
    DemoTest.removeShort();
  }

  @Test
  void page_measuresEachCard_atBothWidthsInBothColours() throws Exception {
    for (int width : new int[] {1280, 390}) {
      browser.look(width, 900, false);
      browser.open(address + "/");
      for (boolean dark : new boolean[] {false, true}) {
        browser.look(width, 900, dark);
        browser.await("document.documentElement.dataset.measured === 'yes'");
        browser.await("document.querySelector('[data-diagnosis]').textContent.includes('exit 1')");
        assertThat(
                browser.evaluate(
                    "[...document.querySelectorAll('.time')].map(t => t.textContent).join('|')"))
            .as("each card has its time")
            .matches("([0-9.]+ ms\\|?)+");
        assertThat(browser.evaluate("document.querySelector('[data-diagnosis]').textContent"))
            .contains("rule ", "Connecting to the database", "cannot open orders.db");
        assertThat(
                browser.evaluate(
                    "performance.getEntriesByType('resource').map(r => r.name)"
                        + ".filter(name => !name.startsWith(location.origin)).join(' ')"))
            .as("requests to anywhere else")
            .isEmpty();
        assertThat(browser.evaluate("String(document.documentElement.scrollWidth <= innerWidth)"))
            .as("nothing is wider than " + width)
            .isEqualTo("true");
        // Life has come into its frame by then.
        browser.await(
            "document.querySelector('iframe')?.contentDocument?.querySelectorAll('pre').length >"
                + " 9");
        keep("demo" + (width == 1280 ? "" : "-" + width) + (dark ? "-dark" : "") + ".png");
      }
    }
  }

  /** An animation has no end that it could wait for: each generation is seen as it comes. */
  @Test
  void life_isSeenWhileItComes() throws Exception {
    browser.look(1280, 900, false);
    browser.evaluate("location.href = '" + address + "/cgi-bin/life.py'");
    browser.await("document.querySelectorAll('.life pre').length > 5");
    assertThat(browser.evaluate("document.readyState")).isEqualTo("loading");
    assertThat(
            browser.evaluate(
                "(() => { const all = document.querySelectorAll('.life pre');"
                    + " const box = all[all.length - 1].getBoundingClientRect();"
                    + " const seen = document.elementFromPoint(box.x + 20, box.y + 20);"
                    + " return String(seen.textContent === all[all.length - 1].textContent"
                    + " || seen === document.querySelectorAll('.life pre')[all.length - 1]); })()"))
        .isEqualTo("true");
  }

  @Test
  void keyboard_reachesEveryLinkAndButton() throws Exception {
    browser.look(1280, 900, false);
    browser.open(address + "/");
    int places = Integer.parseInt(browser.evaluate("String(document.links.length)"));
    browser.evaluate("window.reached = new Set()");
    for (int i = 0; i < 120; i++) {
      browser.press("Tab");
      browser.evaluate("window.reached.add(document.activeElement)");
    }
    assertThat(
            Integer.parseInt(
                browser.evaluate("String([...reached].filter(one => one.tagName === 'A').length)")))
        .isEqualTo(places);
    assertThat(
            browser.evaluate(
                "String([...document.querySelectorAll('button')].every(b => reached.has(b)))"))
        .isEqualTo("true");
  }

  private static void keep(String name) throws Exception {
    byte[] picture = browser.picture();
    String target = System.getProperty("postern.pictures");
    if (target != null) {
      Files.write(Path.of(target, name), picture);
    }
  }
}

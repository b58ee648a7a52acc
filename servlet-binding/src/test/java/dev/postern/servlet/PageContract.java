package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.testing.browser.Browser;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A page of an application, in headless Chromium. */
@Timeout(180)
abstract class PageContract extends ContainerContract {
  /** One for all tests, since it takes seconds to start. */
  private static Browser browser;

  /** The browser's helpers write in it until they are down. */
  @TempDir(cleanup = CleanupMode.NEVER)
  static Path profile;

  private final Page page = new Page();
  private String url;

  PageContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  @BeforeEach
  void openPage() throws Exception {
    if (browser == null) {
      browser = Browser.start(profile);
    }
    int port = start(Deployment.at("/app").application(page, "/page/*"));
    url = "http://127.0.0.1:" + port + "/app/page/";
    browser.open(url);
  }

  /** Before the container stops, so that it has no connection to wait for. */
  @Override
  void closeAll() throws Exception {
    page.released.countDown();
    if (browser != null) {
      browser.open("about:blank");
    }
    super.closeAll();
  }

  @AfterAll
  static void closeBrowser() throws Exception {
    if (browser != null) {
      browser.close();
      browser = null;
    }
    List<Path> files;
    try (Stream<Path> all = Files.walk(profile)) {
      files = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
  }

  @Test
  void form_isPostedAndItsRedirectFollowed() throws Exception {
    browser.evaluate(
        "document.querySelector('[name=text]').value = 'Gr\u00fc\u00dfe & <b> + 100% \u20ac';"
            + "document.querySelector('#form').submit()");
    browser.await("location.search === '?posted' && document.readyState === 'complete'");
    assertThat(browser.evaluate("document.querySelector('#text').textContent"))
        .isEqualTo("Gr\u00fc\u00dfe & <b> + 100% \u20ac");
    assertThat(browser.evaluate("location.pathname")).isEqualTo("/app/page/");
    // The page that a GET has brought is there again without a second POST.
    browser.evaluate("location.reload()");
    browser.await("document.querySelector('#visits').textContent === '3'");
    assertThat(page.posts).containsExactly("Gr\u00fc\u00dfe & <b> + 100% \u20ac");
  }

  /** Each byte, also those that end lines or look like the boundary, and more than any buffer. */
  @Test
  void file_isUploadedByteForByte() throws Exception {
    byte[] content = new byte[1_000_003];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) i;
    }
    CRC32 sum = new CRC32();
    sum.update(content);
    browser.evaluate(
        "const files = new DataTransfer(); files.items.add(new File("
            + "[new Uint8Array(1000003).map((none, i) => i)], 'a \"b\" \u00e4.bin'));"
            + "document.querySelector('[name=file]').files = files.files;"
            + "document.querySelector('#upload').submit()");
    browser.await("document.querySelector('#received') !== null");
    assertThat(browser.evaluate("document.querySelector('#received').textContent"))
        .isEqualTo("a %22b%22 \u00e4.bin 1000003 " + sum.getValue());
  }

  @Test
  void emptyFileAndNoFile_areUploaded() throws Exception {
    browser.evaluate(
        "const files = new DataTransfer(); files.items.add(new File([], 'empty'));"
            + "document.querySelector('[name=file]').files = files.files;"
            + "document.querySelector('#upload').submit()");
    browser.await("document.querySelector('#received') !== null");
    assertThat(browser.evaluate("document.querySelector('#received').textContent"))
        .isEqualTo("empty 0 0");
    browser.open(url);
    browser.evaluate("document.querySelector('#upload').submit()");
    browser.await("document.querySelector('#received') !== null");
    assertThat(browser.evaluate("document.querySelector('#received').textContent"))
        .isEqualTo(" 0 0");
  }

  /** The next is not written before the page has shown the one before. */
  @Test
  void events_areShownAsTheyCome() throws Exception {
    browser.evaluate("listen()");
    for (int i = 1; i <= 5; i++) {
      page.events.add("event " + i + " \u20ac");
      browser.await("document.querySelectorAll('li').length === " + i);
      assertThat(browser.evaluate("document.querySelector('li:last-child').textContent"))
          .isEqualTo("event " + i + " \u20ac");
      assertThat(browser.evaluate("String(source.readyState === EventSource.OPEN)"))
          .isEqualTo("true");
      assertThat(page.ended.getCount()).as("response is open").isEqualTo(1);
    }
    assertThat(page.lastIds).containsExactly("none");
  }

  /** The browser asks again where a response has ended, and says what it has seen. */
  @Test
  void events_goOnAfterTheEndOfAResponse() throws Exception {
    browser.evaluate("listen()");
    page.events.add("one");
    browser.await("document.querySelectorAll('li').length === 1");
    page.events.add(Page.END);
    assertThat(page.ended.await(60, TimeUnit.SECONDS)).isTrue();
    page.events.add("two");
    browser.await("document.querySelectorAll('li').length === 2");
    assertThat(browser.evaluate("[...document.querySelectorAll('li')].map(e => e.id).join()"))
        .isEqualTo("id1,id2");
    assertThat(page.lastIds).containsExactly("none", "1");
  }

  /** The page is left while its events are open. */
  @Test
  void events_endWithThePage() throws Exception {
    browser.evaluate("listen()");
    page.events.add("one");
    browser.await("document.querySelectorAll('li').length === 1");
    browser.open("about:blank");
    assertThat(page.gone.await(60, TimeUnit.SECONDS)).isTrue();
  }

  /** A form, an upload and a list of events. One client at a time. */
  private static final class Page implements Application {
    static final String END = "end";

    private static final String HTML =
        """
        <!DOCTYPE html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">
        <p id="text">%s</p><p id="visits">%d</p>
        <form id="form" method="post" action="post"><input name="text"></form>
        <form id="upload" method="post" action="upload" enctype="multipart/form-data">
        <input type="file" name="file"></form>
        <ul></ul>
        <script>
        let source;
        function listen() {
          source = new EventSource('events');
          source.onmessage = event => {
            const item = document.createElement('li');
            item.id = 'id' + event.lastEventId;
            item.textContent = event.data;
            document.querySelector('ul').append(item);
          };
        }
        </script>
        """;

    final List<String> posts = new CopyOnWriteArrayList<>();
    final List<String> lastIds = new CopyOnWriteArrayList<>();
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    /** A response with events has ended, well or not. */
    final CountDownLatch ended = new CountDownLatch(1);

    /** The client did not take an event. */
    final CountDownLatch gone = new CountDownLatch(1);

    /** Nobody waits for events any more. */
    final CountDownLatch released = new CountDownLatch(1);

    private volatile int visits;

    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      return switch (environ.method() + " " + environ.pathInfo()) {
        case "GET /" -> {
          String text = posts.isEmpty() ? "" : posts.get(posts.size() - 1);
          yield html(startResponse, HTML.formatted(escaped(text), ++visits));
        }
        case "POST /post" -> {
          String form = new String(environ.input().readAllBytes(), StandardCharsets.US_ASCII);
          assertThat(form).startsWith("text=");
          posts.add(URLDecoder.decode(form.substring(5), StandardCharsets.UTF_8));
          startResponse.start(303, Headers.of("Location", environ.scriptName() + "/?posted"));
          yield Body.empty();
        }
        case "POST /upload" -> html(startResponse, received(environ));
        case "GET /events" -> {
          String lastId = environ.header("Last-Event-ID");
          lastIds.add(lastId == null ? "none" : lastId);
          startResponse.start(200, Headers.of("Content-Type", "text/event-stream"));
          int last = lastId == null ? 0 : Integer.parseInt(lastId);
          yield Body.writing(out -> writeEvents(out, last));
        }
        default -> throw new GatewayException(404, "page must exist");
      };
    }

    private static Body html(StartResponse startResponse, String html) throws IOException {
      startResponse.start(200, Headers.of("Content-Type", "text/html; charset=utf-8"));
      return Body.of(html);
    }

    private static String escaped(String text) {
      return text.replace("&", "&amp;").replace("<", "&lt;");
    }

    /** Name, size and checksum of the one part. */
    private static String received(Environ environ) throws IOException {
      String type = environ.contentType();
      assertThat(type).startsWith("multipart/form-data; boundary=");
      String boundary = type.substring(type.indexOf('=') + 1);
      byte[] body = environ.input().readAllBytes();
      String text = new String(body, StandardCharsets.ISO_8859_1);
      int start = text.indexOf("\r\n\r\n") + 4;
      String end = "\r\n--" + boundary + "--\r\n";
      assertThat(text).startsWith("--" + boundary + "\r\n").endsWith(end);
      byte[] content = Arrays.copyOfRange(body, start, body.length - end.length());
      String head = new String(body, 0, start, StandardCharsets.UTF_8);
      String name = head.replaceAll("(?s).*filename=\"([^\"]*)\".*", "$1");
      CRC32 sum = new CRC32();
      sum.update(content);
      return "<!DOCTYPE html><meta charset='utf-8'><p id='received'>"
          + escaped(name + " " + content.length + " " + sum.getValue());
    }

    /** With an empty comment between, as only what is written shows that the client is gone. */
    private void writeEvents(OutputStream out, int last) throws IOException {
      try {
        int id = last;
        out.write("retry: 10\n\n".getBytes(StandardCharsets.UTF_8));
        out.flush();
        while (released.getCount() > 0) {
          String event = events.poll(50, TimeUnit.MILLISECONDS);
          if (END.equals(event)) {
            return;
          }
          String line = event == null ? ":\n\n" : "id: " + ++id + "\ndata: " + event + "\n\n";
          out.write(line.getBytes(StandardCharsets.UTF_8));
          out.flush();
        }
      } catch (IOException e) {
        gone.countDown();
        throw e;
      } catch (InterruptedException e) {
        throw new IOException(e);
      } finally {
        ended.countDown();
      }
    }
  }
}

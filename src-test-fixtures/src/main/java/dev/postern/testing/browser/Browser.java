package dev.postern.testing.browser;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A headless Chromium with one page, driven by its DevTools protocol. Needs Jackson. Not
 * thread-safe.
 */
public final class Browser implements AutoCloseable {
  private static final long LIMIT_SECONDS = 90;

  private final Process process;
  private final ObjectMapper mapper = new ObjectMapper();
  private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final AtomicInteger ids = new AtomicInteger();
  private final WebSocket socket;
  private @Nullable String session;

  private Browser(Process process, String address) throws Exception {
    this.process = process;
    socket =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .buildAsync(URI.create(address), new Listener())
            .get(LIMIT_SECONDS, TimeUnit.SECONDS);
    String target = call("Target.createTarget", "url", "about:blank").get("targetId").asText();
    ObjectNode attach = mapper.createObjectNode().put("targetId", target).put("flatten", true);
    session = call("Target.attachToTarget", attach).get("sessionId").asText();
  }

  /**
   * Starts a browser, with its profile in the directory. Skips the test if Chromium is not
   * installed; fails it if the environment has {@code POSTERN_REQUIRE_ALL=1}.
   */
  public static Browser start(Path directory) throws Exception {
    Path program = Path.of("/usr/bin/chromium");
    if (!Files.isExecutable(program)) {
      String message = program + " is not installed";
      return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
    }
    Process process =
        new ProcessBuilder(
                List.of(
                    program.toString(),
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    // When the test leaves a page, the page and all that it loads must be gone.
                    "--disable-features=BackForwardCache",
                    "--no-first-run",
                    "--no-proxy-server",
                    "--remote-debugging-port=0",
                    "--user-data-dir=" + directory,
                    "about:blank"))
            .redirectErrorStream(true)
            .start();
    try {
      BufferedReader output =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      String address = null;
      for (String line = output.readLine(); address == null; line = output.readLine()) {
        if (line == null) {
          throw new IOException("browser must say where it listens");
        }
        if (line.startsWith("DevTools listening on ")) {
          address = line.substring("DevTools listening on ".length());
        }
      }
      Thread drain = new Thread(() -> drain(output), "browser output");
      drain.setDaemon(true);
      drain.start();
      return new Browser(process, address);
    } catch (Exception e) {
      process.destroyForcibly();
      throw e;
    }
  }

  /** Reads until the browser ends. Its end may close the stream while this reads. */
  private static void drain(BufferedReader output) {
    try {
      output.transferTo(Writer.nullWriter());
    } catch (IOException e) {
      // There is nothing more to read.
    }
  }

  /** Goes to a page and waits until it is there. */
  public void open(String url) throws Exception {
    JsonNode result = call("Page.navigate", "url", url);
    if (result.hasNonNull("errorText")) {
      throw new IOException(url + ": " + result.get("errorText"));
    }
    await("document.readyState === 'complete' && location.href.startsWith('" + url + "')");
  }

  /** Returns the value of an expression in the page, as text. */
  public String evaluate(String expression) throws Exception {
    ObjectNode parameters =
        mapper.createObjectNode().put("expression", expression).put("awaitPromise", true);
    JsonNode answer = call("Runtime.evaluate", parameters);
    if (answer.has("exceptionDetails")) {
      throw new IOException(expression + ": " + answer.get("exceptionDetails"));
    }
    return answer.get("result").path("value").asText();
  }

  /** Waits until an expression is true in whatever page there is then. */
  public void await(String expression) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (true) {
      try {
        if (evaluate(expression).equals("true")) {
          return;
        }
      } catch (IOException e) {
        // The browser is between two pages.
      }
      if (System.nanoTime() > end) {
        throw new IOException(
            expression + " must become true: " + evaluate("document.documentElement.outerHTML"));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /**
   * Gives the page this width and height, in pixels, and its light or dark colours. Below 600
   * pixels, the rules for pages on phones hold.
   */
  public void look(int width, int height, boolean dark) throws Exception {
    ObjectNode metrics =
        mapper
            .createObjectNode()
            .put("width", width)
            .put("height", height)
            .put("deviceScaleFactor", 1)
            .put("mobile", width < 600);
    call("Emulation.setDeviceMetricsOverride", metrics);
    ObjectNode media = mapper.createObjectNode();
    media
        .putArray("features")
        .addObject()
        .put("name", "prefers-color-scheme")
        .put("value", dark ? "dark" : "light");
    call("Emulation.setEmulatedMedia", media);
  }

  /** Returns a picture of the whole page, in PNG. */
  public byte[] picture() throws Exception {
    ObjectNode options =
        mapper.createObjectNode().put("format", "png").put("captureBeyondViewport", true);
    JsonNode size = call("Page.getLayoutMetrics", mapper.createObjectNode()).get("cssContentSize");
    ObjectNode clip = options.putObject("clip").put("x", 0).put("y", 0).put("scale", 1);
    clip.put("width", size.get("width").asDouble()).put("height", size.get("height").asDouble());
    return Base64.getDecoder().decode(call("Page.captureScreenshot", options).get("data").asText());
  }

  /** Presses a key, such as {@code Tab} or {@code Enter}. */
  public void press(String key) throws Exception {
    int code = key.equals("Tab") ? 9 : key.equals("Enter") ? 13 : 0;
    for (String type : List.of("keyDown", "keyUp")) {
      ObjectNode event =
          mapper
              .createObjectNode()
              .put("type", type)
              .put("key", key)
              .put("code", key)
              .put("windowsVirtualKeyCode", code);
      if (key.equals("Enter") && type.equals("keyDown")) {
        event.put("text", "\r");
      }
      call("Input.dispatchKeyEvent", event);
    }
  }

  private JsonNode call(String method, String name, String value) throws Exception {
    return call(method, mapper.createObjectNode().put(name, value));
  }

  private JsonNode call(String method, ObjectNode parameters) throws Exception {
    int id = ids.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    ObjectNode message = mapper.createObjectNode().put("id", id).put("method", method);
    message.set("params", parameters);
    if (session != null) {
      message.put("sessionId", session);
    }
    socket.sendText(message.toString(), true).get(LIMIT_SECONDS, TimeUnit.SECONDS);
    JsonNode whole = answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (whole.has("error")) {
      throw new IOException(method + ": " + whole.get("error"));
    }
    return whole.get("result");
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(
        WebSocket webSocket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        try {
          JsonNode message = mapper.readTree(text.toString());
          CompletableFuture<JsonNode> answer = waiting.remove(message.path("id").asInt());
          if (answer != null) {
            answer.complete(message);
          }
        } catch (IOException e) {
          waiting.values().forEach(answer -> answer.completeExceptionally(e));
        }
        text.setLength(0);
      }
      webSocket.request(1);
      return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable error) {
      waiting.values().forEach(answer -> answer.completeExceptionally(error));
    }
  }

  @Override
  public void close() {
    socket.abort();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().onExit().orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
  }
}

package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.fastcgi.FastCgiGateway;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code --status} of a server that listens on a Unix socket as well, with warm programs and with a
 * FastCGI server, while its configuration is read again.
 */
@Timeout(180)
class StatusReloadTest {
  private static final long PATIENCE = 60_000_000_000L;

  @TempDir static Path directory;
  private static FastCgiGateway fastCgi;
  private static Child child;
  private static int port;

  private static void configure(String group, String statusFrom, String more) throws IOException {
    Files.writeString(
        directory.resolve("site.yaml"),
        """
        listen: [127.0.0.1:0, unix:socket]
        status: /status
        STATUS_FROM
        mounts:
          /fcgi:
            fcgi: unix:fcgi.sock
          /warm:
            cgi-dir: programs
            worker: {GROUP: "spares:1"}
            delegate: {/warm/*.pl: GROUP}
        MORE
        """
            .replace("GROUP", group)
            .replace("STATUS_FROM", statusFrom)
            .replace("MORE", more));
  }

  @BeforeAll
  static void serve() throws Exception {
    Path programs = Files.createDirectory(directory.resolve("programs"));
    Sources.script(
        programs.resolve("p.pl"),
        "#!/usr/bin/perl\nprint \"Content-Type: text/plain\\n\\n\", \"perl\";\n");
    Sources.script(
        programs.resolve("hold.sh"),
        "#!/bin/sh\nuntil [ -e '"
            + directory.resolve("go")
            + "' ]; do sleep 0.05; done\nprintf 'Content-Type: text/plain\\n\\nheld'\n");
    Application application =
        Application.of(
            request ->
                Response.of(200, Headers.of("Content-Type", "text/plain"), Body.of("by FastCGI")));
    fastCgi =
        FastCgiGateway.builder(application).listen("unix:" + directory.resolve("fcgi.sock")).open();
    Thread serving = new Thread(fastCgi::serve, "status-reload-fastcgi");
    serving.setDaemon(true);
    serving.start();
    configure("first", "", "");
    child =
        Child.start(
            directory, Map.of(), "serve", "--config", directory.resolve("site.yaml").toString());
    String address = child.address();
    port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    assertThat(child.firstLine()).endsWith("unix:" + directory.resolve("socket"));
  }

  @AfterAll
  static void end() throws Exception {
    if (child != null) {
      child.close();
    }
    if (fastCgi != null) {
      fastCgi.close();
    }
  }

  private static String get(String path) throws Exception {
    return Wire.request(port, "GET " + path + " HTTP/1.1\nHost: localhost");
  }

  private static String overSocket(String path, String... fields) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(directory.resolve("socket")));
      String more = String.join("\r\n", fields) + (fields.length == 0 ? "" : "\r\n");
      channel.write(
          ByteBuffer.wrap(
              ("GET " + path + " HTTP/1.0\r\nHost: localhost\r\n" + more + "\r\n")
                  .getBytes(StandardCharsets.US_ASCII)));
      return new String(
          Channels.newInputStream(channel).readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  private static JsonNode json(String response) throws Exception {
    assertThat(response).startsWith("HTTP/1.1 200 ");
    return new ObjectMapper().readTree(response.substring(response.indexOf("\r\n\r\n") + 4));
  }

  private static JsonNode json() throws Exception {
    return json(get("/status/json"));
  }

  private static JsonNode await(Predicate<JsonNode> condition) throws Exception {
    long end = System.nanoTime() + PATIENCE;
    JsonNode now = json();
    while (!condition.test(now)) {
      assertThat(System.nanoTime()).as(now.toPrettyString()).isLessThan(end);
      Thread.sleep(20);
      now = json();
    }
    return now;
  }

  /** Asks for the script until that group runs it. */
  private static JsonNode warm(String group) throws Exception {
    return await(
        status -> {
          try {
            assertThat(get("/warm/p.pl")).contains("perl");
          } catch (Exception e) {
            throw new AssertionError(e);
          }
          for (JsonNode one : status.get("groups")) {
            if (one.get("name").asText().equals(group)) {
              return one.at("/workers/0/pid").asLong() > 0;
            }
          }
          return false;
        });
  }

  private static List<String> texts(JsonNode list, String key) {
    List<String> texts = new ArrayList<>();
    list.forEach(one -> texts.add(one.get(key).asText()));
    return texts;
  }

  private static JsonNode mount(JsonNode status, String prefix) {
    for (JsonNode mount : status.get("mounts")) {
      if (mount.get("prefix").asText().equals(prefix)) {
        return mount;
      }
    }
    throw new AssertionError(prefix + " must be among " + status.get("mounts"));
  }

  private static void reload(String line) throws Exception {
    int before = count(line);
    Process kill = new ProcessBuilder("kill", "-HUP", Long.toString(child.pid())).start();
    assertThat(kill.waitFor()).isZero();
    long end = System.nanoTime() + PATIENCE;
    while (count(line) == before) {
      assertThat(System.nanoTime()).as(child.errors()).isLessThan(end);
      Thread.sleep(20);
    }
  }

  private static int count(String line) throws IOException {
    return child.errors().split(java.util.regex.Pattern.quote(line), -1).length;
  }

  /** One day of one server: the order of the steps is what is tested. */
  @Test
  void status_overReadingsOfItsConfiguration() throws Exception {
    // Warm programs and a FastCGI server.
    assertThat(get("/fcgi/x")).contains("by FastCGI");
    assertThat(get("/fcgi/a%2F../b")).startsWith("HTTP/1.1 400 ");
    JsonNode first = warm("first");
    assertThat(texts(first.get("groups"), "name")).containsExactly("first");
    assertThat(first.at("/groups/0/workers/0/program").asText()).endsWith("/programs/p.pl");
    assertThat(texts(first.get("mounts"), "prefix")).containsExactly("/fcgi", "/warm");
    assertThat(mount(first, "/fcgi").get("application").asText())
        .isEqualTo("FastCgiApplication.of(unix:" + directory.resolve("fcgi.sock") + ")");
    assertThat(mount(first, "/fcgi").at("/statuses/2xx").asInt()).isEqualTo(1);
    assertThat(mount(first, "/fcgi").at("/statuses/4xx").asInt()).isEqualTo(1);
    assertThat(first.at("/rules/dot-segment").asInt()).isEqualTo(1);
    assertThat(first.at("/refusals/0/target").asText()).isEqualTo("/fcgi/a%2F../b");
    assertThat(get("/status/metrics"))
        .contains("postern_workers{group=\"first\",state=\"")
        .contains("postern_mount_requests_total{mount=\"/fcgi\",status=\"4xx\"} 1\n");

    // A Unix socket is nobody's own machine, unless that is said.
    assertThat(overSocket("/fcgi/x")).contains("by FastCGI");
    assertThat(overSocket("/status/json")).startsWith("HTTP/1.1 403 ");

    // While a request runs under the old configuration.
    try (Wire held = Wire.to(port)) {
      held.send("GET /warm/hold.sh HTTP/1.0\r\nHost: localhost\r\n\r\n");
      await(status -> status.at("/running/0/state").asText().equals("running"));
      configure("second", "status-from: [unix, 127.0.0.1]", "  /more:\n    files: programs");
      reload("the configuration was read again");
      JsonNode both = warm("second");
      assertThat(texts(both.get("mounts"), "prefix")).containsExactly("/fcgi", "/more", "/warm");
      assertThat(texts(both.get("places"), "name"))
          .containsExactly("all (old configuration)", "all");
      assertThat(texts(both.get("running"), "path")).contains("/warm/hold.sh");
      assertThat(texts(both.get("groups"), "name"))
          .containsExactly("first (old configuration)", "second");
      assertThat(mount(both, "/fcgi").get("total").asInt()).isEqualTo(3);
      assertThat(mount(both, "/warm").get("total").asInt())
          .isGreaterThan(mount(first, "/warm").get("total").asInt());
      assertThat(both.at("/requests/total").asInt())
          .isGreaterThan(first.at("/requests/total").asInt() + 1);
      assertThat(both.at("/rules/dot-segment").asInt()).isEqualTo(1);
      Files.createFile(directory.resolve("go"));
      assertThat(held.readAll()).endsWith("held");
    }
    JsonNode alone = await(status -> status.get("groups").size() == 1);
    assertThat(texts(alone.get("groups"), "name")).containsExactly("second");
    assertThat(texts(alone.get("places"), "name")).containsExactly("all");
    assertThat(alone.at("/rules/dot-segment").asInt()).isEqualTo(1);
    assertThat(alone.at("/refusals/0/target").asText()).isEqualTo("/fcgi/a%2F../b");

    // Those that were said, and no others.
    assertThat(json(overSocket("/status/json")).get("mounts")).hasSize(3);
    assertThat(overSocket("/status/json", "X-Forwarded-For: 192.0.2.1"))
        .startsWith("HTTP/1.1 403 ");

    // A file that is wrong changes nothing.
    configure("third", "", "  /wrong:\n    cgi: nowhere");
    reload("the old configuration stays");
    JsonNode same = json(overSocket("/status/json"));
    assertThat(texts(same.get("mounts"), "prefix")).containsExactly("/fcgi", "/more", "/warm");
    assertThat(texts(same.get("groups"), "name")).containsExactly("second");
    assertThat(texts(same.get("places"), "name")).containsExactly("all");
  }
}

package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.install.CgiExecutable;
import dev.postern.testing.SampleApp;
import dev.postern.testing.SampleCases;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The sample application, installed as a CGI executable, answers as it does in memory. */
class SampleUnderWebServersTest {
  private static final String MOUNT = "/cgi-bin/sample";

  /** What a server does to requests or responses that no CGI program can undo. */
  private static final Map<WebServerKind, Map<String, String>> DIFFERENCES =
      Map.of(
          WebServerKind.LIGHTTPD,
          Map.of("path that is not UTF-8", "400: server.http-parseopts, url-invalid-utf8-reject"),
          WebServerKind.BUSYBOX,
          Map.of(
              "path with two slashes", "both PATH_INFO and REQUEST_URI come with one",
              "path with a slash at its end", "404: looks for an index file in the program"));

  private static Site installed;

  @BeforeAll
  static void install() throws IOException {
    installed = Site.create();
    installedSample().build().install(installed.cgiBin().resolve("cold"));
    installedSample().warm().build().install(installed.cgiBin().resolve("warm"));
  }

  @AfterAll
  static void remove() throws IOException {
    WarmServers.end(installed.lib());
    installed.close();
  }

  private static CgiExecutable.Builder installedSample() {
    return CgiExecutable.builder(SampleApp.class.getName())
        .classPath(List.of(JavaProgram.source(SampleApp.class)))
        .library(installed.lib());
  }

  @ParameterizedTest
  @EnumSource
  void coldExecutable_answersAsInMemory(WebServerKind kind) throws IOException {
    try (Site site = Site.create()) {
      site.copy(installed.cgiBin().resolve("cold"), site.cgiBin().resolve("sample"));
      try (WebServer server = kind.start(site)) {
        checkAll(server);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void warmExecutable_answersAsInMemory(WebServerKind kind) throws IOException {
    Tools.require("perl");
    try (Site site = Site.create()) {
      site.copy(installed.cgiBin().resolve("warm"), site.cgiBin().resolve("sample"));
      try (WebServer server = kind.start(site)) {
        checkAll(server);
        assertThat(WarmServers.of(installed.lib())).as(server.logTail()).hasSize(1);
      }
    }
  }

  private static void checkAll(WebServer server) {
    Map<String, String> differences = DIFFERENCES.getOrDefault(server.kind(), Map.of());
    List<String> failures = new ArrayList<>();
    for (SampleCases.Case request : SampleCases.all()) {
      try {
        request.check(MOUNT, send(server, request));
      } catch (IOException | AssertionError e) {
        if (!differences.containsKey(request.name())) {
          failures.add(request.name() + ": " + e);
        }
      }
    }
    assertThat(failures).as(server.logTail()).isEmpty();
  }

  private static SampleCases.Answer send(WebServer server, SampleCases.Case request)
      throws IOException {
    RawHttp.Answer answer =
        RawHttp.request(
            server.port(),
            request.method(),
            MOUNT + request.target(),
            List.copyOf(request.headers().entrySet()),
            request.body());
    return SampleCases.Answer.of(answer.status(), answer.headers(), answer.body());
  }
}

package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.cgi.CgiGateway;
import dev.postern.testing.SampleApp;
import dev.postern.testing.SampleCases;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The sample application as a CGI executable answers as it does in memory. */
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

  @ParameterizedTest
  @EnumSource
  void sample_answersAsInMemory(WebServerKind kind) throws IOException {
    Map<String, String> differences = DIFFERENCES.getOrDefault(kind, Map.of());
    List<String> failures = new ArrayList<>();
    try (Site site = Site.create()) {
      JavaProgram.install(
          site, "sample", SampleMain.class, SampleApp.class, CgiGateway.class, Application.class);
      try (WebServer server = kind.start(site)) {
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
    }
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

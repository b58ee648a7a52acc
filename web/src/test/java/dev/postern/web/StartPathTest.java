package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiGateway;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a CGI executable that reads a query and a cookie loads: each class costs every request. */
class StartPathTest {
  /** The executable. */
  static final class Hello implements Application {
    public static void main(String[] args) throws Exception {
      CgiGateway.main(new Hello());
    }

    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      Request request = Request.of(environ);
      String name = request.query("name");
      String theme = request.cookie("theme");
      startResponse.start(200, Headers.of("Content-Type", "text/plain; charset=utf-8"));
      return Body.of(name + " " + theme + "\n");
    }
  }

  @Test
  void queryAndCookie_loadSixClasses_andNothingThatIsSlowToStart() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin/java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-verbose:class",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Hello.class.getName());
    builder
        .environment()
        .putAll(
            Map.of(
                "REQUEST_METHOD", "GET",
                "QUERY_STRING", "name=zo%C3%AB+x",
                "HTTP_COOKIE", "a=b; theme=dark",
                "SERVER_NAME", "localhost",
                "SERVER_PORT", "80",
                "SERVER_PROTOCOL", "HTTP/1.1"));
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertThat(process.waitFor()).isZero();
    assertThat(lines).contains("zo\u00eb x dark");

    List<String> loaded = new ArrayList<>();
    boolean begun = false;
    for (String line : lines) {
      if (line.startsWith("Status: 200")) {
        break;
      }
      String name = line.replaceFirst("^(\\[[^]]*])+ *", "").replaceFirst(" .*", "");
      if (begun) {
        loaded.add(name);
      }
      // Not from the first class on: the JDK has lambdas of its own to open a jar with versions.
      begun |= name.equals(CgiGateway.class.getName());
    }
    assertThat(loaded.stream().filter(name -> name.startsWith("dev.postern.web.")).toList())
        .hasSize(6);
    assertThat(loaded)
        .noneMatch(name -> name.startsWith("java.util.regex."))
        .noneMatch(name -> name.startsWith("java.lang.invoke."))
        .noneMatch(name -> name.contains("$$Lambda"))
        .noneMatch(name -> name.startsWith("org.apache."));
  }
}

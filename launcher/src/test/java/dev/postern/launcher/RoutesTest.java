package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutesTest {
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          /a,            a
          /a/,           a
          /a/x,          a
          /a//x,         a
          /a/b,          ab
          /a/b/c,        ab
          /a/bc,         a
          /longer/path,  long
          /longer,       404
          /ab,           404
          /A,            404
          //a,           404
          /a;x=1,        404
          /,             404
          '',            404
          """)
  void call_longestPrefixOfWholeSegmentsWins(String path, String expected) throws Exception {
    Routes routes =
        new Routes(Map.of("/a", named("a"), "/a/b", named("ab"), "/longer/path", named("long")));
    Response response = Response.from(routes, environ(path));
    if (expected.equals("404")) {
      assertThat(response.status()).isEqualTo(404);
      assertThat(text(response)).isEqualTo("404 Not Found\n");
    } else {
      assertThat(response.status()).isEqualTo(200);
      assertThat(text(response)).startsWith(expected + " ");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "/a", "//b", "/bc"})
  void call_rootTakesTheRest(String path) throws Exception {
    Routes routes = new Routes(Map.of("", named("root"), "/b", named("b")));
    assertThat(text(Response.from(routes, environ(path)))).isEqualTo("root  " + path);
  }

  @Test
  void call_movesThePrefixToScriptName() throws Exception {
    Routes routes = new Routes(Map.of("/a/b", named("app")));
    assertThat(text(Response.from(routes, environ("/a/b/c%20d/")))).isEqualTo("app /a/b /c%20d/");
  }

  @Test
  void call_prefixBeyondAscii_matchesItsBytes() throws Exception {
    Routes routes = new Routes(Map.of("/gr\u00fc\u00dfe", named("app")));
    byte[] path = "/gr\u00fc\u00dfe/x".getBytes(StandardCharsets.UTF_8);
    Response response =
        Response.from(routes, environ(new String(path, StandardCharsets.ISO_8859_1)));
    assertThat(text(response)).isEqualTo("app /gr\u00fc\u00dfe /x");
  }

  private static Application named(String name) {
    return Application.of(
        environ ->
            Response.of(
                200,
                Headers.of("Content-Type", "text/plain; charset=utf-8"),
                Body.of(name + " " + environ.scriptName() + " " + environ.pathInfo())));
  }

  private static Environ environ(String path) {
    return Environ.builder(Map.of("REQUEST_METHOD", "GET", "PATH_INFO", path)).build();
  }

  private static String text(Response response) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Body body = response.body()) {
      body.writeTo(out);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}

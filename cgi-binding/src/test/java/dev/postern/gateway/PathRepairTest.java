package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathRepairTest {
  @ParameterizedTest
  @CsvSource({
    "/cgi/app/x, /x, /page.shtml, /cgi/app, /x",
    "/cgi/x/x, /x, /page.shtml, /cgi/x, /x",
    "/x, /x, /page.shtml, '', /x",
    "/cgi/app, '', /page.shtml, /cgi/app, ''",
    "/cgi/app, /x, /page.shtml, /cgi/app, /x",
    "/cgi/app//x, //x, /cgi/app/x, /cgi/app, //x",
  })
  void included_pathIsNotRepeated(
      String script, String path, String uri, String newScript, String newPath) {
    Map<String, String> variables = new HashMap<>();
    variables.put("REQUEST_METHOD", "GET");
    variables.put("SERVER_PROTOCOL", "INCLUDED");
    variables.put("SCRIPT_NAME", script);
    variables.put("PATH_INFO", path);
    variables.put("REQUEST_URI", uri);

    assertThat(ProcessVariables.complete(variables)).isTrue();

    assertThat(variables)
        .containsEntry("SCRIPT_NAME", newScript)
        .containsEntry("PATH_INFO", newPath)
        .containsEntry("SERVER_PROTOCOL", "HTTP/1.0");
  }

  /** The columns: what the server gives, and what the application sees. */
  @ParameterizedTest
  @CsvSource({
    // As it should be.
    "/s, /a/b, /s/a/b?c, '', /s, /a/b",
    "/s, '', /s, '', /s, ''",
    "/s, /a b, /s/a%20b, '', /s, /a b",
    "/s, /a, '', '', /s, /a",
    // Apache, lighttpd and nginx merge slashes.
    "/s, /a/b, /s//a///b, '', /s, //a///b",
    "/s, /a b/, /s/a%20b//?x=//, '', /s, /a b//",
    "/c/s, /a/b, //c//s/a//b, '', /c/s, /a//b",
    "/s, /, /s//, '', /s, //",
    "/s, /a/b, http://h/s//a/b, '', /s, //a/b",
    "'', /a/b, //a/b, '', '', //a/b",
    // lighttpd with a program at the root.
    "/, a/b, /a/b, '', '', /a/b",
    "/, /a/b, /a/b, '', '', /a/b",
    "/, '', /, '', '', /",
    "/s/, a, /s/a, '', /s, /a",
    // IIS repeats the script; with REQUEST_URI that is seen, without it IIS is believed to.
    "/s, /s/a, /s/a, '', /s, /a",
    "/s, /s, /s, '', /s, ''",
    "/s, /s/a, '', Microsoft-IIS/6.0, /s, /a",
    "/s, /s, '', Microsoft-IIS/6.0, /s, ''",
    "/s, /sa, '', Microsoft-IIS/6.0, /s, /sa",
    "/s, /s/a, '', other, /s, /s/a",
    "/s, /s/a, /s/s/a, Microsoft-IIS/10.0, /s, /s/a",
    // A rewrite has changed the path, or it cannot be read: not ours to change.
    "/s, /a/b, /x//y, '', /s, /a/b",
    "/s, /a/b, /s//a/c, '', /s, /a/b",
    "/s, /a/b, /s2//a/b, '', /s, /a/b",
    "/s, /a%zz, /s//a%zz, '', /s, /a%zz",
    "/s, /a%, /s//a%, '', /s, /a%",
    "/s, /a/b, s//a/b, '', /s, /a/b",
    // busybox gives REQUEST_URI decoded: it is not decoded again.
    "/s, /a%41, /s/a%41, '', /s, /a%41",
    // Apache with AllowEncodedSlashes NoDecode.
    "/s, /a%2Fb, /s/a%2Fb, '', /s, /a%2Fb",
  })
  void path_isRepairedFromRequestUri(
      String script, String path, String uri, String software, String newScript, String newPath) {
    Map<String, String> variables = new HashMap<>();
    variables.put("REQUEST_METHOD", "GET");
    variables.put("SCRIPT_NAME", script);
    variables.put("PATH_INFO", path);
    variables.put("REQUEST_URI", uri);
    variables.put("SERVER_SOFTWARE", software);

    assertThat(ProcessVariables.complete(variables)).isTrue();

    assertThat(variables)
        .containsEntry("SCRIPT_NAME", newScript)
        .containsEntry("PATH_INFO", newPath);
  }
}

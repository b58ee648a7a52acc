package dev.postern.testing;

import static dev.postern.testing.Capability.ANY_METHOD;
import static dev.postern.testing.Capability.ANY_PATH;
import static dev.postern.testing.Capability.HEADER_BYTES;
import static dev.postern.testing.Capability.HTTP_MAPPING;
import static dev.postern.testing.Capability.LAST_SLASH;
import static dev.postern.testing.Capability.LOG;
import static dev.postern.testing.Capability.PATH_BYTES;
import static dev.postern.testing.ContractCases.ABSENT;
import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.bytes;
import static dev.postern.testing.ContractCases.says;
import static dev.postern.testing.ContractCases.variables;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Environ;
import java.util.ArrayList;
import java.util.List;

/** What an application learns about its request, except for the headers. */
final class EnvironCases {
  private EnvironCases() {}

  static List<ContractCase> all() {
    return List.of(
        new ContractCase(
            "E1",
            "pass the method",
            variables("REQUEST_METHOD"),
            trial -> {
              for (String method : List.of("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")) {
                TestRequest request = TestRequest.of(method, "/").withBody(new byte[0]);
                assertThat(trial.send(request).text()).isEqualTo(method);
              }
            }),
        new ContractCase(
                "E1",
                "keep a method's case and pass one that HTTP does not name",
                variables("REQUEST_METHOD"),
                trial -> {
                  for (String method : List.of("get", "PROPFIND", "X-Made_up.1")) {
                    assertThat(trial.send(TestRequest.of(method, "/")).text()).isEqualTo(method);
                  }
                })
            .needs(ANY_METHOD),
        new ContractCase(
                "E2",
                "say where the application is and what is below it",
                says(
                    environ ->
                        environ.variable("SCRIPT_NAME") + "|" + environ.variable("PATH_INFO")),
                trial -> {
                  String[] root = trial.get("/").text().split("\\|", -1);
                  String[] below = trial.get("/a/b").text().split("\\|", -1);
                  assertThat(below).containsExactly(root[0], "/a/b");
                  assertThat(root[1]).isEqualTo("/");
                })
            .needs(LAST_SLASH),
        path("decode the path", "/a%2Cb%20c", "/a,b c"),
        new ContractCase(
                "E3",
                "keep REQUEST_URI as it was sent, if that is there",
                variables("REQUEST_URI", "SCRIPT_NAME"),
                trial -> {
                  String sent = "/a%2Cb%20c?d";
                  String[] values = bytes(trial.get(sent)).split("\n", -1);
                  if (!values[0].equals(ABSENT)) {
                    assertThat(values[0]).endsWith(sent);
                    String before = values[0].substring(0, values[0].length() - sent.length());
                    assertThat(RequestVariables.decoded(before)).isEqualTo(values[1]);
                  }
                })
            .needs(HTTP_MAPPING),
        path("decode the path once only", "/a%252cb", "/a%2cb").needs(ANY_PATH),
        path("keep a plus in the path", "/a+b", "/a+b"),
        path("keep the case of the path and its slash at the end", "/aB/Cd/", "/aB/Cd/")
            .needs(LAST_SLASH),
        path("give the path's bytes one char each", "/caf%C3%A9", "/caf\u00c3\u00a9"),
        path("pass bytes that are not UTF-8", "/caf%E9/%FF", "/caf\u00e9/\u00ff").needs(PATH_BYTES),
        path("keep empty segments", "/a//b", "/a//b").needs(ANY_PATH),
        path("keep parameters in the path", "/a;b=c/d", "/a;b=c/d").needs(ANY_PATH),
        path("decode delimiters in the path", "/a%3Fb%23c%3Bd", "/a?b#c;d").needs(ANY_PATH),
        new ContractCase(
            "E4",
            "pass the query as it was sent",
            variables("QUERY_STRING"),
            trial -> {
              for (String query : List.of("a=%2F&b=+&&c", "/x?y=z", "%26=%3D", "a'b")) {
                assertThat(trial.get("/?" + query).text()).isEqualTo(query);
              }
            }),
        new ContractCase(
            "E4",
            "have an empty QUERY_STRING where there is no query",
            variables("QUERY_STRING"),
            trial -> {
              assertThat(trial.get("/").text()).isEmpty();
              assertThat(trial.get("/?").text()).isEmpty();
            }),
        new ContractCase(
            "E7",
            "tell the protocol",
            variables("SERVER_PROTOCOL"),
            trial -> assertThat(trial.get("/").text()).matches("HTTP/[0-9]\\.[0-9]")),
        new ContractCase(
                "E14",
                "give the bytes of a header one char each",
                variables("HTTP_X_BYTES"),
                trial ->
                    assertThat(
                            bytes(
                                trial.send(
                                    TestRequest.get("/").withHeader("X-Bytes", "\u00e9\u00ff"))))
                        .isEqualTo("\u00e9\u00ff"))
            .needs(HEADER_BYTES),
        new ContractCase(
            "E15",
            "leave out what the request does not have",
            variables("CONTENT_TYPE", "HTTP_X_NOT_THERE", "HTTP_COOKIE", "REMOTE_USER"),
            trial ->
                assertThat(trial.get("/").text().split("\n"))
                    .containsExactly(ABSENT, ABSENT, ABSENT, ABSENT)),
        new ContractCase(
            "E15",
            "list what can be found, and find what it lists",
            says(EnvironCases::unlisted),
            trial ->
                assertThat(trial.send(TestRequest.get("/?q").withHeader("X-Listed", "1")).text())
                    .isEqualTo("[]")),
        new ContractCase(
            "E18",
            "tell the scheme",
            says(environ -> environ.scheme()),
            trial -> assertThat(trial.get("/").text()).matches("https?")),
        new ContractCase(
            "E21",
            "take any text for the log and not show it to the client",
            (environ, start, witness) -> {
              environ.errors().println("secret \u20ac \ud83d\ude00 \ud800 \u0000");
              environ.errors().flush();
              start.start(200, TEXT);
              return Body.of("public");
            },
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.text()).isEqualTo("public");
              assertThat(response.headers().toString()).doesNotContain("secret");
            }),
        new ContractCase(
                "E21",
                "have the application's text in the log",
                (environ, start, witness) -> {
                  environ.errors().println("postern-contract says so");
                  environ.errors().flush();
                  start.start(200, TEXT);
                  return Body.empty();
                },
                trial -> {
                  trial.get("/");
                  trial.notes();
                  assertThat(trial.log()).contains("postern-contract says so");
                })
            .needs(LOG),
        new ContractCase(
            "E23",
            "have a new environ for each request",
            (environ, start, witness) -> {
              witness.note(String.valueOf(environ.get("test.leak")));
              environ.put("test.leak", "leaked");
              start.start(200, TEXT);
              return Body.empty();
            },
            trial -> {
              for (int i = 0; i < 3; i++) {
                trial.get("/");
                assertThat(trial.notes()).containsExactly("null");
              }
            }),
        new ContractCase(
            "E25",
            "have a URL that leads back",
            says(Environ::url),
            trial -> {
              assertThat(trial.get("/a%20b/c?d=%2F").text())
                  .matches("https?://[^/]+/.*")
                  .endsWith("/a%20b/c?d=%2F");
              assertThat(
                      trial
                          .send(TestRequest.get("/x").withHeader("Host", "example.test:81"))
                          .text())
                  .startsWith("http")
                  .contains("://example.test:81/");
            }));
  }

  private static ContractCase path(String must, String sent, String expected) {
    return new ContractCase(
        "E3",
        must,
        variables("PATH_INFO"),
        trial -> assertThat(bytes(trial.get(sent))).isEqualTo(expected));
  }

  /** Returns the names that the environ lists and cannot find, or finds and does not list. */
  private static String unlisted(Environ environ) {
    List<String> asked =
        List.of("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_X_LISTED");
    List<String> wrong =
        new ArrayList<>(
            environ.keySet().stream().filter(name -> environ.get(name) == null).toList());
    for (String name : asked) {
      if (!environ.containsKey(name) || !environ.keySet().contains(name)) {
        wrong.add(name);
      }
    }
    return wrong.toString();
  }
}

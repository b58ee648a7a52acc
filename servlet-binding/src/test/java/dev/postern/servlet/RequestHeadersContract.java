package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Request headers as variables: RFC 3875 4.1.18, and what others have got wrong about it. */
abstract class RequestHeadersContract extends ContainerContract {
  RequestHeadersContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  @Test
  void s27_header_becomesAVariable() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/", "fOO-Bar-2: x, y", "Empty:", "Expect-Ct: a=\"b\""))
        .containsEntry("HTTP_FOO_BAR_2", "x, y")
        .containsEntry("HTTP_EMPTY", "")
        .containsEntry("HTTP_EXPECT_CT", "a=\"b\"");
  }

  @Test
  void s28_repeatedHeaders_areJoinedInOrder() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/", "Foo: a", "Cookie: x=1", "foo: b", "Cookie: y=2", "FOO: c"))
        .containsEntry("HTTP_FOO", "a, b, c")
        .containsEntry("HTTP_COOKIE", "x=1; y=2");
  }

  @Test
  void s28_singleHeaders_mustNotBeRepeated() throws Exception {
    int port = start(DUMP);
    List<List<String>> repeated =
        List.of(
            List.of("Host: a", "Host: a"),
            List.of("Content-Type: a/b", "Content-Type: a/b"),
            List.of("Content-Length: 0", "Content-Length: 0"),
            List.of("Authorization: Basic eDp5", "Authorization: Basic eDp5"));
    for (List<String> headers : repeated) {
      RawResponse response = RawClient.get(port, "/", headers.toArray(String[]::new));
      assertThat(response.status()).as(headers.toString()).isEqualTo(400);
    }
  }

  @Test
  void s30_value_keepsItsBytes() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/", "X-L: caf\u00e9", "X-U: caf\u00c3\u00a9", "X-A: \u0080\u00ff"))
        .containsEntry("HTTP_X_L", "caf\u00e9")
        .containsEntry("HTTP_X_U", "caf\u00c3\u00a9")
        .containsEntry("HTTP_X_A", "\u0080\u00ff");
  }

  @Test
  void s29_foldedHeader_isRefusedOrOneLine() throws Exception {
    int port = start(DUMP);
    RawResponse response = RawClient.get(port, "/", "X-Folded: a\r\n b");
    if (response.status() == 200) {
      assertThat(variables(response).get("HTTP_X_FOLDED")).matches("a +b");
    } else {
      assertThat(response.status()).isEqualTo(400);
    }
  }

  @Test
  void attackA01_proxyHeaderNeverBecomesHttpProxy() throws Exception {
    int port = start(DUMP);
    for (String name : List.of("Proxy", "PROXY", "proxy")) {
      assertThat(variables(port, "/", name + ": http://evil.example", name + ": x"))
          .doesNotContainKey("HTTP_PROXY");
    }
  }

  @Test
  void attackA02_nameWithOtherCharactersIsNeverMapped() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/", "X-Forwarded-For: 1.1.1.1", "X_Forwarded_For: 6.6.6.6"))
        .containsEntry("HTTP_X_FORWARDED_FOR", "1.1.1.1");
    for (String name : List.of("X_Forwarded_For", "X.Forwarded.For", "X+Forwarded-For")) {
      assertThat(variables(port, "/", name + ": 6.6.6.6"))
          .doesNotContainKey("HTTP_X_FORWARDED_FOR");
    }
  }

  @Test
  void attackA03_s31_otherSpellingsOfContentLengthAreNothing() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/", "Content_Length: 5", "Content_Type: a/b"))
        .doesNotContainKeys(
            "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE");
  }

  @Test
  void attackA04_namesThatDifferInCaseAreOne() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/", "FOO: a", "foo: b")).containsEntry("HTTP_FOO", "a, b");
  }

  @Test
  void attackA05_namesAreLettersDigitsAndUnderscores() throws Exception {
    int port = start(DUMP);
    String[] odd = {"!x: 1", "a#b: 1", "a$: 1", "a%b: 1", "'a: 1", "a*: 1", "~: 1", "a|b: 1"};
    Map<String, String> variables = variables(port, "/", odd);
    assertThat(variables.keySet()).allMatch(name -> name.matches("[A-Z][A-Z0-9_]*"));
    assertThat(variables.keySet()).filteredOn(name -> name.startsWith("HTTP_")).hasSize(1);
  }

  @Test
  void attackA16_h18_h19_connectionHeadersAndWhatTheyNameAreLeftOut() throws Exception {
    int port = start(DUMP);
    Map<String, String> variables =
        variables(
            port,
            "/",
            "Connection: keep-alive, X-Secret, Cookie",
            "Connection: te",
            "X-Secret: 1",
            "Cookie: a=b",
            "Keep-Alive: timeout=5",
            "Proxy-Connection: keep-alive",
            "TE: trailers",
            "Trailer: X-T",
            "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
            "Proxy-Authorization: Basic eDp5",
            "X-Kept: 1");
    assertThat(variables.keySet())
        .filteredOn(name -> name.startsWith("HTTP_"))
        .containsExactlyInAnyOrder("HTTP_HOST", "HTTP_X_KEPT");
    assertThat(variables).containsEntry("REMOTE_ADDR", "127.0.0.1");
  }

  @Test
  void attackG04_trailersNeverBecomeVariables() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              environ.input().readAllBytes();
              return DUMP.call(environ, startResponse);
            });
    RawResponse response =
        RawClient.exchange(
            port,
            RawClient.request("POST", "/", "Transfer-Encoding: chunked", "Trailer: X-User")
                + "1\r\nx\r\n0\r\nX-User: root\r\n\r\n");
    assertThat(variables(response)).doesNotContainKey("HTTP_X_USER");
  }
}

package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/** SCRIPT_NAME, PATH_INFO, QUERY_STRING and REQUEST_URI: RFC 3875 4.1.5, 4.1.7, 4.1.13. */
abstract class PathContract extends ContainerContract {
  /** The container answers this itself, before any servlet. */
  private static final String REFUSED = "400";

  private static final String NOT_FOUND = "404";

  PathContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  /** A target and the PATH_INFO it has, in the order of {@link Server}. */
  private record Row(String target, List<String> expected) {}

  private static Row same(String target, String pathInfo) {
    return new Row(target, List.of(pathInfo, pathInfo, pathInfo));
  }

  private static Row row(String target, String jetty, String tomcat, String undertow) {
    return new Row(target, List.of(jetty, tomcat, undertow));
  }

  /** For {@code /app/x/*}. */
  private static final List<Row> ROWS =
      List.of(
          same("/app/x", ""),
          same("/app/x/", "/"),
          same("/app/x/aB", "/aB"),
          same("/app/x/this%2eis%2epath%3binfo", "/this.is.path;info"),
          same("/app/x/%2c", "/,"),
          same("/app/x/a%20b+c", "/a b+c"),
          same("/app/x/a=b&c", "/a=b&c"),
          row("/app/x/%252e", REFUSED, "/%2e", "/%2e"),
          row("/app/x/%252f", REFUSED, "/%2f", "/%2f"),
          // parameters: kept in PATH_INFO, no part of the script's name
          same("/app/x/a;p=1/b", "/a;p=1/b"),
          // Jetty has no sessions here, and Undertow no such session.
          row("/app/x/b;jsessionid=1", "/b;jsessionid=1", "/b", "/b;jsessionid=1"),
          same("/app/x/a%3bp", "/a;p"),
          same("/app/x;q=1/b", "/b"),
          same("/app;q=1/x/b", "/b"),
          same("/app/x;q=1", ""),
          // empty segments
          row("/app/x//b//", REFUSED, "//b//", "//b//"),
          row("/app/x//", REFUSED, "//", "//"),
          row("/app//x/b", REFUSED, "/b", NOT_FOUND),
          // bytes
          same("/app/x/%c3%a9", "/\u00c3\u00a9"),
          same("/app/x/%F0%9F%98%80", "/\u00f0\u009f\u0098\u0080"),
          row("/app/x/%ff", REFUSED, REFUSED, "/\u00ff"),
          row("/app/x/%c0%af", REFUSED, REFUSED, "/\u00c0\u00af"),
          same("/app/x/\u00c3\u00a9", REFUSED),
          same("/app/x/\u00e9", REFUSED),
          // what containers know as attacks; Undertow lets an application see it
          row("/app/x/a%2fb", REFUSED, REFUSED, "/a%2fb"),
          row("/app/x/a%5cb", REFUSED, REFUSED, "/a%5cb"),
          row("/app/x/a%00b", REFUSED, REFUSED, "/a\0b"),
          row("/app/x/a%0ab", REFUSED, "/a\nb", "/a\nb"),
          same("/app/x/%zz", REFUSED),
          // dot segments: as the container's security constraints have seen them
          row("/app/x/b/../a", "/a", "/a", "/b/../a"),
          row("/app/x/b/%2e%2e/a", REFUSED, "/a", "/b/../a"),
          row("/app/x/./a", "/a", "/a", "/./a"),
          // the same servlet by another spelling
          same("/%61pp/%78/a", "/a"),
          same("http://localhost/app/x/abs", "/abs"));

  @Test
  void s13_pathInfo_isDecodedOnceFromTheBytesThatWereSent() throws Exception {
    int port = start(Deployment.at("/app").application(DUMP, "/x/*"));
    SoftAssertions softly = new SoftAssertions();
    for (Row row : ROWS) {
      RawResponse response = RawClient.get(port, row.target());
      String expected = row.expected().get(server.ordinal());
      if (response.status() != 200) {
        softly.assertThat("" + response.status()).as(row.target()).isEqualTo(expected);
        continue;
      }
      Map<String, String> variables = variables(response);
      softly.assertThat(variables.get("PATH_INFO")).as(row.target()).isEqualTo(expected);
      softly.assertThat(variables.get("SCRIPT_NAME")).as(row.target()).isEqualTo("/app/x");
      softly
          .assertThat(variables.get("REQUEST_URI"))
          .as(row.target())
          .isEqualTo(row.target().replace("http://localhost", ""));
    }
    softly.assertAll();
  }

  /** SPEC E4, E14: exact, or refused. */
  @Test
  void r23_bytesThatAreNoUtf8_areNeverReplaced() throws Exception {
    int port = start(Deployment.at("/app").application(DUMP, "/x/*", "*.cgi"));
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("/app/x/p?q=\u00e9", "q=\u00e9");
    rows.put("/app/x/p?q=\u00c3\u00a9", "q=\u00c3\u00a9");
    rows.put("/app/x/p?\u00ff=%ff", "\u00ff=%ff");
    rows.put("/app/x/p?q=%ff%c0%af", "q=%ff%c0%af");
    rows.put("/app/x/\u00c3", "");
    rows.put("/app/x/%C3", "");
    rows.put("/app/%ff.cgi", "");
    rows.put("/app/\u00ff.cgi", "");
    rows.put("/app/x/%EF%BF%BD?%EF%BF%BD", "%EF%BF%BD");
    for (Map.Entry<String, String> row : rows.entrySet()) {
      RawResponse response = RawClient.get(port, row.getKey());
      if (response.status() == 200) {
        Map<String, String> variables = variables(response);
        assertThat(variables.get("QUERY_STRING")).as(row.getKey()).isEqualTo(row.getValue());
        assertThat(variables.get("REQUEST_URI")).isEqualTo(row.getKey());
        boolean replacement = row.getKey().contains("%EF%BF%BD");
        assertThat(variables.get("PATH_INFO").contains("\u00ef\u00bf\u00bd"))
            .as(row.getKey())
            .isEqualTo(replacement);
        assertThat(variables.get("SCRIPT_NAME")).doesNotContain("\u00ef\u00bf\u00bd");
      } else {
        assertThat(response.status()).as(row.getKey()).isEqualTo(400);
        assertThat(row.getKey()).doesNotContain("%EF%BF%BD");
      }
    }
  }

  @Test
  void s16_queryString_isVerbatim() throws Exception {
    int port = start(Deployment.at("/app").application(DUMP, "/x/*"));
    for (String query : List.of("a=%2F&b=+", "-s", "a?b", "%zz", "a;b", "=")) {
      if (server == Server.UNDERTOW && query.equals("%zz")) {
        assertThat(RawClient.get(port, "/app/x/p?%zz").status()).isEqualTo(400);
        continue;
      }
      Map<String, String> variables = variables(port, "/app/x/p?" + query);
      assertThat(variables.get("QUERY_STRING")).isEqualTo(query);
      assertThat(variables.get("REQUEST_URI")).isEqualTo("/app/x/p?" + query);
    }
  }

  @Test
  void s16_queryString_isEmptyWithoutOneAndWithAnEmptyOne() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/s").get("QUERY_STRING")).isEmpty();
    Map<String, String> variables = variables(port, "/s?");
    assertThat(variables.get("QUERY_STRING")).isEmpty();
    // Undertow does not tell "/s?" from "/s".
    assertThat(variables.get("REQUEST_URI")).isEqualTo(server == Server.UNDERTOW ? "/s" : "/s?");
  }

  @Test
  void s22_rootContext_hasAnEmptyScriptName() throws Exception {
    int port = start(DUMP);
    assertSplit(variables(port, "/"), "", "/");
    assertSplit(variables(port, "/a;b/c%2e"), "", "/a;b/c.");
  }

  @Test
  void s22_mappings_splitAsTheServletSpecificationSays() throws Exception {
    int port =
        start(
            Deployment.at("/ctx")
                .application(DUMP, "/a/b/*")
                .application(DUMP, "/exact")
                .application(DUMP, "*.cgi")
                .application(DUMP, "")
                .application(DUMP, "/"));
    assertSplit(variables(port, "/ctx/a/b/c/d"), "/ctx/a/b", "/c/d");
    assertSplit(variables(port, "/ctx/a/b"), "/ctx/a/b", "");
    assertSplit(variables(port, "/ctx/exact"), "/ctx/exact", "");
    assertSplit(variables(port, "/ctx/exact;v=1"), "/ctx/exact", "");
    assertSplit(variables(port, "/ctx/some/page.cgi?x"), "/ctx/some/page.cgi", "");
    assertSplit(variables(port, "/ctx/"), "/ctx", "/");
    assertSplit(variables(port, "/ctx/exact/more"), "/ctx", "/exact/more");
    assertSplit(variables(port, "/ctx/any;p=1/%2cthing"), "/ctx", "/any;p=1/,thing");
  }

  @Test
  void s22_scriptName_isDecoded() throws Exception {
    int port = start(Deployment.at("/app").application(DUMP, "/caf\u00e9 1/*"));
    assertSplit(variables(port, "/app/caf%C3%A9%201/x"), "/app/caf\u00c3\u00a9 1", "/x");
  }

  @Test
  void forward_leadsToTheTargetsPath() throws Exception {
    int port =
        start(
            Deployment.at("/app")
                .servlet(new Forwarding("/x/t%2c/%C3%A9?q=2"), "/from/*")
                .application(DUMP, "/x/*"));
    Map<String, String> variables = variables(port, "/app/from/there?q=1");
    assertThat(variables.get("SCRIPT_NAME")).isEqualTo("/app/x");
    assertThat(variables.get("PATH_INFO")).isEqualTo("/t,/\u00c3\u00a9");
    assertThat(variables.get("QUERY_STRING")).isEqualTo("q=2");
    assertThat(variables.get("REQUEST_URI")).isEqualTo("/app/from/there?q=1");
  }

  @Test
  void include_leadsToTheTargetsPathAndKeepsTheOuterResponse() throws Exception {
    int port =
        start(
            Deployment.at("/app")
                .servlet(new Including("/x/inner?q=2"), "/from/*")
                .application(DUMP, "/x/*"));
    RawResponse response = RawClient.get(port, "/app/from/there?q=1");
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
    assertThat(response.header("Content-Type")).isEqualTo("text/x-outer");
    assertThat(response.text())
        .startsWith("before\n")
        .endsWith("after")
        .contains("SCRIPT_NAME=/app/x\0")
        .contains("PATH_INFO=/inner\0")
        .contains("QUERY_STRING=q=2\0")
        .contains("REQUEST_URI=/app/from/there?q=1\0");
  }

  private static void assertSplit(
      Map<String, String> variables, String scriptName, String pathInfo) {
    assertThat(List.of(variables.get("SCRIPT_NAME"), variables.get("PATH_INFO")))
        .containsExactly(scriptName, pathInfo);
  }

  private static final class Forwarding extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final String path;

    Forwarding(String path) {
      this.path = path;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      request.getRequestDispatcher(path).forward(request, response);
    }
  }

  private static final class Including extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final String path;

    Including(String path) {
      this.path = path;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      response.setContentType("text/x-outer");
      response.getOutputStream().print("before\n");
      request.getRequestDispatcher(path).include(request, response);
      response.getOutputStream().print("after");
    }
  }
}

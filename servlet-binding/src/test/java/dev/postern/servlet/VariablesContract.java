package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The variables that are not about the path, and not from headers: RFC 3875 4.1. */
abstract class VariablesContract extends ContainerContract {
  VariablesContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  @Test
  void s07_s19_names_areExactlyThoseThatAreThere() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/").keySet())
        .containsExactlyInAnyOrder(
            "GATEWAY_INTERFACE",
            "HTTP_HOST",
            "PATH_INFO",
            "QUERY_STRING",
            "REMOTE_ADDR",
            "REMOTE_HOST",
            "REMOTE_PORT",
            "REQUEST_METHOD",
            "REQUEST_SCHEME",
            "REQUEST_URI",
            "SCRIPT_NAME",
            "SERVER_ADDR",
            "SERVER_NAME",
            "SERVER_PORT",
            "SERVER_PROTOCOL",
            "SERVER_SOFTWARE");
  }

  @Test
  void s12_s17_s18_s26_connection_isTold() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/"))
        .containsEntry("GATEWAY_INTERFACE", "CGI/1.1")
        .containsEntry("REQUEST_METHOD", "GET")
        .containsEntry("REQUEST_SCHEME", "http")
        .containsEntry("REMOTE_ADDR", "127.0.0.1")
        .containsEntry("REMOTE_HOST", "127.0.0.1")
        .containsEntry("SERVER_ADDR", "127.0.0.1")
        .containsEntry("SERVER_PROTOCOL", "HTTP/1.1")
        .hasEntrySatisfying("REMOTE_PORT", value -> assertThat(value).matches("[1-9][0-9]*"))
        .hasEntrySatisfying(
            "SERVER_SOFTWARE", value -> assertThat(value).matches("[A-Za-z-]+/[0-9][\\w.-]*"));
  }

  @Test
  void s25_serverProtocol_isTheRequests() throws Exception {
    int port = start(DUMP);
    RawResponse response = RawClient.exchange(port, "GET / HTTP/1.0\r\nHost: x\r\n\r\n");
    assertThat(variables(response)).containsEntry("SERVER_PROTOCOL", "HTTP/1.0");
  }

  /** Tomcat and Undertow pass over the scheme of a target; Jetty makes it the request's. */
  @Test
  void r24_targetOfAnotherScheme_isNotBelieved() throws Exception {
    int port = start(DUMP);
    RawResponse plain = RawClient.exchange(port, "GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n");
    assertThat(variables(plain)).containsEntry("REQUEST_SCHEME", "http").doesNotContainKey("HTTPS");
    RawResponse claimed =
        RawClient.exchange(
            port,
            "GET https://h/x HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n"
                + "Forwarded: proto=https\r\n\r\n");
    if (server == Server.JETTY) {
      assertThat(claimed.status()).isEqualTo(400);
    } else {
      assertThat(variables(claimed))
          .containsEntry("REQUEST_SCHEME", "http")
          .doesNotContainKey("HTTPS");
    }
  }

  @Test
  void s23_s24_serverName_isTheHostAlone() throws Exception {
    int port = start(DUMP);
    Map<String, String> named = variables(port, "/", "Host: example.org:81");
    assertThat(named).containsEntry("SERVER_NAME", "example.org");
    assertThat(named).containsEntry("SERVER_PORT", "" + port);
    assertThat(named).containsEntry("HTTP_HOST", "example.org:81");
    assertThat(variables(port, "/", "Host: [::1]:81")).containsEntry("SERVER_NAME", "[::1]");
    assertThat(variables(port, "/", "Host: [2001:db8::1]"))
        .containsEntry("SERVER_NAME", "[2001:db8::1]");
    assertThat(variables(port, "/", "Host: 192.0.2.1")).containsEntry("SERVER_NAME", "192.0.2.1");
  }

  @Test
  void s23_serverName_isThereWithoutAHost() throws Exception {
    int port = start(DUMP);
    Map<String, String> variables = variables(RawClient.exchange(port, "GET / HTTP/1.0\r\n\r\n"));
    assertThat(variables.get("SERVER_NAME")).isNotEmpty();
    assertThat(variables).containsEntry("SERVER_PORT", "" + port).doesNotContainKey("HTTP_HOST");
  }

  @Test
  void attackA17_s23_malformedHostIsRefused() throws Exception {
    int port = start(DUMP);
    for (String host :
        List.of("a\"><script>", "a b", "a/b", "a@b", "[::1", "a:b", "a:1:2", "<x>")) {
      assertThat(RawClient.get(port, "/", "Host: " + host).status()).as(host).isEqualTo(400);
    }
  }

  @Test
  void s21_method_isKeptAsItIs() throws Exception {
    int port = start(DUMP);
    for (String method : List.of("GET", "POST", "OPTIONS", "DELETE", "PROPFIND", "get", "X-Own")) {
      RawResponse response =
          RawClient.exchange(port, RawClient.request(method, "/", "Content-Length: 0"));
      assertThat(variables(response)).containsEntry("REQUEST_METHOD", method);
    }
  }

  @Test
  void trace_isForTheApplicationWhereTheContainerLetsItThrough() throws Exception {
    int port = start(DUMP);
    RawResponse response = RawClient.exchange(port, RawClient.request("TRACE", "/"));
    if (server == Server.TOMCAT) {
      // allowTrace of its connector is false
      assertThat(response.status()).isEqualTo(405);
    } else {
      assertThat(variables(response)).containsEntry("REQUEST_METHOD", "TRACE");
    }
  }

  @Test
  void s10_contentLength_isThereWhenTheRequestSaysSo() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/")).doesNotContainKey("CONTENT_LENGTH");
    assertThat(variables(post(port, "Content-Length: 0\r\n", "")))
        .containsEntry("CONTENT_LENGTH", "0");
    assertThat(variables(post(port, "Content-Length: 5\r\n", "12345")))
        .containsEntry("CONTENT_LENGTH", "5");
    assertThat(variables(post(port, "Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\n\r\n")))
        .doesNotContainKey("CONTENT_LENGTH")
        .doesNotContainKey("HTTP_TRANSFER_ENCODING");
  }

  @Test
  void attackG01_malformedContentLengthIsRefused() throws Exception {
    int port = start(DUMP);
    for (String length : List.of("+5", "5,5", "0x5", "-1", "5 5", "99999999999999999999")) {
      RawResponse response = post(port, "Content-Length: " + length + "\r\n", "12345");
      assertThat(response.status()).as(length).isBetween(400, 413);
    }
  }

  @Test
  void s11_contentType_isVerbatim() throws Exception {
    int port = start(DUMP);
    // but for two spaces in a row, of which Undertow drops one in all headers
    String type = "Text/X-Odd; Charset=\"UTF-8\" ; q=1";
    assertThat(variables(post(port, "Content-Type: " + type + "\r\nContent-Length: 0\r\n", "")))
        .containsEntry("CONTENT_TYPE", type)
        .doesNotContainKey("HTTP_CONTENT_TYPE");
    assertThat(variables(port, "/")).doesNotContainKey("CONTENT_TYPE");
  }

  @Test
  void s09_s20_authentication_isTheContainersAlone() throws Exception {
    int port = start(DUMP);
    assertThat(variables(port, "/", "Authorization: Basic eDp5", "Remote-User: root"))
        .containsEntry("HTTP_AUTHORIZATION", "Basic eDp5")
        .containsEntry("HTTP_REMOTE_USER", "root")
        .doesNotContainKeys("AUTH_TYPE", "REMOTE_USER", "REMOTE_IDENT");
  }

  @Test
  void s09_s20_authentication_byTheContainerIsTold() throws Exception {
    int port = start(Deployment.at("").application(DUMP, "/*").withAuthentication());
    assertThat(RawClient.get(port, "/").status()).isEqualTo(401);
    String credentials = Deployment.USER + ":" + Deployment.PASSWORD;
    String encoded = Base64.getEncoder().encodeToString(credentials.getBytes());
    assertThat(variables(port, "/", "Authorization: Basic " + encoded))
        .containsEntry("AUTH_TYPE", "Basic")
        .containsEntry("REMOTE_USER", Deployment.USER);
  }

  private static RawResponse post(int port, String headers, String body) throws IOException {
    return RawClient.exchange(
        port, "POST / HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body);
  }
}

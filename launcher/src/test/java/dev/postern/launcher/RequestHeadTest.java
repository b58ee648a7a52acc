package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a head means by RFC 9110 and RFC 9112, and what an application is told of it. */
class RequestHeadTest {
  private static WebServer server;

  @BeforeAll
  static void open() throws Exception {
    Logs.quiet();
    server =
        WebServer.open(
            InetAddress.getByName("127.0.0.1"),
            0,
            Application.of(RequestHeadTest::respond),
            RequestHeadTest.class.getClassLoader());
  }

  @AfterAll
  static void close() throws Exception {
    server.close();
  }

  /** All variables, a line each, as they are; or what the query asks for. */
  private static Response respond(Environ environ) throws Exception {
    String query = environ.queryString();
    if (query.startsWith("status=")) {
      return Response.of(
          Integer.parseInt(query.substring(7)), Headers.of("Content-Type", "a/b"), Body.of("x"));
    }
    StringBuilder text = new StringBuilder();
    for (Map.Entry<String, Object> entry : new TreeMap<>(environ).entrySet()) {
      if (entry.getKey().indexOf('.') < 0 || entry.getKey().equals("postern.url_scheme")) {
        text.append(entry.getKey()).append('=').append(entry.getValue()).append('\n');
      }
    }
    text.append("body=")
        .append(new String(environ.input().readAllBytes(), StandardCharsets.ISO_8859_1))
        .append('\n');
    return Response.of(
        200,
        Headers.of("Content-Type", "Text/Plain; Charset=UTF-8"),
        Body.of(text.toString().getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static String request(String lines) throws Exception {
    return Wire.request(server.port(), lines);
  }

  private static void assertRefused(String response, String status) {
    assertThat(response)
        .startsWith("HTTP/1.1 " + status + "\r\n")
        .endsWith("\r\n\r\n" + status + "\n");
  }

  @Test
  void attackG05_upgrade_withoutConnection_isIgnored() throws Exception {
    for (String upgrade : new String[] {"foo", "h2c", "websocket", "HTTP/2.0, foo/1"}) {
      assertThat(request("GET / HTTP/1.1\nHost: h\nUpgrade: " + upgrade))
          .startsWith("HTTP/1.1 200 OK\r\n")
          .doesNotContain("HTTP_UPGRADE");
    }
  }

  @Test
  void attackG05_upgrade_withConnection_isIgnored() throws Exception {
    String response =
        Wire.exchange(
            server.port(),
            "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: foo\r\nConnection: Upgrade, close\r\n\r\n");
    assertThat(response).startsWith("HTTP/1.1 200 OK\r\n");
  }

  @Test
  void responseType_goesOutAsItWasStarted() throws Exception {
    assertThat(request("GET / HTTP/1.1\nHost: h"))
        .contains("\r\nContent-Type: Text/Plain; Charset=UTF-8\r\n");
  }

  @ParameterizedTest
  @CsvSource({
    "http://other:81/x?q=1, other:81, other",
    "HTTP://OTHER/x?q=1,    OTHER,    other",
    "http://[::1]:81/x?q=1, [::1]:81, [::1]",
  })
  void absoluteForm_itsAuthorityCountsAndHostIsIgnored(String target, String host, String name)
      throws Exception {
    assertThat(request("GET " + target + " HTTP/1.1\nHost: host.example"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains(
            "\nHTTP_HOST=" + host + "\n",
            "\nSERVER_NAME=" + name + "\n",
            "\nPATH_INFO=/x\n",
            "\nQUERY_STRING=q=1\n",
            "\npostern.url_scheme=http\n")
        .doesNotContain("host.example", "HTTPS=");
  }

  @Test
  void absoluteForm_ofHttp10WithoutHost_namesTheServer() throws Exception {
    assertThat(request("GET http://other HTTP/1.0"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\nSERVER_NAME=other\n", "\nPATH_INFO=/\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://h/x",
        "HTTPS://h/x",
        "ftp://h/x",
        "ws://h/x",
        "http:///x",
        "http://:80/x",
        "http:/x",
        "x/y",
        "h:80"
      })
  void absoluteForm_ofAnotherSchemeOrWithoutHost_is400(String target) throws Exception {
    assertRefused(request("GET " + target + " HTTP/1.1\nHost: h"), "400 Bad Request");
  }

  @Test
  void absoluteForm_withoutHostField_is400() throws Exception {
    assertRefused(request("GET http://h/ HTTP/1.1"), "400 Bad Request");
  }

  @Test
  void https_isTheConnectionsWord() throws Exception {
    assertThat(
            request(
                "GET / HTTP/1.1\nHost: h\nX-Forwarded-Proto: https\nForwarded: proto=https\n"
                    + "Front-End-Https: on\nHTTPS: on"))
        .contains("\nREQUEST_SCHEME=http\n", "\npostern.url_scheme=http\n", "\nHTTP_HTTPS=on\n")
        .doesNotContain("\nHTTPS=");
  }

  @ParameterizedTest
  @CsvSource({"5, 5", "0005, 5", "00000000000000000000000005, 5"})
  void h13_contentLength_withZerosInFront_isItsNumber(String length, String number)
      throws Exception {
    String response =
        Wire.exchange(
            server.port(),
            "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: "
                + length
                + "\r\n\r\nhello");
    assertThat(response)
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\nCONTENT_LENGTH=" + number + "\n", "\nbody=hello\n");
  }

  /** HTTP/1.0 has no 100 (RFC 9110 10.1.1, 15.2). */
  @Test
  void h21_expectationOfHttp10_isIgnored() throws Exception {
    String response =
        Wire.exchange(
            server.port(),
            "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello");
    assertThat(response).startsWith("HTTP/1.1 200 OK\r\n").contains("\nbody=hello\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"+5", "5x", "0x5", "", "1000000000000000000", "99999999999999999999"})
  void attackG01_h13_contentLength_thatIsNone_is400(String length) throws Exception {
    assertRefused(
        request("POST / HTTP/1.1\nHost: h\nContent-Length: " + length), "400 Bad Request");
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP/1.2", "HTTP/1.9"})
  void minorVersionAboveOurs_isAnsweredAsOurs(String version) throws Exception {
    String head = "GET /x HTTP/1.2? " + version + "\r\nHost: h\r\nConnection: close\r\n\r\n";
    assertRefused(Wire.exchange(server.port(), head), "400 Bad Request");
    try (Wire wire = Wire.to(server.port())) {
      // A byte at a time, after the empty line that some clients send.
      for (char c : ("\r\nGET /HTTP/1.2 " + version + "\r\nHost: h\r\n\r\n").toCharArray()) {
        wire.send(String.valueOf(c));
      }
      assertThat(wire.readHead()).startsWith("HTTP/1.1 200 OK\r\n");
    }
    assertThat(request("GET /HTTP/1.2 " + version + "\nHost: h\nX: HTTP/1.2"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\nSERVER_PROTOCOL=HTTP/1.1\n", "\nPATH_INFO=/HTTP/1.2\n", "\nHTTP_X=HTTP/1.2\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP/0.9", "HTTP/1.10", "HTTP/1.", "HTTP/2.0", "HTTP/3.1", "HTTX/1.2"})
  void otherVersions_areRefused(String version) throws Exception {
    assertThat(request("GET / " + version + "\nHost: h"))
        .containsPattern("^HTTP/1.1 (505|426|400) ");
  }

  @Test
  void optionsOfTheServer_is200WithoutBody() throws Exception {
    assertThat(request("OPTIONS * HTTP/1.1\nHost: h"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .containsIgnoringCase("\r\nContent-Length: 0\r\n")
        .endsWith("\r\n\r\n");
    assertRefused(request("GET * HTTP/1.1\nHost: h"), "400 Bad Request");
    assertThat(request("OPTIONS / HTTP/1.1\nHost: h")).contains("\nREQUEST_METHOD=OPTIONS\n");
  }

  @Test
  void connect_is501() throws Exception {
    assertRefused(request("CONNECT h:443 HTTP/1.1\nHost: h:443"), "501 Not Implemented");
  }

  @ParameterizedTest
  @CsvSource({
    "HTTP/1.1, 'gzip, chunked',               501 Not Implemented",
    "HTTP/1.1, 'gzip\nTransfer-Encoding: chunked', 501 Not Implemented",
    "HTTP/1.1, gzip,                          400 Bad Request",
    "HTTP/1.1, identity,                      400 Bad Request",
    "HTTP/1.1, 'chunked, gzip',               400 Bad Request",
    "HTTP/1.1, 'chunked, chunked',            400 Bad Request",
    "HTTP/1.1, 'chunked\nContent-Length: 5',  400 Bad Request",
    "HTTP/1.0, chunked,                       400 Bad Request",
    "HTTP/1.0, 'chunked\nConnection: keep-alive', 400 Bad Request",
    "HTTP/1.0, 'gzip, chunked',               400 Bad Request",
  })
  void h15_transferEncoding_otherThanChunked_isRefusedAndTheConnectionEnds(
      String version, String coding, String status) throws Exception {
    String head = "POST / " + version + "\nHost: h\nTransfer-Encoding: " + coding;
    String response =
        Wire.exchange(
            server.port(),
            head.replace("\n", "\r\n")
                + "\r\n\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: h\r\n\r\n");
    assertRefused(response, status);
  }

  @Test
  void attackG04_chunked_isRead_andItsTrailersAreNoVariables() throws Exception {
    String response =
        Wire.exchange(
            server.port(),
            "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "5;a=b\r\nhello\r\n0\r\nX-User: root\r\n\r\n");
    assertThat(response)
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\nbody=hello\n")
        .doesNotContain("X_USER", "CONTENT_LENGTH");
  }

  @ParameterizedTest
  @CsvSource({
    "Content-Type,  text/plain; charset=UTF-8, CONTENT_TYPE",
    "Content-Type,  Text/HTML;Charset=\"utf-8\", CONTENT_TYPE",
    "Accept-Encoding, GZIP,                    HTTP_ACCEPT_ENCODING",
    "Cache-Control, NO-CACHE,                  HTTP_CACHE_CONTROL",
    "Cache-Control, Max-Age=0,                 HTTP_CACHE_CONTROL",
    "Accept,        */*;Q=0.5,                 HTTP_ACCEPT",
    "Accept,        TEXT/html,                 HTTP_ACCEPT",
    "Expect,        100-Continue,              HTTP_EXPECT",
  })
  void fieldValue_keepsItsCase(String name, String value, String variable) throws Exception {
    String head = "GET / HTTP/1.1\nHost: h\n";
    request(head + name + ": " + value.toLowerCase(java.util.Locale.ROOT));
    assertThat(request(head + name + ": " + value)).contains("\n" + variable + "=" + value + "\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/\u00c3",
        "/x?q=\u00c3",
        "/\u00e9",
        "/x?q=\u00e9",
        "/\u00ff\u00fe",
        "/\u00c0\u00af"
      })
  void bytesOfATargetThatAreNoUtf8_are400(String target) throws Exception {
    assertRefused(request("GET " + target + " HTTP/1.1\nHost: h"), "400 Bad Request");
  }

  @ParameterizedTest
  @CsvSource({
    "/\u00c3\u00a9?q=\u00c3\u00a9, /\u00c3\u00a9, q=\u00c3\u00a9",
    "/%C3?q=%E9,                    /\u00c3,        q=%E9",
    "/%E9%ff%80?%C3,                /\u00e9\u00ff\u0080, %C3",
    "/%C3%A9?%c3%a9,                /\u00c3\u00a9,  %c3%a9",
  })
  void bytesOfATarget_areExact(String target, String path, String query) throws Exception {
    assertThat(request("GET " + target + " HTTP/1.1\nHost: h"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains(
            "\nPATH_INFO=" + path + "\n",
            "\nQUERY_STRING=" + query + "\n",
            "\nREQUEST_URI=" + target + "\n");
  }

  @Test
  void bytesOfAFieldValue_areExact() throws Exception {
    assertThat(request("GET / HTTP/1.1\nHost: h\nX: caf\u00e9\u00c3\u0080\u00ff\nCookie: a=\u00e9"))
        .contains("\nHTTP_X=caf\u00e9\u00c3\u0080\u00ff\n", "\nHTTP_COOKIE=a=\u00e9\n");
  }

  @ParameterizedTest
  @CsvSource({
    "WWW.Example.ORG:81, www.example.org",
    "WWW.example.org,    www.example.org",
  })
  void s23_serverName_isInLowerCase(String host, String name) throws Exception {
    assertThat(request("GET / HTTP/1.1\nHost: " + host))
        .contains("\nSERVER_NAME=" + name + "\n", "\nHTTP_HOST=" + host + "\n");
  }

  @ParameterizedTest
  @CsvSource({
    "500, Internal Server Error",
    "413, Content Too Large",
    "422, Unprocessable Content",
    "404, Not Found",
    "504, Gateway Timeout",
  })
  void reasonPhrase_isThatOfRfc9110(int status, String phrase) throws Exception {
    assertThat(request("GET /?status=" + status + " HTTP/1.1\nHost: h"))
        .startsWith("HTTP/1.1 " + status + " " + phrase + "\r\n");
  }

  @Test
  void pipelinedRequests_areAnsweredInTurn() throws Exception {
    String response =
        Wire.exchange(
            server.port(),
            "GET /a HTTP/1.2\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 13\r\n\r\n"
                + " HTTP/1.2\r\n\r\n"
                + "GET /c HTTP/1.2\r\nHost: h\r\nConnection: close\r\n\r\n");
    assertThat(response)
        .containsSubsequence(
            "PATH_INFO=/a\n", "PATH_INFO=/b\n", "body= HTTP/1.2\r\n", "PATH_INFO=/c\n");
  }
}

package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Jetty is told: that Postern's rules speak, and its own words are not heard. */
class WebServerTest {
  private static final int TIMEOUT = 60_000;

  private static WebServer server;

  @BeforeAll
  static void open() throws Exception {
    Logs.quiet();
    Application echo =
        Application.of(
            environ ->
                Response.of(
                    200,
                    Headers.of("Content-Type", "text/plain; charset=utf-8"),
                    Body.of(
                        environ.variable("SCRIPT_NAME")
                            + "|"
                            + environ.variable("PATH_INFO")
                            + "|"
                            + environ.variable("REQUEST_URI")
                            + "|"
                            + environ.variable("HTTP_LONG"))));
    server =
        WebServer.open(
            InetAddress.getByName("127.0.0.1"), 0, echo, WebServerTest.class.getClassLoader());
  }

  @AfterAll
  static void close() throws Exception {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      textBlock =
          """
          //a//b/   ~ //a//b/
          /a;p=1/b  ~ /a;p=1/b
          /a/%20/b  ~ /a/ /b
          /a/%25b   ~ /a/%b
          /a%3Bb    ~ /a;b
          /a%2Fb    ~ /a/b
          /a/%5Cb   ~ /a/\\b
          """)
  void oddPath_isTheApplicationsToJudge(String target, String pathInfo) throws Exception {
    String response = get(target);
    assertThat(response)
        .startsWith("HTTP/1.1 200 ")
        .endsWith("|" + pathInfo + "|" + target + "|null");
  }

  @Test
  void header_of100KiB_isAdmitted() throws Exception {
    String value = "x".repeat(100 * 1024);
    assertThat(exchange("GET / HTTP/1.1\r\nHost: x\r\nLong: " + value + "\r\n"))
        .startsWith("HTTP/1.1 200 ")
        .endsWith("|" + value);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      textBlock =
          """
          NONSENSE                                                  # 400 Bad Request
          GET / HTTP/1.1                                            # 400 Bad Request
          GET / HTTP/1.1\\r\\nHost: a b                             # 400 Bad Request
          GET /../x HTTP/1.1\\r\\nHost: x                           # 400 Bad Request
          GET / HTTP/1.1\\r\\nHost: x\\r\\nA b: c                   # 400 Bad Request
          POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: -1      # 400 Bad Request
          POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1\\r\\nContent-Length: 2 # 400 Bad Request
          GET / HTTP/1.1\\r\\nHost: x\\r\\nExpect: miracles         # 417 Expectation Failed
          GET / HTTP/7.0\\r\\nHost: x                               # 505 HTTP Version Not Supported
          """)
  void refusedByJetty_isAFixedText(String head, String expected) throws Exception {
    assertFixed(exchange(head.replace("\\r\\n", "\r\n") + "\r\n"), expected);
  }

  @Test
  void header_tooLong_isAFixedText() throws Exception {
    String value = "x".repeat(140 * 1024);
    assertFixed(
        exchange("GET / HTTP/1.1\r\nHost: x\r\nLong: " + value + "\r\n"),
        "431 Request Header Fields Too Large");
  }

  @Test
  void target_tooLong_isAFixedText() throws Exception {
    assertFixed(get("/" + "x".repeat(140 * 1024)), "414 URI Too Long");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/x#fragment", "http://user@x/"})
  void target_thatIsNone_isRefused(String target) throws Exception {
    assertFixed(get(target), "400 Bad Request");
  }

  private static void assertFixed(String response, String expected) {
    assertThat(response)
        .startsWith("HTTP/1.1 " + expected.substring(0, 4))
        .endsWith("\r\n\r\n" + expected + "\n")
        .doesNotContainIgnoringCase("jetty");
    assertThat(response.toLowerCase(java.util.Locale.ROOT))
        .contains("content-type: text/plain;")
        .doesNotContain("\nserver:");
  }

  private static String get(String target) throws Exception {
    return exchange("GET " + target + " HTTP/1.1\r\nHost: x\r\n");
  }

  /** Sends a head, and reads to the end of the connection. */
  private static String exchange(String head) throws Exception {
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      socket.setSoTimeout(TIMEOUT);
      String request = head + "Connection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}

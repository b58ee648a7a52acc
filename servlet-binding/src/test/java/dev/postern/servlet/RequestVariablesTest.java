package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the containers of the tests never say. */
class RequestVariablesTest {
  private static final GatewayOptions NO_OPTIONS =
      new GatewayOptions(true, null, -1, Map.of(), Map.of());

  private final FakeRequest fake =
      new FakeRequest("", "", "/", "/")
          .with("getServerName", "localhost")
          .with("getScheme", "http");

  private String variable(String name) {
    return new RequestVariables(fake.request(), "Test/1", null, NO_OPTIONS).variable(name);
  }

  @Test
  void addresses_areWithoutBracketsAndZone() {
    fake.with("getRemoteAddr", "[fe80::1%eth0]").with("getLocalAddr", "0:0:0:0:0:0:0:1%0");
    assertThat(variable("REMOTE_ADDR")).isEqualTo("fe80::1");
    assertThat(variable("REMOTE_HOST")).isEqualTo("fe80::1");
    assertThat(variable("SERVER_ADDR")).isEqualTo("::1");
  }

  @Test
  void connectionWithoutAddresses_hasNone() {
    fake.with("getRemoteAddr", null)
        .with("getLocalAddr", "")
        .with("getRemotePort", 0)
        .with("getLocalPort", -1)
        .with("getServerPort", 80);
    assertThat(variable("REMOTE_ADDR")).isNull();
    assertThat(variable("SERVER_ADDR")).isNull();
    assertThat(variable("REMOTE_PORT")).isNull();
    assertThat(variable("SERVER_PORT")).isEqualTo("80");
  }

  /** Jetty gives the path that the client has bound, and AJP may come without the client's port. */
  @Test
  void clientOfAUnixSocket_cannotChooseItsAddress() {
    fake.with("getRemoteAddr", "127.0.0.1").with("getRemotePort", -1).with("getLocalPort", -1);
    assertThat(variable("REMOTE_ADDR")).isNull();
    assertThat(variable("REMOTE_HOST")).isNull();
    fake.with("getLocalPort", 8009);
    assertThat(variable("REMOTE_ADDR")).isEqualTo("127.0.0.1");
  }

  @Test
  void addressThatAFilterSets_holdsBehindAUnixSocket() {
    fake.with("getRemoteAddr", "").with("getRemotePort", -1).with("getLocalPort", -1);
    HttpServletRequest filtered =
        new HttpServletRequestWrapper(fake.request()) {
          @Override
          public String getRemoteAddr() {
            return "192.0.2.7";
          }
        };
    assertThat(new RequestVariables(filtered, "Test/1", null, NO_OPTIONS).variable("REMOTE_ADDR"))
        .isEqualTo("192.0.2.7");
  }

  @Test
  void serverName_isNeverEmpty() {
    fake.with("getServerName", null).with("getLocalAddr", "::1");
    assertThat(variable("SERVER_NAME")).isEqualTo("[::1]");
    fake.with("getServerName", "::1").with("getLocalAddr", null);
    assertThat(variable("SERVER_NAME")).isEqualTo("[::1]");
    fake.with("getServerName", "");
    assertThat(variable("SERVER_NAME")).isEqualTo("localhost");
  }

  /** RFC 9113 8.3.1: Jetty and Tomcat have no Host in a request of HTTP/2. */
  @Test
  void authorityOfHttp2_isTheHost_whereThereIsNone() {
    fake.with("getServerName", "www.example.test").with("getServerPort", 80);
    assertThat(variable("HTTP_HOST")).isNull();
    fake.with("getProtocol", "HTTP/2.0");
    assertThat(variable("HTTP_HOST")).isEqualTo("www.example.test");
    assertThat(new RequestVariables(fake.request(), "Test/1", null, NO_OPTIONS).names())
        .contains("HTTP_HOST");
    fake.with("getServerPort", 8443);
    assertThat(variable("HTTP_HOST")).isEqualTo("www.example.test:8443");
    fake.with("getServerName", "::1").with("getScheme", "https").with("getServerPort", 443);
    assertThat(variable("HTTP_HOST")).isEqualTo("[::1]");
    fake.with("getServerName", "");
    assertThat(variable("HTTP_HOST")).isNull();
    fake.with("getServerName", "other").withHeader("Host", "sent.example.test");
    assertThat(variable("HTTP_HOST")).isEqualTo("sent.example.test");
  }

  @Test
  void tls_isToldInAllThreePlaces() {
    fake.with("isSecure", true);
    assertThat(variable("HTTPS")).isEqualTo("on");
    assertThat(variable("REQUEST_SCHEME")).isEqualTo("https");
    fake.with("isSecure", false);
    assertThat(variable("HTTPS")).isNull();
    // A proxy in front of the container has ended it.
    fake.with("getScheme", "https");
    assertThat(variable("HTTPS")).isEqualTo("on");
  }

  @Test
  void protocol_hasAMinorVersion() {
    fake.with("getProtocol", "HTTP/2");
    assertThat(variable("SERVER_PROTOCOL")).isEqualTo("HTTP/2.0");
    fake.with("getProtocol", "HTTP/2.0");
    assertThat(variable("SERVER_PROTOCOL")).isEqualTo("HTTP/2.0");
    fake.with("getProtocol", "");
    assertThat(variable("SERVER_PROTOCOL")).isEqualTo("HTTP/0.9");
  }

  @Test
  void user_isInUtf8AndTheSchemeAsHttpNamesIt() {
    fake.with("getRemoteUser", "ren\u00e9").with("getAuthType", "DIGEST");
    assertThat(variable("REMOTE_USER")).isEqualTo("ren\u00c3\u00a9");
    assertThat(variable("AUTH_TYPE")).isEqualTo("Digest");
    fake.with("getAuthType", "CLIENT_CERT");
    assertThat(variable("AUTH_TYPE")).isEqualTo("CLIENT_CERT");
  }

  @Test
  void decodedHeader_isItsUtf8Bytes() {
    fake.withHeader("X-Text", "\u20ac", "caf\u00e9");
    assertThat(variable("HTTP_X_TEXT")).isEqualTo("\u00e2\u0082\u00ac, caf\u00e9");
  }

  @Test
  void variable_isNullForOtherNames() {
    fake.withHeader("a", "1");
    assertThat(variable("HTTP_A")).isEqualTo("1");
    for (String name : new String[] {"HTTP_a", "HTTP_", "HTTP_-A", "PATH", "http_a", "", "HTTP"}) {
      assertThat(variable(name)).as(name).isNull();
    }
  }

  @Test
  void transferCoding_overridesTheContentLength() {
    fake.withHeader("Content-Length", "5");
    assertThat(variable("CONTENT_LENGTH")).isEqualTo("5");
    fake.withHeader("Transfer-Encoding", "chunked");
    assertThat(variable("CONTENT_LENGTH")).isNull();
  }

  @Test
  void fault_namesWhatIsWrong() {
    assertThat(new RequestVariables(fake.request(), "", null, NO_OPTIONS).fault()).isNull();
    fake.withHeader("Authorization", "a", "b");
    assertThat(new RequestVariables(fake.request(), "", null, NO_OPTIONS).fault())
        .contains("Authorization");
    fake.withHeader("Authorization", "a").withHeader("Host", "a\"b");
    assertThat(new RequestVariables(fake.request(), "", null, NO_OPTIONS).fault()).contains("Host");
    // as an absolute target would have it
    fake.withHeader("Host", "a").with("getServerName", "a\"b");
    assertThat(new RequestVariables(fake.request(), "", null, NO_OPTIONS).fault()).contains("Host");
  }

  @Test
  void ipv6Addresses_areInTheirShortForm() {
    fake.with("getRemoteAddr", "2001:DB8:0:0:0:0:0:1")
        .with("getLocalAddr", "[fe80:0:0:0:0:0:0:1%2]");
    assertThat(variable("REMOTE_ADDR")).isEqualTo("2001:db8::1");
    assertThat(variable("REMOTE_HOST")).isEqualTo("2001:db8::1");
    assertThat(variable("SERVER_ADDR")).isEqualTo("fe80::1");
    fake.with("getServerName", "[2001:DB8:0:0:0:0:0:1]");
    assertThat(variable("SERVER_NAME")).isEqualTo("[2001:db8::1]");
    fake.with("getServerName", "");
    assertThat(variable("SERVER_NAME")).isEqualTo("[fe80::1]");
  }

  @Test
  void serverName_isInLowerCase() {
    fake.with("getServerName", "WWW.Example.ORG");
    assertThat(variable("SERVER_NAME")).isEqualTo("www.example.org");
  }
}

package dev.postern.web;

import static dev.postern.web.ParametersTest.status;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.middleware.SecureHeaders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of Rack's tests of requests and of compressed siblings of files (spec_request.rb,
 * spec_static.rb), of Plack-Middleware-ReverseProxy's, and of ring-headers' and ring-ssl's of
 * proxies and of transport security.
 */
class PeerRequestTest {
  // ---- forms ----

  @Test
  void parameter_hasEachCharacterAsItWas() {
    for (char c = 0x20; c < 0x7F; c++) {
      String encoded = "%" + Integer.toHexString(c).toUpperCase(Locale.ROOT);
      String query = "foo=" + encoded + "bar" + encoded;
      assertThat(Web.request("QUERY_STRING", query).query("foo")).isEqualTo(c + "bar" + c);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "application/x-www-form-urlencoded;foo=bar, foo=bar&quux=b;la, 0, b;la",
    "application/x-www-form-urlencoded, foo=bar&quux=bla, 0, bla",
    "text/plain;charset=utf-8, foo=bar&quux=bla, 415,",
    "multipart/related; boundary=AaB03x, foo, 415,",
    "multipart/form-data; boundary=AaB03x, '', 400,",
    "'text/plain; foo=BAR,baz=bizzle dizzle;BLING=bam', foo, 400,",
    "application/x-www-form-urlencoded, a%=1, 400,"
  })
  void form_isReadByItsType(String type, String body, int status, String quux) throws Exception {
    assertThat(status(() -> Request.of(Web.post(type, body)).form())).isEqualTo(status);
    if (status == 0) {
      assertThat(Request.of(Web.post(type, body)).form("quux")).isEqualTo(quux);
    }
  }

  private static final String TYPE = "multipart/form-data; boundary=AaB03x";

  /** RFC 2046 5.1.1: a line that begins with the boundary is one, whatever stands behind it. */
  @Test
  void multipart_lineThatBeginsWithTheBoundary_is400() {
    String head =
        "--AaB03x\r\nContent-Disposition: form-data; name=\"mean\"; filename=\"mean\"\r\n\r\n";
    for (String line : new String[] {"--AaB03xha", "x\r\n--AaB03xha", "x\r\n--AaB03x-"}) {
      String body = head + line + "\r\n--AaB03x--\r\n";
      assertThat(status(() -> Request.of(Web.post(TYPE, body)).multipart())).isEqualTo(400);
    }
    String lines = "--AaB03x\nContent-Disposition: form-data; name=\"reply\"\n\nyes\n--AaB03x--\n";
    assertThat(status(() -> Request.of(Web.post(TYPE, lines)).multipart())).isEqualTo(400);
  }

  @Test
  void multipart_bytesThatAreNoText_areKept() throws Exception {
    String body =
        "--AaB03x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"junk.a\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n6\u00cf\n\u00f8\r\n--AaB03x--\r\n";
    Part part = Request.of(Web.post(TYPE, body)).multipart().file("f");
    assertThat(part.size()).isEqualTo(4);
    assertThat(part.open().readAllBytes())
        .isEqualTo(new byte[] {0x36, (byte) 0xCF, 10, (byte) 0xF8});
  }

  @Test
  void multipart_ofTenThousandParts_is413() {
    String part = "--AaB03x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\nx\r\n";
    String body = part.repeat(10_000) + "--AaB03x--\r\n";
    assertThat(status(() -> Request.of(Web.post(TYPE, body)).multipart())).isEqualTo(413);
  }

  // ---- negotiation ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gzip ; q=0.9          | gzip
          gzip ; deflate        | identity
          compress;q=0.5, gzip  | gzip
          gzip;q=1.0, identity; q=0.5, *;q=0 | gzip
          """)
  void acceptEncoding_mayHaveSpaces(String header, String expected) {
    assertThat(Web.request("HTTP_ACCEPT_ENCODING", header).acceptsEncoding("gzip", "identity"))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          fr, en                 | fr
          *                      | fr
          fr;q=0.5, en;q=1.0     | en
          fr;q=1.0, en; q=0.5, *;q=0 | fr
          fr ; q=0.9             | fr
          de, *;q=0              |
          """)
  void acceptLanguage_choosesTheBest(String header, String expected) {
    assertThat(Web.request("HTTP_ACCEPT_LANGUAGE", header).acceptsLanguage("fr", "en"))
        .isEqualTo(expected);
  }

  // ---- proxies ----

  private static final TrustedProxies LOCAL =
      TrustedProxies.of(
          "127.0.0.1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1.2.3.4   |                                   | 1.2.3.4
          fe80::202:b3ff:fe1e:8329 |                    | fe80::202:b3ff:fe1e:8329
          1.2.3.4   | 3.4.5.6                           | 1.2.3.4
          1.2.3.4   | unknown                           | 1.2.3.4
          127.0.0.1 | 3.4.5.6                           | 3.4.5.6
          127.0.0.1 | 192.168.3.2                       | 192.168.3.2
          127.0.0.1 | unknown,3.4.5.6                   | 3.4.5.6
          127.0.0.1 | 192.168.0.1,3.4.5.6               | 3.4.5.6
          127.0.0.1 | 10.0.0.1, 10.0.0.1, 3.4.5.6       | 3.4.5.6
          127.0.0.1 | 10.0.1.9, 192.168.4.98, 1.2.3.4   | 1.2.3.4
          127.0.0.1 | 127.0.0.1, 3.4.5.6                | 3.4.5.6
          127.0.0.1 | 9.9.9.9, 3.4.5.6, 10.0.0.1, 172.31.4.4 | 3.4.5.6
          127.0.0.1 | ::1,2620:0:1c00:0:812c:9583:754b:ca11 | 2620:0:1c00:0:812c:9583:754b:ca11
          127.0.0.1 | 2620:0:1c00:0:812c:9583:754b:ca11,::1 | 2620:0:1c00:0:812c:9583:754b:ca11
          ::1       | 2620:0:1c00:0:812c:9583:754b:ca11,fd5b:982e:9130:247f:: | 2620:0:1c00:0:812c:9583:754b:ca11
          127.0.0.1 | 8.8.8.8, 9.9.9.9                  | 9.9.9.9
          127.0.0.1 | 8.8.8.8, fe80::202:b3ff:fe1e:8329 | fe80::202:b3ff:fe1e:8329
          127.0.0.1 | 6.6.6.6, 2.2.2.3, 192.168.0.7     | 2.2.2.3
          127.0.0.1 | 192.168.0.11, 192.168.0.7         | 192.168.0.11
          127.0.0.1 | unknown,192.168.0.1               | 192.168.0.1
          127.0.0.1 | other,unknown,192.168.0.1         | 192.168.0.1
          127.0.0.1 | unknown,localhost,192.168.0.1     | 192.168.0.1
          """)
  void client_isTheLastAddressThatIsNoTrustedProxy(String peer, String list, String client) {
    Environ environ =
        list == null
            ? Web.environ("REMOTE_ADDR", peer)
            : Web.environ(
                "REMOTE_ADDR", peer, "HTTP_X_FORWARDED_FOR", list, "HTTP_CLIENT_IP", "1.1.1.1");
    assertThat(LOCAL.apply(environ).remoteAddr()).isEqualTo(client);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, true",
    "10.0.0.1, true",
    "172.16.0.1, true",
    "172.20.0.1, true",
    "172.31.0.1, true",
    "192.168.0.1, true",
    "::1, true",
    "fd00::, true",
    "localhost, false",
    "unix, false",
    "unix:/tmp/sock, false",
    "unix.example.org, false",
    "'example.org\n127.0.0.1', false",
    "'127.0.0.1\nexample.org', false",
    "11.0.0.1, false",
    "172.15.0.1, false",
    "172.32.0.1, false",
    "2001:470:1f0b:18f8::1, false"
  })
  void proxy_isTrusted_byItsAddressAlone(String address, boolean trusted) {
    assertThat(LOCAL.contains(address)).isEqualTo(trusted);
  }

  /** Host, what a proxy says, and the URL and port that the client has used. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          example.com    | X-Forwarded-Proto: https             | https://example.com/?foo=bar       | 443
          example.com    | X-Forwarded-Proto: http              | http://example.com/?foo=bar        | 80
          example.com    | X-Forwarded-Proto: HTTPS             | https://example.com/?foo=bar       | 443
          example.com    | X-Forwarded-Proto: http, https       | https://example.com/?foo=bar       | 443
          example.com    | X-Forwarded-Proto: https, http, http | http://example.com/?foo=bar        | 80
          example.com:81 | X-Forwarded-Proto: https             | https://example.com:81/?foo=bar    | 81
          example.com    | X-Forwarded-Host: 192.168.1.2:5235   | http://192.168.1.2:5235/?foo=bar   | 5235
          localhost:81   | X-Forwarded-Host: example.org:9292   | http://example.org:9292/?foo=bar   | 9292
          localhost:81   | X-Forwarded-Host: example.org        | http://example.org/?foo=bar        | 80
          localhost:81   | X-Forwarded-Host: example.org; X-Forwarded-Proto: https | https://example.org/?foo=bar | 443
          localhost:81   | X-Forwarded-Host: outmost.proxy.example.com, middle.proxy.example.com | http://middle.proxy.example.com/?foo=bar | 80
          example.com    | X-Forwarded-Proto: a.><script>       | http://example.com/?foo=bar        | 80
          example.com    | X-Forwarded-Host: a/b                | http://example.com/?foo=bar        | 80
          example.com    | X-Forwarded-Port: 1984               | http://example.com/?foo=bar        | 80
          example.com    | X-Forwarded-Ssl: on                  | http://example.com/?foo=bar        | 80
          example.com    | Dummy: 1                             | http://example.com/?foo=bar        | 80
          127.0.0.1:5000 | Dummy: 1                             | http://127.0.0.1:5000/?foo=bar     | 80
          """)
  void url_isThatOfTheClient(String host, String headers, String url, int port) {
    Environ environ =
        Web.environ("REMOTE_ADDR", "127.0.0.1", "HTTP_HOST", host, "QUERY_STRING", "foo=bar");
    Environ strange = environ.copy();
    strange.put("REMOTE_ADDR", "1.2.3.4");
    for (String header : headers.split("; ")) {
      String name = header.substring(0, header.indexOf(':'));
      String variable = "HTTP_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
      environ.put(variable, header.substring(name.length() + 2));
      strange.put(variable, header.substring(name.length() + 2));
    }
    Environ applied = LOCAL.apply(environ);
    assertThat(applied.url()).isEqualTo(url);
    assertThat(applied.serverPort()).isEqualTo(port);
    assertThat(applied.variable("HTTPS")).isEqualTo(url.startsWith("https") ? "on" : null);
    assertThat(LOCAL.apply(strange).url()).isEqualTo("http://" + host + "/?foo=bar");
  }

  // ---- SecureHeaders ----

  @ParameterizedTest
  @CsvSource({
    "https, 31536000, true, max-age=31536000; includeSubDomains",
    "https, 31536000, false, max-age=31536000",
    "https, 0, true, max-age=0; includeSubDomains",
    "http, 31536000, true,"
  })
  void transportSecurity_isSaidOverTls(String scheme, long age, boolean all, String expected) {
    Application application =
        SecureHeaders.of()
            .withTransportSecurity(Duration.ofSeconds(age), all)
            .wrap(Application.of(environ -> Responses.text("")));
    TestRequest request = TestRequest.get("/").withHeader("X-Forwarded-Proto", scheme);
    assertThat(Web.run(LOCAL.wrap(application), request).header("Strict-Transport-Security"))
        .isEqualTo(expected);
  }

  // ---- compressed siblings ----

  @TempDir Path root;

  @ParameterizedTest
  @ValueSource(strings = {"deflate, gzip", "gzip", "gzip;q=0, *;q=0.5", "deflate", ""})
  void file_withACompressedSibling_isSentAsTheClientLikes(String accept) throws Exception {
    FileTime time = FileTime.from(Instant.parse("2010-01-14T22:00:00Z"));
    for (String name : new String[] {"test.txt", "test.txt.gz", "alone.txt"}) {
      Files.writeString(root.resolve(name), name);
      Files.setLastModifiedTime(root.resolve(name), time);
    }
    dev.postern.web.Files files = dev.postern.web.Files.under(root);
    TestRequest request = TestRequest.get("/test.txt").withHeader("Accept-Encoding", accept);
    TestResponse response = Web.run(files, request);
    boolean zipped = accept.endsWith("gzip");
    assertThat(response.header("Content-Encoding")).isEqualTo(zipped ? "gzip" : null);
    assertThat(response.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(response.text()).isEqualTo(zipped ? "test.txt.gz" : "test.txt");
    TestResponse known =
        Web.run(files, request.withHeader("If-Modified-Since", "Thu, 14 Jan 2010 22:00:00 GMT"));
    assertThat(known.status()).isEqualTo(304);
    assertThat(known.header("Content-Type")).isNull();
    assertThat(known.header("Vary")).isEqualTo("Accept-Encoding");
    TestResponse alone =
        Web.run(files, TestRequest.get("/alone.txt").withHeader("Accept-Encoding", accept));
    assertThat(alone.header("Content-Encoding")).isNull();
    assertThat(alone.text()).isEqualTo("alone.txt");
  }
}

package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RequestBodyTest {
  /** A container's: whether there is more is known after a read alone. */
  private static final class Sent extends ServletInputStream {
    private int asked;

    @Override
    public int read() {
      asked++;
      return -1;
    }

    @Override
    public int available() {
      asked++;
      return 1;
    }

    @Override
    public boolean isFinished() {
      return false;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setReadListener(ReadListener listener) {
      throw new UnsupportedOperationException();
    }
  }

  private final Sent sent = new Sent();

  private FakeRequest request() {
    return new FakeRequest("", "", "/", "/")
        .with("getContentLengthLong", -1L)
        .with("getInputStream", sent);
  }

  /** Most requests: nobody may wait for what is not there. */
  @Test
  void drain_ofARequestWithoutABody_asksForNothing() {
    new RequestBody(request().request(), -1).drain();
    assertThat(sent.asked).isZero();
  }

  @Test
  void drain_ofABody_readsTheRest() {
    new RequestBody(request().withHeader("Transfer-Encoding", "chunked").request(), -1).drain();
    assertThat(sent.asked).isPositive();
    int before = sent.asked;
    new RequestBody(request().with("getContentLengthLong", 7L).request(), -1).drain();
    assertThat(sent.asked).isGreaterThan(before);
  }

  /** A name may have the character itself. The length shows that no byte was lost. */
  @Test
  void partWhoseNameHasTheReplacementCharacter_isWhole() throws IOException {
    Map<String, Object> answers =
        Map.of(
            "getServerInfo", "Apache Tomcat/10.1",
            "getHeaderNames", List.of("content-disposition"),
            "getHeaders", List.of("form-data; name=\"a\uFFFD\""),
            "getSize", 0L,
            "getInputStream", InputStream.nullInputStream());
    String whole = "--b\r\ncontent-disposition: form-data; name=\"a\uFFFD\"\r\n\r\n\r\n--b--\r\n";
    long length = whole.getBytes(StandardCharsets.UTF_8).length;
    FakeRequest request =
        request()
            .with("getContentType", "multipart/form-data; boundary=b")
            .with("getContentLengthLong", length)
            .with("getCharacterEncoding", "UTF-8")
            .with("getParts", List.of(fake(Part.class, answers)))
            .with("getServletContext", fake(ServletContext.class, answers));
    byte[] bytes = new RequestBody(request.request(), -1).readAllBytes();
    assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualToIgnoringCase(whole);
  }

  /** As Tomcat decodes it in a JVM whose default charset is US-ASCII. */
  @Test
  void partWhoseNameTheContainerCouldNotDecode_isAFaultOfTheServer() {
    Map<String, Object> answers =
        Map.of(
            "getServerInfo",
            "Apache Tomcat/10.1",
            "getHeaderNames",
            List.of("content-disposition"),
            "getHeaders",
            List.of("form-data; name=\"caf\uFFFD\uFFFD\""),
            "getSize",
            0L);
    FakeRequest request =
        request()
            .with("getContentType", "multipart/form-data; boundary=b")
            .with("getParts", List.of(fake(Part.class, answers)))
            .with("getServletContext", fake(ServletContext.class, answers));
    assertThatThrownBy(() -> new RequestBody(request.request(), -1).read())
        .isInstanceOf(GatewayException.class)
        .hasMessageContaining("request body must be left to the servlet")
        .hasMessageContaining("the container has lost a part of it: fields of a part");
  }

  /** Tomcat 10.1 has one flag for the query and the body. */
  @Test
  void queryThatTomcatCouldNotParse_takesNothingFromTheForm() throws IOException {
    FakeRequest request = form("q=50%", "URL_DECODING");
    RequestBody body = new RequestBody(request.request(), -1);
    assertThat(body.readAllBytes()).asString().isEqualTo("a=1");
    RequestBody refused = new RequestBody(form("q=50", "URL_DECODING").request(), -1);
    assertThatThrownBy(refused::read).isInstanceOf(GatewayException.class);
    RequestBody cut = new RequestBody(request.with("getContentLengthLong", 20L).request(), -1);
    assertThatThrownBy(cut::read).isInstanceOf(GatewayException.class);
  }

  private FakeRequest form(String query, String reason) {
    return request()
        .with("getContentType", "application/x-www-form-urlencoded")
        .with("getQueryString", query)
        .with("getParameterMap", Map.of("a", new String[] {"1"}))
        .with("getServletContext", fake(ServletContext.class, Map.of()))
        .withAttribute("org.apache.catalina.parameter_parse_failed", true)
        .withAttribute("org.apache.catalina.parameter_parse_failed_reason", reason);
  }

  private static <T> T fake(Class<T> type, Map<String, Object> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            RequestBodyTest.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) ->
                method.getReturnType() == Map.class ? Map.of() : answers.get(method.getName())));
  }
}

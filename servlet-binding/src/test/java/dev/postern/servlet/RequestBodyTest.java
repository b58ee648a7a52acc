package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.Part;
import java.lang.reflect.Proxy;
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
            List.of("form-data; name=\"caf\uFFFD\uFFFD\""));
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

  private static <T> T fake(Class<T> type, Map<String, Object> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            RequestBodyTest.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) ->
                method.getReturnType() == Map.class ? Map.of() : answers.get(method.getName())));
  }
}

package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.launcher.dev.ErrorPage;
import dev.postern.launcher.http.OwnMachine;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whom the developer's page is shown to, and in the place of what. */
class ErrorPageTest {
  private static final Application THROWING =
      (environ, start) -> {
        throw new IllegalStateException("<thrown>");
      };

  private static String page(Application application, TestRequest request) throws Exception {
    return InMemoryGateway.of(new ErrorPage(application, () -> null)).run(request).text();
  }

  private static TestRequest local() {
    return TestRequest.get("/x").withHeader("Host", "localhost:8080");
  }

  @Test
  void failure_isShownWithItsStackAndNoMarkupOfItsOwn() throws Exception {
    assertThat(page(THROWING, local()))
        .startsWith("500 java.lang.IllegalStateException: <thrown>")
        .contains("Stack:", "ErrorPageTest", "Environment:", "PATH_INFO=/x");
    assertThat(page(THROWING, local().withHeader("Accept", "text/html,*/*")))
        .startsWith("<!DOCTYPE html>")
        .contains("&lt;thrown&gt;")
        .doesNotContain("<thrown>");
  }

  @Test
  void bodyThatFailsBeforeItHasSentAnything_isReplaced() throws Exception {
    Application late =
        (environ, start) -> {
          start.start(200, Headers.of("Content-Type", "text/plain", "Content-Length", "9"));
          return Body.writing(
              out -> {
                throw new GatewayException(502, "body must be whole [short-body]");
              });
        };

    assertThat(page(late, local())).startsWith("502 body must be whole [short-body]\n");
  }

  @Test
  void statusOfTheApplication_isItsOwn() throws Exception {
    Application own =
        (environ, start) -> {
          throw new HttpException(404, "nothing here");
        };

    assertThat(page(own, local())).doesNotContain("Environment");
  }

  @Test
  void requestsOfOthers_getTheFixedText() throws Exception {
    for (TestRequest other :
        List.of(
            TestRequest.get("/x").withHeader("Host", "evil.example"),
            local().withHeader("X-Forwarded-For", "127.0.0.1"),
            local().withHeader("Forwarded", "for=127.0.0.1"),
            local().withHeader("Via", "1.1 proxy"))) {
      assertThat(page(THROWING, other)).isEqualTo("500 Internal Server Error\n");
    }
  }

  /** It has no address, and is most often a web server that adds no header. */
  @Test
  void peerOfAUnixSocket_isNobodysOwnMachine() {
    Map<String, String> variables = new HashMap<>();
    variables.put("REQUEST_METHOD", "GET");
    variables.put("SERVER_NAME", "localhost");
    variables.put("SERVER_PORT", "80");
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
    variables.put("HTTP_HOST", "localhost");
    Environ socket = Environ.builder(variables).build();
    variables.put("REMOTE_ADDR", "127.0.0.1");
    Environ loopback = Environ.builder(variables).build();
    variables.put("HTTP_VIA", "1.1 proxy");
    Environ proxied = Environ.builder(variables).build();

    variables.remove("HTTP_VIA");
    variables.put("SERVER_PROTOCOL", "HTTP/1.0");
    assertThat(OwnMachine.isFrom(Environ.builder(variables).build())).isFalse();
    assertThat(OwnMachine.isFrom(socket)).isFalse();
    assertThat(OwnMachine.isFromSocket(socket)).isTrue();
    assertThat(OwnMachine.isFrom(loopback)).isTrue();
    assertThat(OwnMachine.isFromSocket(loopback)).isFalse();
    assertThat(OwnMachine.isFrom(proxied)).isFalse();
  }
}

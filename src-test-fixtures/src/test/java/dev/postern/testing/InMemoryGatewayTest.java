package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.LintException;
import dev.postern.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What a user's unit test gets. */
class InMemoryGatewayTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private static TestResponse run(Application application, TestRequest request) {
    return InMemoryGateway.of(application).run(request);
  }

  private static Application shows(String... variables) {
    return Application.of(
        environ -> {
          StringBuilder text = new StringBuilder();
          for (String name : variables) {
            text.append(environ.variable(name)).append('|');
          }
          return Response.of(200, TEXT, Body.of(text.toString()));
        });
  }

  @Test
  void variables_areMadeFromTheRequest() {
    TestRequest request =
        TestRequest.of("PUT", "/a%20b/%2541?c=%20")
            .withHeader("Host", "example.test:8080")
            .withHeader("X-A", "1")
            .withHeader("x-a", "2")
            .withBody(new byte[7]);
    assertThat(
            run(
                    shows(
                        "REQUEST_METHOD",
                        "PATH_INFO",
                        "QUERY_STRING",
                        "SERVER_NAME",
                        "SERVER_PORT",
                        "HTTP_X_A",
                        "CONTENT_LENGTH"),
                    request)
                .text())
        .isEqualTo("PUT|/a b/%41|c=%20|example.test|8080|1, 2|7|");
  }

  @Test
  void options_setPlaceSchemeAndVariables() {
    InMemoryGateway gateway =
        InMemoryGateway.builder(
                Application.of(
                    environ ->
                        Response.of(
                            200,
                            TEXT,
                            Body.of(environ.url() + " " + environ.variable("REMOTE_USER")))))
            .scriptName("/app")
            .scheme("https")
            .variable("REMOTE_USER", "jo")
            .build();
    assertThat(gateway.run(TestRequest.get("/x?y")).text())
        .isEqualTo("https://localhost/app/x?y jo");
  }

  @Test
  void requestUri_beginsWithThePathOfTheApplication() {
    InMemoryGateway gateway =
        InMemoryGateway.builder(shows("REQUEST_URI", "SCRIPT_NAME", "PATH_INFO"))
            .scriptName("/wi ki\u00e9%")
            .build();
    assertThat(gateway.run(TestRequest.get("/a%20b?c=%20")).body())
        .asString(StandardCharsets.UTF_8)
        .startsWith("/wi%20ki%C3%A9%25/a%20b?c=%20|/wi ki");
    assertThat(gateway.run(TestRequest.get("")).text()).startsWith("/wi%20ki%C3%A9%25|");
    assertThat(run(shows("REQUEST_URI"), TestRequest.get("")).text()).isEqualTo("/|");
  }

  @Test
  void failure_isAResponseALogAndAnOutcome() {
    TestResponse response =
        run(
            (environ, start) -> {
              throw new IOException("why");
            },
            TestRequest.get("/"));
    assertThat(response.status()).isEqualTo(500);
    assertThat(response.log()).contains("java.io.IOException: why");
    assertThat(response.outcome().failure()).hasMessage("why");
  }

  @Test
  void gatewayException_isItsStatus() {
    TestResponse response =
        run(
            (environ, start) -> {
              throw new GatewayException(404, "none");
            },
            TestRequest.get("/"));
    assertThat(response.status()).isEqualTo(404);
  }

  @Test
  void cutResponse_isNotComplete() {
    TestResponse response =
        run(
            (environ, start) -> {
              start.start(200, TEXT);
              return Body.writing(
                  out -> {
                    out.write('x');
                    out.flush();
                    throw new IOException("cut");
                  });
            },
            TestRequest.get("/"));
    assertThat(response.isComplete()).isFalse();
    assertThat(response.text()).isEqualTo("x");
  }

  @Test
  void brokenRule_isALintException() {
    Application untyped = Application.of(environ -> Response.of(200, Headers.of(), Body.of("x")));
    assertThatThrownBy(() -> run(untyped, TestRequest.get("/")))
        .isInstanceOf(LintException.class)
        .hasMessageContaining("[A8]");
    TestResponse unlinted =
        InMemoryGateway.builder(untyped).unlinted().build().run(TestRequest.get("/"));
    assertThat(unlinted.text()).isEqualTo("x");
  }

  @Test
  void bodyOfTheRequest_isReadToItsEnd() {
    Application echo =
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.of(environ.input().readAllBytes());
        };
    assertThat(run(echo, TestRequest.post("/", "text/plain", "caf\u00e9")).text())
        .isEqualTo("caf\u00e9");
    assertThat(run(echo, TestRequest.of("POST", "/").withChunkedBody(new byte[3])).body())
        .hasSize(3);
  }

  @Test
  void target_mustBeAPath() {
    assertThatThrownBy(() -> run(shows(), TestRequest.get("x")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("slash");
    assertThatThrownBy(() -> run(shows(), TestRequest.get("/%4")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("percent-encoded");
  }

  @Test
  void responseFromElsewhere_knowsNoOutcome() {
    TestResponse response = TestResponse.of(200, TEXT, new byte[0], true);
    assertThatThrownBy(response::outcome).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(response::log).isInstanceOf(IllegalStateException.class);
  }
}

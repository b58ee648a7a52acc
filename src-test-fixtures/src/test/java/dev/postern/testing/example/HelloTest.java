package dev.postern.testing.example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import org.junit.jupiter.api.Test;

class HelloTest {
  private final InMemoryGateway gateway =
      InMemoryGateway.builder(new Hello()).scriptName("/hello").build();

  @Test
  void hello_namesItsPlace() {
    TestResponse response =
        gateway.run(TestRequest.get("/caf%C3%A9?a=b").withHeader("Accept", "*/*"));

    assertThat(response.status()).isEqualTo(200);
    assertThat(response.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(response.text()).isEqualTo("Hello from /hello/caf\u00e9\n");
    assertThat(response.outcome().complete()).isTrue();
    assertThat(response.log()).isEmpty();
  }
}

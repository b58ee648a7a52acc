package dev.postern.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.GatewayException;
import dev.postern.Headers;
import org.junit.jupiter.api.Test;

class RefusalTest {
  @Test
  void refusal_namesItsRule() {
    GatewayException plain = Refusal.of(404, "no-program", "path must name a program");
    assertThat(plain).hasMessage("path must name a program [no-program]").hasNoCause();
    assertThat(Refusal.rule(plain)).isEqualTo("no-program");
    assertThat(Refusal.rule(new GatewayException(500, "x"))).isEqualTo("other");

    Exception cause = new Exception();
    GatewayException full = Refusal.of(503, "busy", "x", Headers.of("Retry-After", "1"), cause);
    GatewayException diagnosed = Refusal.diagnosed(full, "oops", "exit 3");
    assertThat(diagnosed).hasMessage("x [busy]").hasCause(cause);
    assertThat(diagnosed.headers()).isEqualTo(Headers.of("Retry-After", "1"));
    assertThat(diagnosed.diagnosis())
        .isEqualTo(new GatewayException.Diagnosis("busy", -1, "", "oops", "exit 3"));
    assertThat(Refusal.diagnosed(new GatewayException(500, "x"), "", "").diagnosis().rule())
        .isEqualTo("program");
  }
}

package dev.postern.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.GatewayException;
import dev.postern.Headers;
import org.junit.jupiter.api.Test;

class EscapesTest {
  @Test
  void attackK01_escape_leavesNothingToActOn() {
    byte[] bytes = Blocks.bytes("a\u001b[2J\r\n\t\"\\~\u007f\u0000\u0085\u00e2\u0080\u00a8z");

    assertThat(Escapes.escape(bytes, 0, bytes.length))
        .isEqualTo("a\\x1b[2J\\r\\n\\t\\\"\\\\~\\x7f\\x00\\x85\\xe2\\x80\\xa8z");
    assertThat(Escapes.escape(bytes, 1, 3)).isEqualTo("\\x1b[2");
    assertThat(Escapes.escape(bytes, 1, 0)).isEmpty();
  }

  @Test
  void attackK01_quote_escapesAndCuts() {
    assertThat(Escapes.quote("")).isEqualTo("\"\"");
    assertThat(Escapes.quote("a \u001b")).isEqualTo("\"a \\x1b\"");
    assertThat(Escapes.quote("x".repeat(64))).isEqualTo('"' + "x".repeat(64) + '"');
    assertThat(Escapes.quote("x".repeat(65))).isEqualTo('"' + "x".repeat(64) + "\"…");
  }

  @Test
  void attackK01_text_isEscapedAsBytesAre() {
    assertThat(Escapes.escape("a\n\u00e9\u2028\ud83d\u00ff\u0100"))
        .isEqualTo("a\\n\\xe9\\u2028\\ud83d\\xff\\u0100");
    assertThat(Escapes.quote("\u2028")).isEqualTo("\"\\u2028\"");
  }

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

package dev.postern.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import java.nio.charset.StandardCharsets;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/**
 * Raw outputs of programs, chars as bytes, parsed whole, in two pieces at every place, and byte by
 * byte.
 */
final class Blocks {
  private Blocks() {}

  /** What a parser made of an output. */
  record Parsed(HeaderBlockParser parser, int taken) {
    ProgramResponse response() throws GatewayException {
      return ProgramResponse.of(parser, false);
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder().append(taken);
      parser.headers().forEach(field -> text.append('\n').append(field));
      return text.toString();
    }
  }

  /** Parses an output whose pieces make no difference. */
  static Parsed parse(String output) throws GatewayException {
    byte[] bytes = bytes(output);
    Parsed whole = parse(bytes, bytes.length, 0);
    for (int split = 1; split < bytes.length; split++) {
      assertThat(parse(bytes, split, 0)).hasToString(whole.toString());
    }
    assertThat(parse(bytes, 1, 1)).hasToString(whole.toString());
    return whole;
  }

  static ProgramResponse response(String output) throws GatewayException {
    return parse(output).response();
  }

  /** The refusal of an output, by whichever pieces it comes. */
  static GatewayException refused(String output) {
    byte[] bytes = bytes(output);
    GatewayException whole = refusal(() -> parse(bytes, bytes.length, 0).response());
    int step = Math.max(1, bytes.length / 200);
    for (int split = 1; split < bytes.length; split += step) {
      int at = split;
      assertThat(described(refusal(() -> parse(bytes, at, 0).response())))
          .isEqualTo(described(whole));
    }
    assertThat(described(refusal(() -> parse(bytes, 1, 1).response()))).isEqualTo(described(whole));
    assertThat(whole.status()).isEqualTo(502);
    return whole;
  }

  /** The rule by which an output is refused. */
  static String rule(String output) {
    return Refusal.rule(refused(output));
  }

  static byte[] bytes(String output) {
    return output.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static GatewayException refusal(ThrowingCallable parse) {
    GatewayException[] caught = new GatewayException[1];
    assertThatThrownBy(parse).isInstanceOfSatisfying(GatewayException.class, e -> caught[0] = e);
    return caught[0];
  }

  private static String described(GatewayException e) {
    return e.getMessage() + " " + e.diagnosis();
  }

  /** Feeds {@code first} bytes, and then the rest at once, or in pieces of {@code then} bytes. */
  private static Parsed parse(byte[] bytes, int first, int then) throws GatewayException {
    HeaderBlockParser parser = new HeaderBlockParser();
    int at = 0;
    while (at < bytes.length && !parser.isComplete()) {
      int length = Math.min(bytes.length - at, at == 0 ? first : then == 0 ? bytes.length : then);
      int taken = parser.feed(bytes, at, length);
      assertThat(taken == length || parser.isComplete()).isTrue();
      at += taken;
    }
    if (!parser.isComplete()) {
      throw parser.ended();
    }
    assertThat(parser.size()).isEqualTo(at);
    return new Parsed(parser, at);
  }
}

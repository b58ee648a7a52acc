package dev.postern.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.postern.GatewayException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Any bytes of a program: the parser either refuses them with 502, or gives fields that cannot
 * split a response. In a build the inputs in the resources are tried; {@code .ci/fuzz} looks for
 * new ones.
 */
class HeaderBlockFuzzTest {
  private static final Pattern STATUS = Pattern.compile("[2-5][0-9]{2}( .*)?", Pattern.DOTALL);
  private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");
  private static final Pattern FIELD =
      Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\\t\\x20-\\x7e\\x80-\\xff]*");

  @FuzzTest
  void headerBlock(byte[] output) throws GatewayException {
    HeaderBlockParser whole = new HeaderBlockParser();
    String first = parse(whole, output, output.length);
    assertThat(parse(new HeaderBlockParser(), output, 1)).isEqualTo(first);
    assertThat(parse(new HeaderBlockParser(), output, 7)).isEqualTo(first);
    assertThat(whole.size()).isLessThanOrEqualTo(HeaderBlockParser.MAX_BLOCK);
    if (!whole.isComplete()) {
      return;
    }
    for (Map.Entry<String, String> field : whole.headers()) {
      assertThat(field.toString()).matches(FIELD);
    }
    ProgramResponse response;
    try {
      response = ProgramResponse.of(whole, true);
    } catch (GatewayException e) {
      assertThat(e.status()).isEqualTo(502);
      return;
    }
    check(response);
  }

  @FuzzTest
  void cgiFields(FuzzedDataProvider data) throws GatewayException {
    String status = value(data);
    String location = value(data);
    String length = value(data);
    HeaderBlockParser parser = new HeaderBlockParser();
    String block =
        "Status:" + status + "\nLocation:" + location + "\nContent-Length:" + length + "\n\n";
    boolean complete = parse(parser, Blocks.bytes(block), block.length()).startsWith("complete");
    if (!complete || parser.count() != 3) {
      return;
    }
    boolean good =
        STATUS.matcher(parser.value(0)).matches()
            && !parser.value(1).isEmpty()
            && !parser.value(1).startsWith("/\\")
            && LENGTH.matcher(parser.value(2)).matches();
    try {
      ProgramResponse response = ProgramResponse.of(parser, false);
      assertThat(good).isTrue();
      check(response);
      assertThat(response.status()).isEqualTo(Integer.parseInt(parser.value(0).substring(0, 3)));
      assertThat(response.contentLength()).isEqualTo(Long.parseLong(parser.value(2)));
      assertThat(response.headers().get("Location")).isEqualTo(parser.value(1));
    } catch (GatewayException e) {
      assertThat(good).isFalse();
      assertThat(e.status()).isEqualTo(502);
    }
  }

  private static void check(ProgramResponse response) {
    assertThat(response.status()).isBetween(200, 599);
    assertThat(response.contentLength()).isGreaterThanOrEqualTo(-1);
    assertThat(response.headers().contains("Transfer-Encoding")).isFalse();
    assertThat(response.headers().contains("Status")).isFalse();
    assertThat(response.headers().contains("Connection")).isFalse();
    if (response.localPath() != null) {
      assertThat(response.localPath()).startsWith("/").doesNotStartWith("//").doesNotContain("#");
    }
  }

  /** What came of it, as a text that can be compared. */
  private static String parse(HeaderBlockParser parser, byte[] output, int piece) {
    try {
      int at = 0;
      while (at < output.length && !parser.isComplete()) {
        at += parser.feed(output, at, Math.min(piece, output.length - at));
      }
      return parser.isComplete()
          ? "complete " + at + " " + parser.headers()
          : String.valueOf(parser.ended().diagnosis());
    } catch (GatewayException e) {
      assertThat(e.status()).isEqualTo(502);
      return String.valueOf(e.diagnosis());
    }
  }

  /** Of one line: other fields are the other target's matter. */
  private static String value(FuzzedDataProvider data) {
    return new String(data.consumeBytes(40), StandardCharsets.ISO_8859_1)
        .replaceAll("[\\r\\n]", "");
  }
}

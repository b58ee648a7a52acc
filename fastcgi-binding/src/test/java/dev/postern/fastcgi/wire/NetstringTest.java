package dev.postern.fastcgi.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** G01 to G05 and G08: the head of an SCGI request as bytes. {@code |} stands for NUL. */
class NetstringTest {
  /** The example of the protocol's own text. */
  private static final String EXAMPLE =
      "70:CONTENT_LENGTH|27|SCGI|1|REQUEST_METHOD|POST|REQUEST_URI|/deepthought|,"
          + "What is the answer to life?";

  @Test
  void read_givesTheVariablesAndLeavesTheBody() throws IOException {
    InputStream in = Pieces.stream(bytes(EXAMPLE), 1000);

    assertThat(Netstring.read(in, 1000, 10))
        .containsExactlyEntriesOf(
            ordered(
                "CONTENT_LENGTH",
                "27",
                "SCGI",
                "1",
                "REQUEST_METHOD",
                "POST",
                "REQUEST_URI",
                "/deepthought"));
    assertThat(in.readAllBytes()).isEqualTo(bytes("What is the answer to life?"));
  }

  @Test
  void read_givesTheSameInAnyPieces() throws IOException {
    Map<String, String> whole = read(EXAMPLE);
    for (int size = 1; size < 80; size++) {
      assertThat(Netstring.read(Pieces.stream(bytes(EXAMPLE), size), 1000, 10)).isEqualTo(whole);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'0:,', G04",
    "':CONTENT_LENGTH|0|,', G01",
    "'024:CONTENT_LENGTH|0|SCGI|1|,', G01",
    "'00:,', G01",
    "'+24:CONTENT_LENGTH|0|SCGI|1|,', G01",
    "'-24:CONTENT_LENGTH|0|SCGI|1|,', G01",
    "' 24:CONTENT_LENGTH|0|SCGI|1|,', G01",
    "'24 :CONTENT_LENGTH|0|SCGI|1|,', G01",
    "'0x18:CONTENT_LENGTH|0|SCGI|1|,', G01",
    "'24:CONTENT_LENGTH|0|SCGI|1|;', G01",
    "'23:CONTENT_LENGTH|0|SCGI|1,', G02",
    "'1001:CONTENT_LENGTH|0|SCGI|1|,', G01",
    "'9999999999:x', G01",
    "'99999999999999999999:x', G01",
    "'GET / HTTP/1.1', G01",
    "'25:CONTENT_LENGTH|0|SCGI|1|A,', G02",
    "'26:CONTENT_LENGTH|0|SCGI|1|A|,', G02",
    "'28:CONTENT_LENGTH|0|SCGI|1|||B|,', G02",
    "'31:CONTENT_LENGTH|0|SCGI|1|SCGI|1|,', G03",
    "'24:SCGI|1|CONTENT_LENGTH|0|,', G04",
    "'23:CONTENT_LENGTH||SCGI|1|,', G04",
    "'25:CONTENT_LENGTH|+1|SCGI|1|,', G04",
    "'25:CONTENT_LENGTH|1 |SCGI|1|,', G04",
    "'42:CONTENT_LENGTH|1234567890123456789|SCGI|1|,', G04",
    "'17:CONTENT_LENGTH|0|,', G05",
    "'24:CONTENT_LENGTH|0|SCGI|2|,', G05",
    "'25:CONTENT_LENGTH|0|SCGI|11|,', G05",
  })
  void read_refusesWhatIsNoScgi(String request, String rule) {
    assertThatThrownBy(() -> read(request))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("[" + rule + "]");
  }

  @Test
  void read_refusesARequestThatIsCutAtAnyByte() {
    String head = EXAMPLE.substring(0, EXAMPLE.indexOf(',') + 1);
    for (int length = 0; length < head.length(); length++) {
      String cut = head.substring(0, length);
      assertThatThrownBy(() -> read(cut)).isInstanceOf(EOFException.class);
    }
  }

  @Test
  void read_refusesMoreVariablesThanTheLimit() {
    assertThatThrownBy(() -> Netstring.read(Pieces.stream(bytes(EXAMPLE), 1000), 1000, 3))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("limit: 3");
  }

  @Test
  void encode_isTheExample() {
    assertThat(
            Netstring.encode(
                27, ordered("REQUEST_METHOD", "POST", "SCGI", "9", "REQUEST_URI", "/deepthought")))
        .isEqualTo(bytes(EXAMPLE.substring(0, EXAMPLE.indexOf(',') + 1)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "A\0", "\u20ac"})
  void encode_refusesABadName(String name) {
    assertThatThrownBy(() -> Netstring.encode(0, Map.of(name, "x")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Map<String, String> ordered(String... pairs) {
    Map<String, String> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put(pairs[i], pairs[i + 1]);
    }
    return map;
  }

  private static Map<String, String> read(String request) throws IOException {
    return Netstring.read(Pieces.stream(bytes(request), 1000), 1000, 10);
  }

  private static byte[] bytes(String text) {
    return text.replace('|', '\0').getBytes(StandardCharsets.ISO_8859_1);
  }
}

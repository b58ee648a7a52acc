package dev.postern.fastcgi.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F07, F08, F16: name-value pairs as bytes. */
class NameValuePairsTest {
  private static final HexFormat HEX = HexFormat.of();

  @Test
  void end_readsAllFourForms() throws IOException {
    assertThat(decode("01 01 41 42")).containsExactly(entry("A", "B"));
    assertThat(decode("01 80000001 41 42")).containsExactly(entry("A", "B"));
    assertThat(decode("80000001 01 41 42")).containsExactly(entry("A", "B"));
    assertThat(decode("80000001 80000001 41 42")).containsExactly(entry("A", "B"));
    assertThat(decode("")).isEmpty();
    assertThat(decode("01 00 41 00 00")).containsExactly(entry("A", ""), entry("", ""));
  }

  @Test
  void end_keepsEveryByte() throws IOException {
    assertThat(decode("01 03 41 ff80 0a")).containsExactly(entry("A", "\u00ff\u0080\n"));
  }

  @Test
  void end_takesTheLastOfTwoWithOneName() throws IOException {
    assertThat(decode("01 01 41 42 01 01 43 44 01 01 41 45"))
        .containsExactly(entry("A", "E"), entry("C", "D"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "01",
        "80",
        "800000",
        "01 80 0000",
        "01 01 41",
        "02 00 41",
        "7f 7f 41",
        // CVE-2025-23016: the sum of two lengths of 31 bits.
        "ffffffff ffffffff 41",
        "ffffffff 01 41",
        "ffffffff 81000001 41",
        "01 ffffffff 41",
        "80000001 fffffffe 41 42",
      })
  void end_refusesALengthPastTheStream(String hex) {
    assertThatThrownBy(() -> decode(hex))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("[F07]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"01 01 00 41", "01 01 41 00", "01 03 41 420042"})
  void end_refusesANul(String hex) {
    assertThatThrownBy(() -> decode(hex))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("[F16]");
  }

  @Test
  void add_refusesMoreThanTheLimit() throws IOException {
    NameValuePairs pairs = new NameValuePairs(10, 5);
    pairs.add(new byte[10], 0, 10);

    assertThatThrownBy(() -> pairs.add(new byte[1], 0, 1))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("10 bytes [F07]");
  }

  @Test
  void end_refusesMorePairsThanTheLimit() throws IOException {
    NameValuePairs pairs = new NameValuePairs(100, 5);
    pairs.add(new byte[10], 0, 10);
    assertThat(pairs.end()).containsExactly(entry("", ""));

    pairs.add(new byte[2], 0, 2);
    assertThatThrownBy(pairs::end)
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("limit: 5 [F07]");
  }

  @Test
  void encode_writesTheShorterForm() {
    assertThat(hexOf("A", "B")).isEqualTo("01014142");
    assertThat(hexOf("A", "x".repeat(127))).startsWith("017f41");
    assertThat(hexOf("A", "x".repeat(128))).startsWith("018000008041");
    assertThat(hexOf("x".repeat(128), "")).startsWith("800000800078");
    assertThat(hexOf("A", "x".repeat(70000))).startsWith("018001117041");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\0", "\u0100", "a\u20acb"})
  void encode_refusesWhatIsNoByte(String value) {
    assertThatThrownBy(() -> NameValuePairs.encode(Map.of("A", value)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> NameValuePairs.encode(Map.of(value, "A")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void decoded_inAnyPiecesIsWhatWasEncoded() throws IOException {
    Map<String, String> all = new LinkedHashMap<>();
    for (int length : new int[] {0, 1, 126, 127, 128, 129, 300}) {
      all.put("N".repeat(Math.max(1, length)), "v".repeat(length));
      all.put("V" + length, "\u00e9".repeat(length));
    }
    byte[] bytes = NameValuePairs.encode(all);

    for (int place = 0; place <= bytes.length; place++) {
      NameValuePairs pairs = new NameValuePairs(bytes.length, all.size());
      pairs.add(bytes, 0, place);
      pairs.add(bytes, place, bytes.length - place);
      assertThat(pairs.end()).isEqualTo(all);
    }
    NameValuePairs pairs = new NameValuePairs(bytes.length, all.size());
    for (int i = 0; i < bytes.length; i++) {
      pairs.add(bytes, i, 1);
    }
    assertThat(pairs.end()).isEqualTo(all);
  }

  private static String hexOf(String name, String value) {
    return HEX.formatHex(NameValuePairs.encode(Map.of(name, value)));
  }

  private static Map<String, String> decode(String hex) throws IOException {
    byte[] bytes = HEX.parseHex(hex.replace(" ", ""));
    NameValuePairs pairs = new NameValuePairs(1000, 10);
    pairs.add(bytes, 0, bytes.length);
    return pairs.end();
  }
}

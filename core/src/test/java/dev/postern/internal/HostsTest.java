package dev.postern.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostsTest {
  @ParameterizedTest
  @CsvSource({
    "::1, ::1",
    "[::1], ::1",
    "0:0:0:0:0:0:0:1, ::1",
    "0:0:0:0:0:0:0:0, ::",
    "2001:DB8:0:0:8:800:200C:417A, 2001:db8::8:800:200c:417a",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "1::, 1::",
    "1:0:0:0:0:0:0:0, 1::",
    "0:0:0:0:0:0:1:0, ::1:0",
    "0:0:1:0:0:0:0:0, 0:0:1::",
    "::ffff:192.0.2.1, ::ffff:192.0.2.1",
    "0:0:0:0:0:ffff:c000:201, ::ffff:192.0.2.1",
    "64:ff9b::192.0.2.33, 64:ff9b::c000:221",
    "fe80::1%eth0, fe80::1",
    "fe80::1%25eth0, fe80::1",
    "192.0.2.1, 192.0.2.1",
  })
  void address_isShortAndPlain(String value, String expected) {
    assertThat(Hosts.address(value)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[",
        "[]",
        "]",
        ":",
        ":::",
        "[:::::]",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "1:2:3:4:5:6:7:",
        ":1:2:3:4:5:6:7",
        "12345::",
        "g::",
        "::1.2.3",
        "::1.2.3.256",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.4:80",
        "::01.2.3.4",
        "1.2.3.4::",
        "/run/postern.sock",
        "localhost",
        "1:2:3:4:5:6:7:8::"
      })
  void address_isNullForWhatIsNone(String value) {
    assertThat(Hosts.address(value)).isNull();
  }

  @Test
  void address_ofNothingIsNull() {
    assertThat(Hosts.address(null)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost",
        "localhost:8080",
        "localhost:",
        "192.0.2.1:80",
        "[::1]",
        "[::1]:8080",
        "a_b.example",
        "%41.example"
      })
  void hostField_mayBe(String value) {
    assertThat(Hosts.isHostField(value)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a b",
        "a/b",
        "a:b",
        "a:80:80",
        "[:::::]",
        "[::1",
        "::1]",
        "[::1]x",
        "[::1]:x",
        "a@b",
        "a\"b",
        "<script>",
        "[fe80::1%eth0]",
        "[fe80::1%25eth0]",
        "[fe80::1%25]",
        "[::1%25\"><script>alert(1)</script>]",
        "[::1%25a]b]",
        "[::1%25a]:80",
        "a\u00e9",
        "[1.2.3.4]"
      })
  void hostField_mustNotBe(String value) {
    assertThat(Hosts.isHostField(value)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "LocalHost, localhost",
    "[0:0:0:0:0:0:0:1], [::1]",
    "::1, [::1]",
    "fe80::1%eth0, [fe80::1]",
    "a:b, a:b",
    "TITLE.example, title.example",
  })
  void serverName_isLowerAndShort(String host, String expected) {
    assertThat(Hosts.serverName(host)).isEqualTo(expected);
  }
}

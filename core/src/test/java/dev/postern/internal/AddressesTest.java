package dev.postern.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;

class AddressesTest {
  @Test
  void literal_isParsedAsTheJdkDoes() throws UnknownHostException {
    for (String literal :
        List.of(
            "::",
            "::1",
            "1::",
            "2001:db8::1",
            "1:2:3:4:5:6:7:8",
            "1::8",
            "fe80::1:0:0:a",
            "64:ff9b::192.0.2.33",
            "::1.2.3.4",
            "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8")) {
      assertThat(Addresses.parse(literal))
          .as(literal)
          .isEqualTo(InetAddress.getByName(literal).getAddress());
    }
    assertThat(Addresses.parse("192.0.2.255"))
        .endsWith(0xff, 0xff, 192, 0, 2, 255)
        .startsWith(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    assertThat(Addresses.parse("fe80::1%eth0")).isEqualTo(Addresses.parse("fe80::1"));
  }

  @Test
  void anythingElse_isNoAddress() {
    for (String text :
        List.of(
            "",
            "localhost",
            "unknown",
            "bad.cafe",
            ".",
            "1",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.256",
            "1.2.3.",
            ".1.2.3",
            "1..2.3",
            "01.2.3.1234",
            "1.2.3.4%lo",
            "-1.2.3.4",
            ":",
            ":::",
            "1:",
            ":1",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1::2::3",
            "12345::",
            "g::",
            "::1.2.3",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::1.2.3.4:5",
            "1:2:3:4:5:6:7:8:",
            "::1:2:3:4:5:6:7:8",
            "[::1]",
            "::1 ",
            ":::::")) {
      assertThat(Addresses.parse(text)).as(text).isNull();
    }
  }
}

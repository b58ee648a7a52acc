package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostsTest {
  @Test
  void isHostField_takesHostsWithAndWithoutAPort() {
    for (String host :
        new String[] {
          "",
          "a",
          "a:",
          "a:80",
          "a_b.example",
          "192.0.2.1:1",
          "[::1]",
          "[::1]:80",
          "[::ffff:192.0.2.1]",
          "%41",
          "a!$&'()*+,;=~"
        }) {
      assertThat(Hosts.isHostField(host)).as(host).isTrue();
    }
  }

  @Test
  void isHostField_refusesTheRest() {
    for (String host :
        new String[] {
          "a b",
          "a/b",
          "a\\b",
          "a@b",
          "a\"b",
          "<a>",
          "a:b",
          "a:80:80",
          "[",
          "[]",
          "[::1",
          "::1",
          "[::1]80",
          "[g]",
          "[::1%1]",
          "a\0",
          "a\n",
          "\u00e9",
          "a:\u0661",
          "a#b",
          "a?b"
        }) {
      assertThat(Hosts.isHostField(host)).as(host).isFalse();
    }
  }
}

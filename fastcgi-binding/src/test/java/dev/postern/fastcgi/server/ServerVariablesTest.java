package dev.postern.fastcgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Environ;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of the variables of each web server. */
class ServerVariablesTest {
  private static Environ environ(String... variables) {
    Map<String, String> sent = new HashMap<>(Map.of("REQUEST_METHOD", "GET", "PATH_INFO", "/x"));
    sent.put("SERVER_PORT", "8080");
    for (int i = 0; i < variables.length; i += 2) {
      sent.put(variables[i], variables[i + 1]);
    }
    return Environ.builder(ServerVariables.completed(sent, null)).build();
  }

  @ParameterizedTest
  @CsvSource({
    "example.org, example.org",
    "Example.ORG:8080, example.org",
    "192.0.2.1, 192.0.2.1",
    "192.0.2.1:8080, 192.0.2.1",
    "::1, [::1]",
    "[::1], [::1]",
    "[::1]:8080, [::1]",
    "2001:DB8:0:0::1, [2001:db8::1]",
    "fe80::1%eth0, [fe80::1]",
  })
  void serverName_isAHost(String sent, String expected) {
    assertThat(environ("SERVER_NAME", sent).serverName()).isEqualTo(expected);
    assertThat(environ("SERVER_NAME", "_", "HTTP_HOST", sent).serverName()).isEqualTo(expected);
  }

  @Test
  void serverName_ofAnAddress_hasBracketsInTheUrl() {
    for (String name : new String[] {"", "_"}) {
      Environ environ = environ("SERVER_NAME", name, "SERVER_ADDR", "::1");
      assertThat(environ.serverName()).isEqualTo("[::1]");
      assertThat(environ.url()).isEqualTo("http://[::1]:8080/x");
    }
  }
}

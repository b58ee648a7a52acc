package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WebServerTest {
  @ParameterizedTest
  @EnumSource
  void server_runsProgramsAsAnOrdinaryUserAndStops(WebServerKind kind) throws IOException {
    int port;
    try (Site site = Site.create()) {
      site.program(
          "who", "#!/bin/sh", "printf 'Content-Type: text/plain\\r\\n\\r\\n'", "id -u; cat");
      try (WebServer server = kind.start(site)) {
        port = server.port();
        RawHttp.Answer answer =
            RawHttp.request(port, "POST", "/cgi-bin/who", List.of(), new byte[] {'x', 'y'});

        assertThat(answer.status()).as(server.logTail()).isEqualTo(200);
        assertThat(answer.text()).matches("[1-9][0-9]*\nxy");
      }
    }
    assertThatExceptionOfType(ConnectException.class)
        .isThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close());
  }
}

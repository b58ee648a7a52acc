package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HttpGatewayClientTest {
  @Test
  void silentServer_isGivenUpAfterTheWait() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"));
        GatewayClient client = waiting(server, Duration.ofMillis(50))) {
      assertThatExceptionOfType(SocketTimeoutException.class)
          .isThrownBy(() -> client.send(TestRequest.get("/")));
    }
  }

  @Test
  void silentServer_isGivenUpByWhateverClientIsMadeOfIt() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"));
        GatewayClient client =
            waiting(server, Duration.ofMillis(50)).at("/app").withLog(() -> "").onClose(() -> {})) {
      assertThatExceptionOfType(SocketTimeoutException.class)
          .isThrownBy(() -> client.send(TestRequest.get("/")));
    }
  }

  @Test
  void waitThatIsNotPositive_isRefused() {
    HttpGatewayClient client = HttpGatewayClient.of(80);

    assertThatIllegalArgumentException().isThrownBy(() -> client.waiting(Duration.ZERO));
    assertThatIllegalArgumentException().isThrownBy(() -> client.waiting(Duration.ofMillis(-1)));
  }

  private static HttpGatewayClient waiting(ServerSocket server, Duration silence) {
    return HttpGatewayClient.of(server.getLocalPort()).waiting(silence);
  }
}

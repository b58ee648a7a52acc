package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ServerRunTest {
  @Test
  @SuppressWarnings("try") // Closed, so that the retry finds no server.
  void retryThatFindsNoServer_endsTheRequestOnce() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Upstreams upstreams =
            Upstreams.of(
                List.of(ServerAddress.of("127.0.0.1:" + listener.getLocalPort())),
                1,
                Duration.ofSeconds(30))) {
      ServerConnection kept = upstreams.take(false, Set.of());
      Upstream upstream = kept.upstream();
      Socket accepted = listener.accept();
      listener.close();
      upstream.giveBack(kept);
      upstream.end();

      ServerRun run =
          new ServerRun(upstreams, new FastCgiDialect(), Map.of("REQUEST_METHOD", "GET"), null);
      assertThat(upstream.active()).isEqualTo(1);
      accepted.close();
      assertThatThrownBy(() -> run.read(Duration.ofSeconds(30)))
          .isInstanceOf(GatewayException.class);
      run.close();

      assertThat(upstream.active()).isZero();
    }
  }
}

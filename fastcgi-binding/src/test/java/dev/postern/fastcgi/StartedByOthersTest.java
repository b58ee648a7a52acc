package dev.postern.fastcgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.fastcgi.front.StartedServer;
import dev.postern.testing.HttpGatewayClient;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** F01: executables that web servers start, by the configurations of docs/fastcgi.md. */
@Timeout(180)
class StartedByOthersTest {
  @Test
  void modFcgid_startsTheExecutable() throws Exception {
    try (StartedServer server = StartedServer.modFcgid(DescriptorMain.class)) {
      serves(server);
    }
  }

  @Test
  void lighttpd_startsTheExecutable() throws Exception {
    try (StartedServer server = StartedServer.lighttpd(DescriptorMain.class)) {
      serves(server);
    }
  }

  /** More than one request, all by one process. */
  private static void serves(StartedServer server) throws IOException {
    HttpGatewayClient client = server.client();
    Set<String> pids = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      TestResponse response = client.send(TestRequest.get("/hello/one"));
      assertThat(response.text()).as(server::log).isEqualTo("served /one");
      pids.add(client.send(TestRequest.get("/hello/pid")).text());
    }
    assertThat(pids).hasSize(1);
    byte[] body = new byte[300_000];
    TestRequest post = TestRequest.of("POST", "/hello/length").withBody(body);
    assertThat(client.send(post).text()).as(server::log).isEqualTo("300000");
  }
}

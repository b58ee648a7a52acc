package dev.postern.fastcgi.front;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.fastcgi.FastCgiGateway;
import dev.postern.testing.HttpGatewayClient;
import dev.postern.testing.TestRequest;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** An application below {@code /app}, by nginx's own split of the path. */
class NginxMountTest {
  @Test
  void splitPath_isScriptNameAndPathInfo() throws Exception {
    Application application =
        Application.of(
            environ ->
                Response.of(
                    200,
                    Headers.of("Content-Type", "text/plain"),
                    Body.of(environ.scriptName() + "|" + environ.pathInfo())));
    Path directory = FrontServer.directory();
    String block = Documented.block("nginx", "fastcgi_split_path_info");
    try (FastCgiGateway gateway =
            FastCgiGateway.builder(application)
                .listen("unix:" + directory + "/hello.sock")
                .socketMode("0666")
                .open();
        FrontServer server = FrontServer.start(Documented.nginx(block, gateway.address()))) {
      HttpGatewayClient client = HttpGatewayClient.of(server.port());
      assertThat(client.send(TestRequest.get("/app/a/b?c")).text()).isEqualTo("/app|/a/b");
      assertThat(client.send(TestRequest.get("/app/")).text()).isEqualTo("/app|/");
      assertThat(client.send(TestRequest.get("/apple")).status()).isEqualTo(404);
    } finally {
      FrontServer.delete(directory);
    }
  }
}

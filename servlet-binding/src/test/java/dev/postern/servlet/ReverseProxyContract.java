package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A container behind nginx and Apache that reads what they have forwarded. */
@EnabledOnOs(OS.LINUX)
abstract class ReverseProxyContract extends ContainerContract {
  /** Not the address that the proxy itself has at the container. */
  private static final String CLIENT = "127.0.0.2";

  private static final Application SEEN =
      (environ, startResponse) -> {
        String body = new String(environ.input().readAllBytes(), StandardCharsets.US_ASCII);
        startResponse.start(200, Headers.of("Content-Type", "text/plain"));
        return Body.of(
            String.join(
                "\n",
                environ.url(),
                environ.scheme(),
                environ.variable("HTTPS"),
                environ.variable("REQUEST_SCHEME"),
                environ.variable("SERVER_NAME"),
                environ.variable("REMOTE_ADDR"),
                environ.variable("PATH_INFO"),
                body));
      };

  @TempDir Path directory;

  ReverseProxyContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  @ParameterizedTest
  @EnumSource(ReverseProxy.Kind.class)
  void request_isAsTheClientSeesIt(ReverseProxy.Kind kind) throws Exception {
    int target = start(Deployment.at("/app").application(SEEN, "/x/*"));
    try (ReverseProxy proxy = ReverseProxy.start(kind, directory, target);
        Socket socket = new Socket()) {
      socket.bind(new InetSocketAddress(InetAddress.getByName(CLIENT), 0));
      socket.connect(new InetSocketAddress("127.0.0.1", proxy.port()));
      socket.setSoTimeout(30_000);
      String request =
          "POST /app/x/a%20b?q=%2F HTTP/1.1\r\nHost: "
              + ReverseProxy.HOST
              + "\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String response = text(socket.getInputStream());
      assertThat(response).startsWith("HTTP/1.1 200");
      assertThat(response.substring(response.indexOf("\r\n\r\n") + 4))
          .contains(
              String.join(
                  "\n",
                  "https://" + ReverseProxy.HOST + "/app/x/a%20b?q=%2F",
                  "https",
                  "on",
                  "https",
                  ReverseProxy.HOST,
                  CLIENT,
                  "/a b",
                  "body"));
    }
  }

  private static String text(InputStream in) throws Exception {
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }
}

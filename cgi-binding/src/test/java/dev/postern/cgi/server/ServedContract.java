package dev.postern.cgi.server;

import dev.postern.testing.Capability;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.GatewayContract;
import dev.postern.testing.HttpGatewayClient;
import dev.postern.testing.TestRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.function.UnaryOperator;

/** The gateway contract on an installed CGI executable under a real web server. */
abstract class ServedContract extends GatewayContract {
  ServedContract(WebServerKind kind, InstalledContract program, Capability.Lack... lacks) {
    super(Duration.ofSeconds(30), application -> start(kind, program), lacks);
  }

  private static GatewayClient start(WebServerKind kind, InstalledContract program)
      throws IOException {
    Site site = Site.create();
    try {
      program.install(site);
      WebServer server = kind.start(site);
      UnaryOperator<TestRequest> requests =
          kind == WebServerKind.BUSYBOX ? ServedContract::slashless : UnaryOperator.identity();
      GatewayClient client =
          HttpGatewayClient.of(server.port())
              .at("/cgi-bin/" + InstalledContract.NAME)
              .withLog(server::logTail)
              .onClose(server::close);
      return new AdaptedClient(client, requests, () -> InstalledContract.remove(site));
    } catch (Throwable e) {
      site.close();
      throw e;
    }
  }

  /**
   * Asks for the program itself instead of the slash below it: busybox takes a path with a slash at
   * its end for a directory, and looks for an index file there.
   */
  private static TestRequest slashless(TestRequest request) {
    String target = request.target();
    return target.equals("/") || target.startsWith("/?")
        ? AdaptedClient.at(target.substring(1), request)
        : request;
  }
}

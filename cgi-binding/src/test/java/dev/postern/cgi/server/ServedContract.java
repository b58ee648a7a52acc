package dev.postern.cgi.server;

import dev.postern.Application;
import dev.postern.cgi.CgiGateway;
import dev.postern.testing.Capability;
import dev.postern.testing.ContractApplication;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.GatewayContract;
import dev.postern.testing.HttpGatewayClient;
import java.io.IOException;

/** The gateway contract on a CGI executable under a real web server. */
abstract class ServedContract extends GatewayContract {
  ServedContract(WebServerKind kind, Capability.Lack... lacks) {
    super(application -> start(kind), lacks);
  }

  private static GatewayClient start(WebServerKind kind) throws IOException {
    Site site = Site.create();
    try {
      JavaProgram.install(
          site,
          "contract",
          ContractMain.class,
          CgiGateway.class,
          ContractApplication.class,
          Application.class);
      WebServer server = kind.start(site);
      return HttpGatewayClient.of(server.port())
          .at("/cgi-bin/contract")
          .withLog(server::logTail)
          .onClose(
              () -> {
                server.close();
                site.close();
              });
    } catch (Throwable e) {
      site.close();
      throw e;
    }
  }
}

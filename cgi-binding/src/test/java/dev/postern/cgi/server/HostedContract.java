package dev.postern.cgi.server;

import dev.postern.cgi.CgiDirectory;
import dev.postern.testing.Capability;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.GatewayContract;
import dev.postern.testing.InMemoryGateway;
import java.io.IOException;
import java.time.Duration;

/** The gateway contract on an installed CGI executable in a {@link CgiDirectory}. */
abstract class HostedContract extends GatewayContract {
  HostedContract(InstalledContract program) {
    super(
        Duration.ofSeconds(30),
        application -> start(program),
        Capability.PATH_BYTES.lacking("ProcessBuilder cannot pass them on"),
        Capability.HEADER_BYTES.lacking("ProcessBuilder cannot pass them on"),
        Capability.STREAMED_HEAD.lacking("a program's head waits for its first byte"));
  }

  private static GatewayClient start(InstalledContract program) throws IOException {
    Site site = Site.create();
    try {
      program.install(site);
      GatewayClient client = InMemoryGateway.of(CgiDirectory.of(site.cgiBin())).client();
      return new AdaptedClient(
          client,
          request -> AdaptedClient.at("/" + InstalledContract.NAME + request.target(), request),
          () -> InstalledContract.remove(site));
    } catch (Throwable e) {
      site.close();
      throw e;
    }
  }
}

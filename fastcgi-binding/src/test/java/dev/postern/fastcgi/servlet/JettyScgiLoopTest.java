package dev.postern.fastcgi.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.HttpGatewayClient;

/** The loop over SCGI, and what Jetty lacks. */
class JettyScgiLoopTest extends LoopContract {
  JettyScgiLoopTest() {
    super(
        true,
        (client, close) -> {
          Container container = Container.jetty(client);
          return HttpGatewayClient.of(container.port())
              .onClose(
                  () -> {
                    container.close();
                    close.close();
                  });
        },
        Capability.LOG.lacking("containers have logs of their own"),
        Capability.ANY_PATH.lacking("refused as ambiguous, unless its UriCompliance allows them"),
        Capability.PATH_BYTES.lacking("refused, unless its UriCompliance allows them"),
        Capability.EXACT_HEADERS.lacking("well-known types have one form"));
  }
}

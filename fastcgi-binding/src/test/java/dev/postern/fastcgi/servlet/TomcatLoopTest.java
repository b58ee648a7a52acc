package dev.postern.fastcgi.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.HttpGatewayClient;

/** What Tomcat lacks for an application inside of it, it lacks for one behind FastCGI. */
class TomcatLoopTest extends LoopContract {
  TomcatLoopTest() {
    super(
        false,
        (client, close) -> {
          Container container = Container.tomcat(client);
          return HttpGatewayClient.of(container.port())
              .onClose(
                  () -> {
                    container.close();
                    close.close();
                  });
        },
        Capability.LOG.lacking("containers have logs of their own"),
        Capability.PATH_BYTES.lacking("refused as bad UTF-8"),
        Capability.EXACT_HEADERS.lacking("writes parameters of a type in its own form"));
  }
}

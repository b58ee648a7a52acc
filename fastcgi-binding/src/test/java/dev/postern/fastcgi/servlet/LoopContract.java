package dev.postern.fastcgi.servlet;

import dev.postern.Application;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.fastcgi.FastCgiGateway;
import dev.postern.fastcgi.QuietLateErrors;
import dev.postern.scgi.ScgiApplication;
import dev.postern.scgi.ScgiGateway;
import dev.postern.testing.Capability;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.GatewayContract;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code client → gateway → application} keeps the contract as the application alone does. */
@ExtendWith(QuietLateErrors.class)
abstract class LoopContract extends GatewayContract {
  /** Serves our client of the loop. */
  interface Outer {
    GatewayClient of(Application client, Closeable close) throws Exception;
  }

  LoopContract(boolean scgi, Outer outer, Capability.Lack... lacks) {
    super(Duration.ofSeconds(10), application -> open(scgi, application, outer), lacks);
  }

  private static GatewayClient open(boolean scgi, Application application, Outer outer)
      throws Exception {
    if (scgi) {
      ScgiGateway gateway = ScgiGateway.builder(application).listen("127.0.0.1:0").open();
      ScgiApplication client = ScgiApplication.of(gateway.address());
      return outer.of(client, () -> close(client, gateway));
    }
    FastCgiGateway gateway = FastCgiGateway.builder(application).listen("127.0.0.1:0").open();
    FastCgiApplication client =
        FastCgiApplication.builder(gateway.address()).keepConnections(4).build();
    return outer.of(client, () -> close(client, gateway));
  }

  private static void close(AutoCloseable client, Closeable gateway) throws IOException {
    try {
      client.close();
    } catch (Exception e) {
      throw new IOException(e);
    } finally {
      gateway.close();
    }
  }
}

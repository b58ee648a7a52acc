package dev.postern.fastcgi.front;

import dev.postern.Application;
import dev.postern.fastcgi.FastCgiGateway;
import dev.postern.fastcgi.QuietLateErrors;
import dev.postern.scgi.ScgiGateway;
import dev.postern.testing.Capability;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.GatewayContract;
import dev.postern.testing.HttpGatewayClient;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.extension.ExtendWith;

/** The gateway contract on a gateway in this JVM, with a real web server in front of it. */
@ExtendWith(QuietLateErrors.class)
abstract class FrontContract extends GatewayContract {
  /** A web server's configuration for a gateway at an address. */
  interface Front {
    FrontServer.Setup of(String address) throws IOException;
  }

  /** A gateway of a protocol. */
  interface Protocol {
    Started open(Application application, String listen) throws IOException;
  }

  /** A gateway that listens, and the log that SCGI has no way to send. */
  record Started(String address, Closeable gateway, StringWriter log) {}

  FrontContract(Protocol protocol, String listen, Front front, Capability.Lack... lacks) {
    super(
        Duration.ofSeconds(10), application -> start(application, protocol, listen, front), lacks);
  }

  static Started fastCgi(Application application, String listen) throws IOException {
    FastCgiGateway gateway =
        FastCgiGateway.builder(application).listen(listen).socketMode("0666").open();
    return new Started(gateway.address(), gateway, new StringWriter());
  }

  static Started scgi(Application application, String listen) throws IOException {
    StringWriter log = new StringWriter();
    ScgiGateway gateway =
        ScgiGateway.builder(application).listen(listen).errors(new PrintWriter(log)).open();
    return new Started(gateway.address(), gateway, log);
  }

  private static GatewayClient start(
      Application application, Protocol protocol, String listen, Front front) throws IOException {
    Path directory = FrontServer.directory();
    Started started = protocol.open(application, listen.replace("DIRECTORY", directory.toString()));
    try {
      FrontServer server = FrontServer.start(front.of(started.address()));
      return HttpGatewayClient.of(server.port())
          .withLog(() -> server.log() + started.log())
          .onClose(
              () -> {
                server.close();
                started.gateway().close();
                FrontServer.delete(directory);
              });
    } catch (Throwable e) {
      started.gateway().close();
      FrontServer.delete(directory);
      throw e;
    }
  }
}

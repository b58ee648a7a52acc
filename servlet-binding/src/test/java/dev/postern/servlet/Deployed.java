package dev.postern.servlet;

import dev.postern.testing.GatewayContract;
import dev.postern.testing.HttpGatewayClient;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An application at the root of a container, as the contract of gateways wants it. */
final class Deployed {
  static final String NO_LOG = "containers have logs of their own";

  private Deployed() {}

  static GatewayContract.GatewayUnderTest by(Container.Starter starter) {
    return application -> {
      Container container = starter.start(Deployment.at("").application(application, "/*"));
      return HttpGatewayClient.of(container.port()).onClose(() -> close(container));
    };
  }

  /** The same, asked over HTTP/2 in the clear. */
  static GatewayContract.GatewayUnderTest overHttp2(Container.Starter starter) {
    return application -> {
      Container container = starter.start(Deployment.at("").application(application, "/*"));
      return new Http2GatewayClient(
          container.port(), Duration.ofSeconds(5), () -> close(container));
    };
  }

  /** The same, where each exchange leaves the container's thread for one of its own. */
  static GatewayContract.GatewayUnderTest onExecutor(Container.Starter starter) {
    return application -> {
      ExecutorService executor = Executors.newCachedThreadPool();
      ServletGateway servlet = ServletGateway.builder(application).executor(executor).build();
      Container container = starter.start(Deployment.at("").servlet(servlet, "/*").withAsync());
      return HttpGatewayClient.of(container.port())
          .onClose(
              () -> {
                close(container);
                executor.shutdownNow();
              });
    };
  }

  private static void close(Container container) throws IOException {
    try {
      container.close();
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("container must stop", e);
    }
  }
}

package dev.postern.testing.example;

import com.sun.net.httpserver.HttpServer;
import dev.postern.Application;
import dev.postern.testing.Capability;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.GatewayContract;
import dev.postern.testing.HttpGatewayClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

class JdkGatewayTest extends GatewayContract {
  JdkGatewayTest() {
    super(JdkGatewayTest::start, Capability.LOG.lacking("its log is standard error"));
  }

  private static GatewayClient start(Application application) throws IOException {
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    HttpServer server = HttpServer.create(anyPort, 0);
    ExecutorService threads = Executors.newCachedThreadPool();
    server.setExecutor(threads);
    server.createContext("/", new JdkGateway(application));
    server.start();
    return HttpGatewayClient.of(server.getAddress().getPort())
        .onClose(
            () -> {
              server.stop(0);
              threads.shutdownNow();
            });
  }
}

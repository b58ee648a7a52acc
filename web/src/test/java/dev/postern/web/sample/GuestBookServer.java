package dev.postern.web.sample;

import dev.postern.fastcgi.FastCgiGateway;
import dev.postern.servlet.ServletGateway;
import java.io.IOException;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Serves the guest book until its input ends, and prints where. Arguments: {@code servlet}, for
 * HTTP at {@code /book} of a free port; or {@code fastcgi} and a Unix socket.
 */
final class GuestBookServer {
  private GuestBookServer() {}

  public static void main(String[] args) throws Exception {
    if (args[0].equals("fastcgi")) {
      FastCgiGateway gateway =
          FastCgiGateway.builder(new GuestBook())
              .listen("unix:" + args[1])
              // Whatever user the web server runs as.
              .socketMode("0666")
              .open();
      System.out.println("ready " + gateway.address());
      awaitEnd();
      gateway.close();
      return;
    }
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.addServlet(new ServletHolder(new ServletGateway(new GuestBook())), "/book/*");
    server.setHandler(context);
    server.start();
    System.out.println("ready " + connector.getLocalPort());
    awaitEnd();
    server.stop();
  }

  private static void awaitEnd() throws IOException {
    while (System.in.read() >= 0) {
      // Until whoever has started it is gone.
    }
  }
}

package dev.postern.web.sample;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.servlet.ServletGateway;
import java.nio.file.Path;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Serves the guest book at {@code /book} of a free port, which it prints; until its input ends.
 * Arguments: {@code servlet DIRECTORY} or {@code cgi PROGRAM DIRECTORY}.
 */
final class GuestBookServer {
  private GuestBookServer() {}

  public static void main(String[] args) throws Exception {
    Application application =
        args[0].equals("cgi")
            ? CgiApplication.builder(Path.of(args[1])).environment("GUESTBOOK", args[2]).build()
            : new GuestBook(Path.of(args[1]));
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.addServlet(new ServletHolder(new ServletGateway(application)), "/book/*");
    server.setHandler(context);
    server.start();
    System.out.println("port " + connector.getLocalPort());
    while (System.in.read() >= 0) {
      // Until whoever has started it is gone.
    }
    server.stop();
  }
}

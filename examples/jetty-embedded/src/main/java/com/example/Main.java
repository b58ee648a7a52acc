package com.example;

import dev.postern.Application;
import dev.postern.cgi.CgiDirectory;
import dev.postern.servlet.ServletGateway;
import java.nio.file.Path;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Serves an application at /hello, and the programs of a directory at /cgi-bin. */
public final class Main implements AutoCloseable {
  private final Server server;

  private Main(Server server) {
    this.server = server;
  }

  public static void main(String[] args) throws Exception {
    Main main = start(8080, Path.of("cgi-bin"));
    System.out.println("http://localhost:" + main.port() + "/hello");
  }

  /** Starts the server on the port, or on a free port if it is 0. */
  static Main start(int port, Path programs) throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("localhost");
    connector.setPort(port);
    // Jetty sees a slow client's progress only when much of this buffer is free again. With a
    // larger buffer it would take a slow client for a dead one.
    connector.setAcceptedSendBufferSize(128 * 1024);
    // Jetty replaces some known values by its own spelling: GZIP becomes gzip. With this option,
    // values arrive as they were sent.
    connector
        .getConnectionFactory(HttpConnectionFactory.class)
        .getHttpConfiguration()
        .setHeaderCacheCaseSensitive(true);
    server.addConnector(connector);

    ServletContextHandler context = new ServletContextHandler("/");
    context.addServlet(servlet(Application.of(new Hello())), "/hello/*");
    context.addServlet(servlet(CgiDirectory.of(programs)), "/cgi-bin/*");
    server.setHandler(context);
    server.start();
    return new Main(server);
  }

  private static ServletHolder servlet(Application application) {
    return new ServletHolder(new ServletGateway(application));
  }

  int port() {
    return server.getURI().getPort();
  }

  /** Stops the server, which closes the applications. */
  @Override
  public void close() throws Exception {
    server.stop();
  }
}

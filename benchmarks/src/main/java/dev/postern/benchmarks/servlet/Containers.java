package dev.postern.benchmarks.servlet;

import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.eclipse.jetty.ee11.servlet.DefaultServlet;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Jetty and Tomcat with the servlets of {@link Site}: {@code /by-hand/hello}, {@code
 * /postern/hello} and {@code /postern/large.bin}. The container's default servlet serves {@code
 * /large.bin}.
 */
final class Containers {
  private Containers() {}

  /**
   * Starts a container on a free port of the loopback interface.
   *
   * @param writeBuffer bytes that Tomcat writes to a socket at once; 0 for its default, 8 KiB
   * @return the port
   */
  static int start(String name, Path directory, int writeBuffer) throws Exception {
    return switch (name) {
      case "jetty" -> jetty(directory);
      case "tomcat" -> tomcat(directory, writeBuffer);
      default -> throw new IllegalArgumentException("container must be jetty or tomcat: " + name);
    };
  }

  private static int jetty(Path directory) throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler("/");
    context.setBaseResourceAsPath(directory);
    context.addServlet(new ServletHolder(new Site.ByHand()), "/by-hand/*");
    context.addServlet(new ServletHolder(Site.hello()), "/postern/*");
    context.addServlet(
        new ServletHolder(Site.file(directory.resolve("large.bin"))), "/postern/large.bin");
    context.addServlet(new ServletHolder("default", new DefaultServlet()), "/");
    server.setHandler(context);
    server.start();
    return connector.getLocalPort();
  }

  private static int tomcat(Path directory, int writeBuffer) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(directory.toString());
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    // By default Tomcat closes a connection after 100 requests, and the client would have to
    // connect again.
    tomcat.getConnector().setProperty("maxKeepAliveRequests", "-1");
    if (writeBuffer > 0) {
      tomcat.getConnector().setProperty("socket.appWriteBufSize", Integer.toString(writeBuffer));
    }
    Context context = tomcat.addContext("", directory.toString());
    Tomcat.addServlet(context, "by-hand", new Site.ByHand()).addMapping("/by-hand/*");
    Tomcat.addServlet(context, "postern", Site.hello()).addMapping("/postern/*");
    Tomcat.addServlet(context, "file", Site.file(directory.resolve("large.bin")))
        .addMapping("/postern/large.bin");
    Tomcat.addServlet(context, "default", new org.apache.catalina.servlets.DefaultServlet())
        .addMapping("/");
    tomcat.start();
    return tomcat.getConnector().getLocalPort();
  }
}

package dev.postern.fastcgi.servlet;

import dev.postern.Application;
import dev.postern.servlet.ServletGateway;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** A servlet container with one application at its root. */
final class Container implements Closeable {
  private final int port;
  private final AutoCloseable stop;

  private Container(int port, AutoCloseable stop) {
    this.port = port;
    this.stop = stop;
  }

  static Container tomcat(Application application) throws Exception {
    Path base = Files.createTempDirectory("postern-tomcat");
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(base.toString());
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    StandardContext context = (StandardContext) tomcat.addContext("", base.toString());
    // They look into the JDK, which warns.
    context.setClearReferencesRmiTargets(false);
    context.setClearReferencesThreadLocals(false);
    Tomcat.addServlet(context, "gateway", new ServletGateway(application)).addMapping("/*");
    tomcat.start();
    return new Container(
        tomcat.getConnector().getLocalPort(),
        () -> {
          tomcat.stop();
          tomcat.destroy();
          List<Path> files;
          try (Stream<Path> walk = Files.walk(base)) {
            files = walk.sorted(Comparator.reverseOrder()).toList();
          }
          for (Path file : files) {
            Files.delete(file);
          }
        });
  }

  static Container jetty(Application application) throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.setContextPath("/");
    context.addServlet(new ServletHolder(new ServletGateway(application)), "/*");
    server.setHandler(context);
    server.start();
    return new Container(connector.getLocalPort(), server::stop);
  }

  int port() {
    return port;
  }

  @Override
  public void close() throws IOException {
    try {
      stop.close();
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("container must stop", e);
    }
  }
}

package com.example;

import dev.postern.Application;
import dev.postern.cgi.CgiDirectory;
import dev.postern.servlet.ServletGateway;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.api.ServletInfo;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.xnio.Options;

/** Serves an application at /hello, and the programs of a directory at /cgi-bin. */
public final class Main implements AutoCloseable {
  private final Undertow server;
  private final DeploymentManager manager;

  private Main(Undertow server, DeploymentManager manager) {
    this.server = server;
    this.manager = manager;
  }

  public static void main(String[] args) throws Exception {
    Main main = start(8080, Path.of("cgi-bin"));
    System.out.println("http://localhost:" + main.port() + "/hello");
  }

  /** Starts the server on the port, or on a free port if it is 0. */
  static Main start(int port, Path programs) throws Exception {
    DeploymentInfo deployment =
        Servlets.deployment()
            .setDeploymentName("example")
            .setContextPath("/")
            .setClassLoader(Main.class.getClassLoader())
            .addServlets(
                servlet("hello", Application.of(new Hello()), "/hello/*"),
                servlet("programs", CgiDirectory.of(programs), "/cgi-bin/*"));
    DeploymentManager manager = Servlets.defaultContainer().addDeployment(deployment);
    manager.deploy();
    Undertow server =
        Undertow.builder()
            .addHttpListener(port, "localhost")
            // Undertow's own limit is 2 MiB.
            .setServerOption(UndertowOptions.MAX_ENTITY_SIZE, 64L * 1024 * 1024)
            // Without these, Undertow waits for a silent client for ever.
            .setSocketOption(Options.READ_TIMEOUT, 30_000)
            .setSocketOption(Options.WRITE_TIMEOUT, 30_000)
            .setHandler(manager.start())
            .build();
    server.start();
    return new Main(server, manager);
  }

  private static ServletInfo servlet(String name, Application application, String mapping) {
    ServletGateway servlet = new ServletGateway(application);
    return Servlets.servlet(name, ServletGateway.class, new ImmediateInstanceFactory<>(servlet))
        .addMapping(mapping);
  }

  int port() {
    return ((InetSocketAddress) server.getListenerInfo().get(0).getAddress()).getPort();
  }

  /** Stops the server, and then the deployment, which closes the applications. */
  @Override
  public void close() throws Exception {
    server.stop();
    manager.stop();
    manager.undeploy();
  }
}

package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.servlet.ServletGateway;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * An embedded Jetty with one application, set up so that Postern's rules and limits speak and
 * Jetty's do not. Used by the thread that opened it.
 */
final class WebServer implements AutoCloseable {
  /**
   * Bytes that the kernel may hold for a slow client. Jetty sees progress only when much of that is
   * free again: with the kernel's own 4 MiB, a client that takes 10 kB a second would seem to take
   * nothing for minutes.
   */
  private static final int SEND_BUFFER = 128 * 1024;

  /** What requests get to end when the server stops. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private static final String SERVLET = "postern";

  private final Server server;
  private final ServerConnector connector;

  private WebServer(Server server, ServerConnector connector) {
    this.server = server;
    this.connector = connector;
  }

  /**
   * Listens, and answers requests from then on.
   *
   * @param port 0 for any free one
   * @param loader the context class loader of the request threads
   * @throws IOException when it cannot listen there
   */
  static WebServer open(InetAddress address, int port, Application application, ClassLoader loader)
      throws IOException {
    return open(address, port, application, loader, ServerLimits.standard());
  }

  /** The same, with limits of its own. */
  static WebServer open(
      InetAddress address,
      int port,
      Application application,
      ClassLoader loader,
      ServerLimits limits)
      throws IOException {
    QueuedThreadPool threads = new QueuedThreadPool(limits.threads());
    threads.setName("postern-http");
    Server server = new Server(threads);
    server.setErrorHandler(new FixedErrors());
    server.setStopTimeout(GRACE.toMillis());
    ServerConnector connector =
        new ServerConnector(server, 1, 1, new HttpFrontDoor(configuration(), limits));
    connector.setHost(address.getHostAddress());
    connector.setPort(port);
    connector.setIdleTimeout(limits.idle().toMillis());
    connector.setAcceptedSendBufferSize(SEND_BUFFER);
    server.addConnector(connector);
    server.addBean(new NetworkConnectionLimit(limits.connections(), connector));
    server.setHandler(new GracefulHandler(new FrontHandler(context(application, loader), limits)));
    // First, so that nothing is started where it cannot be reached.
    connector.open();
    try {
      server.start();
      return new WebServer(server, connector);
    } catch (Exception e) {
      connector.close();
      throw new IOException("server must start", e);
    }
  }

  /** The port it listens on. */
  int port() {
    return connector.getLocalPort();
  }

  /** Takes no more requests, gives those that run a moment, and ends them. */
  @Override
  public void close() throws IOException {
    try {
      server.stop();
    } catch (TimeoutException e) {
      // Their moment was over: what is left was interrupted, which ends its programs.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      throw new IOException("server must stop", e);
    }
  }

  private static HttpConfiguration configuration() {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(ServerLimits.HEAD);
    http.setResponseHeaderSize(8 * 1024);
    http.setMaxResponseHeaderSize(ServerLimits.HEAD);
    // Else a value comes out as an earlier one was written, as utf-8 for UTF-8.
    http.setHeaderCacheCaseSensitive(true);
    // Odd paths are 400 or 404 by our own rules; an application gets the bytes as they came.
    http.setUriCompliance(
        UriCompliance.UNSAFE.without("POSTERN", Violation.FRAGMENT, Violation.USER_INFO));
    return http;
  }

  private static ServletContextHandler context(Application application, ClassLoader loader) {
    ServletContextHandler context = new Context();
    context.setClassLoader(loader);
    context.setErrorHandler(new FixedErrors());
    context.getServletHandler().setDecodeAmbiguousURIs(true);
    ServletHolder holder = new ServletHolder(SERVLET, new ServletGateway(application));
    holder.setAsyncSupported(true);
    context.addServlet(holder, "/*");
    return context;
  }

  /**
   * A context whose log is standard error: what applications and the engine have to say goes there
   * as it is, while Jetty would log it for information, beside a page about its own start.
   */
  private static final class Context extends ServletContextHandler {
    Context() {
      super("/", false, false);
    }

    @Override
    public ServletContextApi newServletContextApi() {
      return new ServletContextApi() {
        @Override
        public void log(String message) {
          // The name is the container's habit; the engine's lines have their own.
          String habit = SERVLET + ": ";
          Logs.line(message.startsWith(habit) ? message.substring(habit.length()) : message);
        }

        @Override
        public void log(String message, Throwable thrown) {
          log(message + ": " + thrown);
        }
      };
    }
  }
}

package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.internal.StaleSocket;
import dev.postern.launcher.http.FixedErrors;
import dev.postern.launcher.http.FrontHandler;
import dev.postern.launcher.http.Http2FrontDoor;
import dev.postern.launcher.http.HttpFrontDoor;
import dev.postern.launcher.http.ServerLimits;
import dev.postern.servlet.ServletGateway;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.ProxyConnectionFactory;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * An embedded Jetty with one application, at one place or several. It is set up so that Postern's
 * rules and limits apply, and not Jetty's. Used by the thread that opened it.
 */
final class WebServer implements AutoCloseable {
  /**
   * Bytes that the kernel may hold for a slow client. Jetty sees progress only when much of this
   * buffer is free again. With the kernel's own 4 MiB, a client that takes 10 kB a second would
   * seem to take nothing for minutes.
   */
  private static final int SEND_BUFFER = 128 * 1024;

  /** How long running requests may take to end when the server stops. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** How long the requests that are left after that have until Jetty interrupts them. */
  private static final long LAST_MILLIS = 100;

  private static final String SERVLET = "postern";

  // Jetty spaces the counters of its threads by this figure: 64 bytes of a cache line hold 16
  // references. If the property is not set, Jetty asks JMX, which takes a sixth of the start.
  static {
    String references = "org.eclipse.jetty.util.referencesPerCacheLine";
    if (System.getProperty(references) == null) {
      System.setProperty(references, "16");
    }
  }

  private final Server server;
  private final List<Connector> connectors;
  private final GracefulHandler running;

  private WebServer(Server server, List<Connector> connectors, GracefulHandler running) {
    this.running = running;
    this.server = server;
    this.connectors = connectors;
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

  /** Listens at one address, with these limits. */
  static WebServer open(
      InetAddress address,
      int port,
      Application application,
      ClassLoader loader,
      ServerLimits limits)
      throws IOException {
    List<Listener> one = List.of(Listener.of(new Address(address, port)));
    return open(one, null, false, application, loader, limits);
  }

  /**
   * Listens at several places.
   *
   * @param tls for all of them; null for plain HTTP
   * @param proxied whether each connection begins with the client's address, as a proxy writes it
   */
  static WebServer open(
      List<Listener> listeners,
      @Nullable Tls tls,
      boolean proxied,
      Application application,
      ClassLoader loader,
      ServerLimits limits)
      throws IOException {
    QueuedThreadPool threads = new QueuedThreadPool(limits.threads());
    threads.setName("postern-http");
    Server server = new Server(threads);
    server.setErrorHandler(new FixedErrors());
    if (application instanceof RequestLog log) {
      server.setRequestLog(log);
    }
    server.setStopTimeout(GRACE.toMillis());
    List<Connector> connectors = new ArrayList<>();
    Semaphore longHeads = new Semaphore(limits.longHeads());
    for (Listener listener : listeners) {
      connectors.add(
          connector(server, listener, protocols(tls, proxied, limits, longHeads), limits));
    }
    connectors.forEach(server::addConnector);
    server.addBean(
        new NetworkConnectionLimit(limits.connections(), connectors.toArray(new Connector[0])));
    GracefulHandler running =
        new GracefulHandler(new FrontHandler(context(application, loader), limits));
    server.setHandler(running);
    try {
      // Open the ports first. If one is taken, nothing has been started yet.
      for (Connector connector : connectors) {
        if (connector instanceof ServerConnector tcp) {
          tcp.open();
        }
      }
      server.start();
      return new WebServer(server, connectors, running);
    } catch (Exception e) {
      for (Connector connector : connectors) {
        if (connector instanceof ServerConnector tcp) {
          tcp.close();
        }
      }
      throw e instanceof IOException io ? io : new IOException("server must start", e);
    }
  }

  /** Returns what a connection may speak, the outermost layer first. */
  private static ConnectionFactory[] protocols(
      @Nullable Tls tls, boolean proxied, ServerLimits limits, Semaphore longHeads) {
    List<ConnectionFactory> protocols = new ArrayList<>();
    HttpConfiguration http = configuration();
    if (proxied) {
      protocols.add(new ProxyConnectionFactory());
    }
    if (tls != null) {
      // Applications check the Host themselves, and one certificate may stand for many hosts. So
      // Jetty does not compare the two.
      http.addCustomizer(new SecureRequestCustomizer(false));
      ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory("h2", "http/1.1");
      alpn.setDefaultProtocol("http/1.1");
      protocols.add(new SslConnectionFactory(tls.factory(), alpn.getProtocol()));
      protocols.add(alpn);
      protocols.add(new Http2FrontDoor(http, limits, longHeads));
    }
    protocols.add(new HttpFrontDoor(http, limits, longHeads));
    return protocols.toArray(new ConnectionFactory[0]);
  }

  private static Connector connector(
      Server server, Listener listener, ConnectionFactory[] protocols, ServerLimits limits)
      throws IOException {
    Address address = listener.address();
    Path path = listener.path();
    if (address != null || path == null && isTcp(System.inheritedChannel())) {
      ServerConnector tcp = new ServerConnector(server, 1, 1, protocols);
      if (address == null) {
        tcp.setInheritChannel(true);
      } else {
        tcp.setHost(address.address().getHostAddress());
        tcp.setPort(address.port());
      }
      tcp.setIdleTimeout(limits.idle().toMillis());
      tcp.setAcceptedSendBufferSize(SEND_BUFFER);
      return tcp;
    }
    UnixDomainServerConnector unix;
    if (path == null) {
      unix = new UnixDomainServerConnector(server, 1, 1, protocols);
      unix.setInheritChannel(true);
      // The file of an inherited socket belongs to whoever made it.
      unix.setUnixDomainPath(UnixConnector.NO_FILE);
    } else {
      StaleSocket.remove(path);
      unix = new UnixConnector(server, path, listener.mode(), protocols);
    }
    unix.setIdleTimeout(limits.idle().toMillis());
    unix.setAcceptedSendBufferSize(SEND_BUFFER);
    return unix;
  }

  /**
   * Returns whether descriptor 0 is a TCP socket that listens; false if it is such a Unix socket.
   */
  private static boolean isTcp(@Nullable Channel inherited) throws IOException {
    if (inherited instanceof ServerSocketChannel socket) {
      return socket.getLocalAddress() instanceof InetSocketAddress;
    }
    throw new IOException("descriptor 0 must be a socket that listens");
  }

  /** Returns the port of the first TCP listener; 0 if there is none. */
  int port() {
    for (int i = 0; i < connectors.size(); i++) {
      if (port(i) > 0) {
        return port(i);
      }
    }
    return 0;
  }

  /** Returns the port of the listener with this number; 0 if it has none. */
  int port(int number) {
    return connectors.get(number) instanceof ServerConnector tcp ? tcp.getLocalPort() : 0;
  }

  /** Takes no more requests, gives the running ones a moment, and then ends them. */
  @Override
  public void close() throws IOException {
    try {
      finish();
      server.stop();
    } catch (TimeoutException e) {
      // The moment was over. Jetty has interrupted the requests that were left, which ends their
      // programs.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      throw new IOException("server must stop", e);
    }
  }

  /**
   * Waits for the requests that run. A Jetty that stops gives each connection one second without a
   * byte, even if its response is only slow. So this waits before the server stops.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // A connector's connections end with the server.
  private void finish() throws InterruptedException {
    CompletableFuture<Void> finished = running.shutdown();
    for (Connector connector : connectors) {
      if (connector instanceof AbstractConnector accepting) {
        long idle = accepting.getShutdownIdleTimeout();
        accepting.setShutdownIdleTimeout(GRACE.toMillis());
        accepting.shutdown();
        accepting.setShutdownIdleTimeout(idle);
      }
    }
    try {
      finished.get(GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // The moment is over. Stopping the server interrupts the requests that are left.
      server.setStopTimeout(LAST_MILLIS);
    }
  }

  private static HttpConfiguration configuration() {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(ServerLimits.HEAD);
    http.setResponseHeaderSize(8 * 1024);
    http.setMaxResponseHeaderSize(ServerLimits.HEAD);
    // Without this, Jetty writes a value as an earlier one was written, for example utf-8 for
    // UTF-8.
    http.setHeaderCacheCaseSensitive(true);
    // Let odd paths through. Our own rules answer them with 400 or 404, and an application gets the
    // bytes as they came.
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
   * A context that writes the messages of applications and the engine to the command's log as they
   * are. Jetty would log them at INFO, beside a page of lines about its own start.
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
          // The container puts the servlet's name in front. The engine's lines have their own name,
          // so cut it off.
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

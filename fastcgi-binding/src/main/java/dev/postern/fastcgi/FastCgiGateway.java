package dev.postern.fastcgi;

import dev.postern.Application;
import dev.postern.fastcgi.server.Server;
import dev.postern.fastcgi.server.Settings;
import java.io.Closeable;
import java.io.IOException;

/**
 * Serves an application over FastCGI, as a responder: behind nginx, Apache, lighttpd, HAProxy or
 * any other web server that speaks FastCGI 1.0.
 *
 * <pre>{@code
 * try (FastCgiGateway gateway =
 *     FastCgiGateway.builder(new Hello()).listen("127.0.0.1:9000").open()) {
 *   gateway.await();
 * }
 * }</pre>
 *
 * <p>A connection carries one request at a time. If a web server begins a second one, the gateway
 * answers {@code CANT_MPX_CONN}. A request runs on a virtual thread if the JDK has them, otherwise
 * on a platform thread. When the web server aborts a request or closes its connection, the exchange
 * is cancelled. If a response fails after its head went out, the gateway sends no END_REQUEST and
 * closes the connection, so that the web server can tell that the response is cut.
 *
 * <p>Thread-safe.
 */
public final class FastCgiGateway implements Closeable {
  private final Server server;

  private FastCgiGateway(Server server) {
    this.server = server;
  }

  /** Options of a gateway; {@link Builder#open} starts it. */
  public static Builder builder(Application application) {
    return new Builder(application);
  }

  /**
   * Serves on the socket that this process was started with, until SIGTERM. This is for a {@code
   * main} that spawn-fcgi, lighttpd, mod_fcgid or systemd starts. After SIGTERM running requests
   * may finish, for 30 s at most.
   *
   * @throws IOException when descriptor 0 is no listening socket
   */
  public static void main(Application application) throws IOException {
    builder(application).open().serve();
  }

  /**
   * Waits until the gateway is closed, which SIGTERM or Ctrl-C does. Call it at the end of your
   * {@code main}.
   */
  public void serve() {
    server.serve();
  }

  /**
   * Where the gateway listens, in the form of {@link Builder#listen}, with the port that the system
   * chose.
   */
  public String address() {
    return server.address();
  }

  /** Waits until another thread has closed the gateway. */
  public void await() throws InterruptedException {
    server.await();
  }

  /**
   * Stops in order. The gateway accepts no new connection, removes the file of a Unix socket, and
   * ends connections without a request. Running requests have the grace to finish, and are cut
   * afterwards. Returns when all have ended. May be called more than once, by any thread but a
   * request's.
   */
  @Override
  public void close() {
    server.stop();
  }

  /** Options of a FastCGI gateway. Not thread-safe. */
  public static final class Builder extends GatewayBuilder<Builder> {
    private Builder(Application application) {
      super(application);
    }

    /**
     * Listens, and serves on threads of its own from then on. They keep the JVM alive until {@link
     * FastCgiGateway#close}. Do not use the builder again.
     *
     * @throws IOException when the address cannot be used: it is taken, a file is in the way, or
     *     descriptor 0 is no listening socket
     */
    public FastCgiGateway open() throws IOException {
      Settings settings = settings();
      return new FastCgiGateway(
          settings.start(
              "fastcgi", (channel, owner) -> new FastCgiConnection(channel, owner, settings)));
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}

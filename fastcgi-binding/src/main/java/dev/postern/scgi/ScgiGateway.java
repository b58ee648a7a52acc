package dev.postern.scgi;

import dev.postern.Application;
import dev.postern.fastcgi.GatewayBuilder;
import dev.postern.fastcgi.server.Server;
import dev.postern.fastcgi.server.Settings;
import java.io.Closeable;
import java.io.IOException;

/**
 * Serves an application over SCGI: behind nginx, Apache's mod_proxy_scgi, lighttpd or any other web
 * server that speaks the protocol of 2008.
 *
 * <pre>{@code
 * try (ScgiGateway gateway = ScgiGateway.builder(new Hello()).listen("127.0.0.1:4000").open()) {
 *   gateway.await();
 * }
 * }</pre>
 *
 * <p>Each request has a connection of its own, which the gateway closes after the response. SCGI
 * has no mark for a response that failed. Over TCP the gateway resets the connection of such a
 * response, which web servers notice. Over a Unix socket a failed response without a Content-Length
 * looks whole. FastCGI has such a mark.
 *
 * <p>A request runs on a virtual thread if the JDK has them, otherwise on a platform thread. The
 * gateway notices that a web server has left when it writes the response. If the request's thread
 * is interrupted while it waits for the body, as by a time-out, the connection is closed without a
 * response.
 *
 * <p>Thread-safe.
 */
public final class ScgiGateway implements Closeable {
  private final Server server;

  private ScgiGateway(Server server) {
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

  /** Options of a SCGI gateway. Not thread-safe. */
  public static final class Builder extends GatewayBuilder<Builder> {
    private Builder(Application application) {
      super(application);
    }

    /**
     * Listens, and serves on threads of its own from then on. They keep the JVM alive until {@link
     * ScgiGateway#close}. Do not use the builder again.
     *
     * @throws IOException when the address cannot be used: it is taken, a file is in the way, or
     *     descriptor 0 is no listening socket
     */
    public ScgiGateway open() throws IOException {
      Settings settings = settings();
      return new ScgiGateway(
          settings.start("scgi", (channel, owner) -> new ScgiConnection(channel, owner, settings)));
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}

package dev.postern.scgi;

import dev.postern.Application;
import dev.postern.fastcgi.GatewayBuilder;
import dev.postern.fastcgi.server.Server;
import dev.postern.fastcgi.server.Settings;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

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
 * has no mark for a response that failed: over TCP such a connection is reset, which web servers
 * see; over a Unix socket a response without a Content-Length looks whole. FastCGI has that mark.
 *
 * <p>A request runs on a virtual thread where the JDK has them, else on a platform thread. A web
 * server that has left is noticed when the response is written.
 *
 * <p>Thread-safe.
 */
public final class ScgiGateway implements Closeable {
  private final Server server;
  private final Duration grace;

  private ScgiGateway(Server server, Duration grace) {
    this.server = server;
    this.grace = grace;
  }

  /** Options of a gateway; {@link Builder#open} starts it. */
  public static Builder builder(Application application) {
    return new Builder(application);
  }

  /**
   * Serves on the socket that this process was started with, until SIGTERM: for a {@code main} that
   * spawn-fcgi, lighttpd, mod_fcgid or systemd starts. The process then finishes the requests that
   * run, for 30 s at most.
   *
   * @throws IOException when descriptor 0 is no listening socket
   */
  public static void main(Application application) throws IOException {
    builder(application).open().serve();
  }

  /**
   * Waits until the gateway is closed, which SIGTERM or Ctrl-C does; called at the end of a {@code
   * main}.
   */
  public void serve() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "postern-scgi-stop"));
    try {
      await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
    }
  }

  /**
   * Where it listens, in the form of {@link Builder#listen}, with the port that the system chose.
   */
  public String address() {
    return server.address();
  }

  /** Waits until the gateway was closed by another thread. */
  public void await() throws InterruptedException {
    server.await();
  }

  /**
   * Stops in order. No new connection is accepted and the file of a Unix socket is removed;
   * connections without a request end; requests that run have the grace to finish, and are cut
   * afterwards. Returns when all have ended. To be called once or more, by any thread but a
   * request's.
   */
  @Override
  public void close() {
    server.stop(grace);
  }

  /** Options of a SCGI gateway. Not thread-safe. */
  public static final class Builder extends GatewayBuilder<Builder> {
    private Builder(Application application) {
      super(application);
    }

    /**
     * Listens, and serves on threads of its own from then on; they keep the JVM alive until {@link
     * ScgiGateway#close}. The builder is not used again.
     *
     * @throws IOException when the address cannot be had: it is in use, a file is in the way, or
     *     descriptor 0 is no listening socket
     */
    public ScgiGateway open() throws IOException {
      Settings settings = settings();
      Server server =
          settings.start("scgi", (channel, owner) -> new ScgiConnection(channel, owner, settings));
      return new ScgiGateway(server, settings.grace());
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}

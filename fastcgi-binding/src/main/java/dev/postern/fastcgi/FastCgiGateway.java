package dev.postern.fastcgi;

import dev.postern.Application;
import dev.postern.fastcgi.server.Server;
import dev.postern.fastcgi.server.Settings;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;

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
 * <p>A connection carries one request at a time; a web server that begins a second one is told
 * {@code CANT_MPX_CONN}. A request runs on a virtual thread where the JDK has them, else on a
 * platform thread. When the web server aborts a request or closes its connection, the exchange is
 * cancelled. A response that fails after its head went out has no END_REQUEST and its connection is
 * closed, so that the web server can tell that it is cut.
 *
 * <p>Thread-safe.
 */
public final class FastCgiGateway implements Closeable {
  private final Server server;
  private final Duration grace;

  private FastCgiGateway(Server server, Duration grace) {
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
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "postern-fastcgi-stop"));
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

  /** Options of a FastCGI gateway. Not thread-safe. */
  public static final class Builder {
    private final Settings settings;

    private Builder(Application application) {
      settings = new Settings(application);
    }

    /**
     * Where to listen: {@code HOST:PORT}, where port 0 is any free one; {@code unix:PATH}; or
     * {@code fd:0}, the default, for the socket that the process was started with, as spawn-fcgi,
     * lighttpd, Apache's mod_fcgid and systemd do. FastCGI and SCGI have no passwords: whoever can
     * connect is believed in all that it says of a request.
     *
     * @throws IllegalArgumentException for another form, or a host that has no address
     */
    public Builder listen(String newAddress) {
      settings.listen(newAddress);
      return this;
    }

    /**
     * Who may connect to a Unix socket that the gateway makes: the mode of its file, in octal
     * digits; {@code 0600} by default, the gateway's own user. A web server that runs as another
     * user of the same group needs {@code 0660}, and write access to the directory is not needed.
     *
     * @throws IllegalArgumentException unless it is three octal digits, or four with a leading 0
     */
    public Builder socketMode(String octal) {
      settings.socketMode(octal);
      return this;
    }

    /**
     * The web servers that may connect over TCP: any other peer's connection is closed before a
     * byte is read (FastCGI 3.2). By default those that the variable {@code FCGI_WEB_SERVER_ADDRS}
     * lists, and all where it is absent.
     */
    public Builder peers(Set<InetAddress> addresses) {
      settings.peers(addresses);
      return this;
    }

    /**
     * Connections at the same time, 1024 by default. At the limit a connection that has been
     * without a request for longest is closed, and new ones wait in the system's queue.
     */
    public Builder maxConnections(int connections) {
      settings.maxConnections(connections);
      return this;
    }

    /** Requests at the same time; by default as many as connections. */
    public Builder maxRequests(int requests) {
      settings.maxRequests(requests);
      return this;
    }

    /**
     * The largest request body, in bytes; no limit by default, since the web server has one. Over
     * it the client gets 413 and the application is not called.
     */
    public Builder maxBody(long bytes) {
      settings.maxBody(bytes);
      return this;
    }

    /** The time for all variables of a request, 30 s by default; then the connection is closed. */
    public Builder headTimeout(Duration time) {
      settings.headTimeout(time);
      return this;
    }

    /** How long a read of a request's body waits for a byte, 30 s by default; then it is a 408. */
    public Builder bodyTimeout(Duration time) {
      settings.bodyTimeout(time);
      return this;
    }

    /**
     * How long the web server may take nothing of a response, 60 s by default; then the connection
     * is closed.
     */
    public Builder writeTimeout(Duration time) {
      settings.writeTimeout(time);
      return this;
    }

    /** How long {@code close} waits for requests that run, 30 s by default; then they are cut. */
    public Builder grace(Duration time) {
      settings.grace(time);
      return this;
    }

    /**
     * The path that the application is at, such as {@code /app}, or {@code ""} for the root: it
     * becomes SCRIPT_NAME, and the rest of the path PATH_INFO, however the web server has split
     * them. By default the web server's split counts; where nginx, Apache's mod_proxy or HAProxy
     * name no application, it is at the root.
     *
     * @throws IllegalArgumentException for a path that does not begin with a slash, or ends with
     *     one
     */
    public Builder mount(String path) {
      settings.mount(path);
      return this;
    }

    /**
     * Where {@code postern.errors} goes. By default it is sent to the web server, in STDERR
     * records, for its log. Never closed.
     */
    public Builder errors(PrintWriter newErrors) {
      settings.errors(newErrors);
      return this;
    }

    /**
     * Listens, and serves on threads of its own from then on; they keep the JVM alive until {@link
     * FastCgiGateway#close}. The builder is not used again.
     *
     * @throws IOException when the address cannot be had: it is in use, a file is in the way, or
     *     descriptor 0 is no listening socket
     */
    public FastCgiGateway open() throws IOException {
      Server server =
          settings.start(
              "fastcgi", (channel, owner) -> new FastCgiConnection(channel, owner, settings));
      return new FastCgiGateway(server, settings.grace());
    }
  }
}

package dev.postern.fastcgi;

import dev.postern.Application;
import dev.postern.fastcgi.server.Settings;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;

/**
 * The options that the gateways of FastCGI and SCGI share. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract class GatewayBuilder<B extends GatewayBuilder<B>> {
  private final Settings settings;

  /** Options with their defaults, for that application. */
  protected GatewayBuilder(Application application) {
    settings = new Settings(application);
  }

  /** The builder itself. */
  protected abstract B self();

  /** What was set, for the gateway. */
  @SuppressWarnings("exports")
  protected final Settings settings() {
    return settings;
  }

  /**
   * Where to listen: {@code HOST:PORT}, where port 0 is any free one; {@code unix:PATH}; or {@code
   * fd:0}. The default is {@code fd:0}, the socket that the process was started with, for
   * spawn-fcgi, lighttpd, Apache's mod_fcgid and systemd. FastCGI and SCGI have no passwords, so
   * the gateway believes what any peer that can connect says of a request.
   *
   * @throws IllegalArgumentException for another form, or a host that has no address
   */
  public final B listen(String newAddress) {
    settings.listen(newAddress);
    return self();
  }

  /**
   * The mode, in octal digits, of the file of a Unix socket that the gateway makes. It decides who
   * may connect. The default {@code 0600} lets only the gateway's own user connect. A web server
   * that runs as another user of the same group needs {@code 0660}. It needs no write access to the
   * directory.
   *
   * @throws IllegalArgumentException unless the mode is three octal digits, or four with a leading
   *     0
   */
  public final B socketMode(String octal) {
    settings.socketMode(octal);
    return self();
  }

  /**
   * The web servers that may connect over TCP. The gateway closes the connection of any other peer
   * before it reads a byte (FastCGI 3.2). By default the variable {@code FCGI_WEB_SERVER_ADDRS}
   * lists the peers, and all may connect if it is absent.
   */
  public final B peers(Set<InetAddress> addresses) {
    settings.peers(addresses);
    return self();
  }

  /**
   * How many connections there may be at the same time; 1024 by default. At the limit the gateway
   * closes the connection that has been without a request for longest, and new ones wait in the
   * system's queue.
   */
  public final B maxConnections(int connections) {
    settings.maxConnections(connections);
    return self();
  }

  /** How many requests may run at the same time; by default as many as connections. */
  public final B maxRequests(int requests) {
    settings.maxRequests(requests);
    return self();
  }

  /**
   * The largest request body, in bytes; no limit by default, because the web server has one. The
   * client gets a 413 for a larger body, and the application is not called.
   */
  public final B maxBody(long bytes) {
    settings.maxBody(bytes);
    return self();
  }

  /**
   * How long all variables of a request may take to come; 30 s by default. Then the gateway closes
   * the connection.
   */
  public final B headTimeout(Duration time) {
    settings.headTimeout(time);
    return self();
  }

  /**
   * How long a read of a request's body waits for a byte; 30 s by default. Then FastCGI answers
   * with a 408, and SCGI closes the connection.
   */
  public final B bodyTimeout(Duration time) {
    settings.bodyTimeout(time);
    return self();
  }

  /**
   * How long the web server may take nothing of a response; 60 s by default. Then the gateway
   * closes the connection. Before Java 21, the web server must take 16 KiB in that time, or what is
   * left of the response.
   */
  public final B writeTimeout(Duration time) {
    settings.writeTimeout(time);
    return self();
  }

  /**
   * How long {@code close} waits for running requests; 30 s by default. Then their responses are
   * cut.
   */
  public final B grace(Duration time) {
    settings.grace(time);
    return self();
  }

  /**
   * The path of the application, such as {@code /app}, or {@code ""} for the root. This path
   * becomes SCRIPT_NAME and the rest becomes PATH_INFO, however the web server has split them. A
   * path that is not below the mount is a 404. By default the web server's split counts. If nginx,
   * Apache's mod_proxy or HAProxy name no application, the application is at the root.
   *
   * @throws IllegalArgumentException for a path that does not begin with a slash, or ends with one
   */
  public final B mount(String path) {
    settings.mount(path);
    return self();
  }

  /**
   * Where {@code postern.errors} goes. By default FastCGI sends it to the web server in STDERR
   * records, for the web server's log. Lines that come after the end of a response go to the logger
   * {@code dev.postern.fastcgi}, because no record can carry them. SCGI has no records for errors,
   * so it writes them to standard error. The gateway never closes this writer.
   */
  public final B errors(PrintWriter newErrors) {
    settings.errors(newErrors);
    return self();
  }
}
